"""A model hub on this machine: `python -m trainer.tests.fake_hub FOLDER COMMIT` serves FOLDER as test/tiny.

It speaks as much of the hub's API as fetching a model takes, has the branch `main` and the one commit, and prints its
port.
"""

import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NAME = "test/tiny"


def make_hub(folder: Path, commit: str) -> ThreadingHTTPServer:
    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(True)

        def do_HEAD(self) -> None:
            self.answer(False)

        def answer(self, whole: bool) -> None:
            parts = self.path.split("?")[0].strip("/").split("/")
            match parts:
                case ["api", "models", "test", "tiny", "revision", revision]:
                    self.model(revision)
                case ["api", "models", "test", "tiny", "tree", revision] if revision == commit:
                    self.tree()
                case ["test", "tiny", "resolve", revision, name] if revision == commit and (folder / name).is_file():
                    self.file(folder / name, whole)
                case ["api", "models", "test", "tiny", *_] | ["test", "tiny", *_]:
                    self.refuse("EntryNotFound")
                case ["api", "models", "test", "gated", *_]:
                    self.refuse("GatedRepo", 403)
                case _:
                    self.refuse("RepoNotFound", 401)

        def model(self, revision: str) -> None:
            if revision not in ("main", commit):
                self.refuse("RevisionNotFound")
                return
            files = [{"rfilename": path.relative_to(folder).as_posix()} for path in folder.rglob("*") if path.is_file()]
            self.say(json.dumps({"id": NAME, "modelId": NAME, "sha": commit, "siblings": files}).encode(), {})

        def tree(self) -> None:
            paths = [path for path in folder.rglob("*") if path.is_file()]
            said = [
                {
                    "type": "file",
                    "path": path.relative_to(folder).as_posix(),
                    "size": path.stat().st_size,
                    "oid": hashlib.sha1(path.read_bytes()).hexdigest(),
                }
                for path in paths
            ]
            self.say(json.dumps(said).encode(), {})

        def file(self, path: Path, whole: bool) -> None:
            body = path.read_bytes()
            headers = {"ETag": f'"{hashlib.sha1(body).hexdigest()}"', "X-Repo-Commit": commit}
            self.say(body, headers, whole)

        def refuse(self, code: str, status: int = 404) -> None:
            self.say(b"{}", {"X-Error-Code": code}, status=status)

        def say(self, body: bytes, headers: dict[str, str], whole: bool = True, status: int = 200) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if whole:
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Hub)


if __name__ == "__main__":
    hub = make_hub(Path(sys.argv[1]), sys.argv[2])
    print(hub.server_port, flush=True)
    hub.serve_forever()
