"""A reward service for tests: no judges, a reward decided by the digest of the response, one in eight unscorable."""

import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def answer_to(item: dict[str, Any]) -> dict[str, Any]:
    first, second = hashlib.sha256(item["response"].encode()).digest()[:2]
    if second % 8 == 0:
        return {"itemId": item["itemId"], "status": "unscorable", "reason": "the test says so"}
    return {"itemId": item["itemId"], "status": "scored", "reward": (first % 5) / 4, "components": {"format": 1}}


class RewardServer:
    """Serves on a port of this machine, a free one by default, from `with` to its end."""

    def __init__(self, port: int = 0) -> None:
        self.asked: list[list[dict[str, Any]]] = []
        """The items of every request that was answered with rewards."""
        self.connections = 0
        self.refusals: list[tuple[int, dict[str, str]]] = []
        """Status and headers of the next answers, before there are rewards again."""
        self.closes = False
        """Whether a connection is closed after each answer, without a word of it."""
        self.open = threading.Event()
        """Requests wait for it."""
        self.open.set()
        self.held = threading.Event()
        """Whether a request waits."""
        self.http = ThreadingHTTPServer(("127.0.0.1", port), self.handler())
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/jobs/test/v1/reward"

    def handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                service.connections += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers, text = service.answer(json.loads(body)["items"])
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                # The caller may have hung up.
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(text)
                self.close_connection = self.close_connection or service.closes

            def log_message(self, *_: Any) -> None:
                """Tests are quiet."""

        return Handler

    def answer(self, items: list[dict[str, Any]]) -> tuple[int, dict[str, str], bytes]:
        if self.refusals:
            status, headers = self.refusals.pop(0)
            return status, headers, b"not now"
        if not self.open.is_set():
            self.held.set()
            self.open.wait()
        self.asked.append(items)
        return 200, {}, json.dumps({"items": [answer_to(item) for item in items]}).encode()

    def hold(self) -> None:
        """Answers no more; returns once a request waits."""
        self.held.clear()
        self.open.clear()
        self.held.wait()

    def let_go(self) -> None:
        self.open.set()

    def __enter__(self) -> "RewardServer":
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.http.shutdown()
        self.http.server_close()
