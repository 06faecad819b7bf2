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
        """The items of every batch that was posted, but those that were posted again."""
        self.batches: dict[str, list[dict[str, Any]]] = {}
        """The batches that it knows, by id."""
        self.posts: list[str] = []
        """The paths of what was posted."""
        self.states: list[dict[str, Any]] = []
        """What polls are answered with next, instead of rewards: `progress` and `waiting`."""
        self.connections = 0
        self.refusals: list[tuple[int, dict[str, str]]] = []
        """Status and headers of the next answers, before there are rewards again."""
        self.room = float("inf")
        """Batches that it takes at once."""
        self.most = float("inf")
        """Items that a batch may have."""
        self.closes = False
        """Whether a connection is closed after each answer, without a word of it."""
        self.open = threading.Event()
        """Requests wait for it."""
        self.open.set()
        self.held = threading.Event()
        """Whether a request waits."""
        self.http = ThreadingHTTPServer(("127.0.0.1", port), self.handler())
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/jobs/test/v2/rewards"

    def handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                service.connections += 1

            def do_POST(self) -> None:
                items = json.loads(self.rfile.read(int(self.headers["content-length"])))["items"]
                self.reply(lambda: service.post(self.path, items))

            def do_GET(self) -> None:
                self.reply(lambda: service.poll(self.path.rsplit("/", 1)[1].split("?")[0]))

            def reply(self, answer: Any) -> None:
                status, headers, value = service.refusal() or answer()
                text = json.dumps(value).encode()
                self.send_response(status)
                for name, header in {**headers, "content-length": str(len(text))}.items():
                    self.send_header(name, header)
                # The caller may have hung up.
                with contextlib.suppress(ConnectionError):
                    self.end_headers()
                    self.wfile.write(text)
                self.close_connection = self.close_connection or service.closes

            def log_message(self, *_: Any) -> None:
                """Tests are quiet."""

        return Handler

    def refusal(self) -> tuple[int, dict[str, str], Any] | None:
        if self.refusals:
            status, headers = self.refusals.pop(0)
            return status, headers, "not now"
        if not self.open.is_set():
            self.held.set()
            self.open.wait()
        return None

    def post(self, path: str, items: list[dict[str, Any]]) -> tuple[int, dict[str, str], Any]:
        if len(self.batches) >= self.room:
            return 429, {}, "enough"
        if len(items) > self.most:
            return 413, {}, "too long"
        self.posts.append(path)
        name = hashlib.sha256(json.dumps(items).encode()).hexdigest()
        if items not in self.asked:
            self.asked.append(items)
        self.batches[name] = items
        return 202, {}, {"id": name, "items": [None] * len(items), "underWay": len(items), "progress": 0}

    def poll(self, name: str) -> tuple[int, dict[str, str], Any]:
        if name not in self.batches:
            return 404, {}, "post it again"
        items = self.batches[name]
        if self.states:
            return 200, {}, {"id": name, "items": [None] * len(items), "underWay": len(items), **self.states.pop(0)}
        del self.batches[name]
        return 200, {}, {"id": name, "items": [answer_to(item) for item in items], "underWay": 0, "progress": 1}

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
