"""An S3 server for tests: versitygw over a folder, on a port of this machine, which may be killed, held up and slow.

VERSITYGW names its program, if it is not on the path: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0. The
folder has to lie on a file system with extended attributes.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from trainer.contract.remote import store
from trainer.contract.remote.roots import Address

PROGRAM = "VERSITYGW"
BUCKET = "flywheel"
START_SECONDS = 20


def program() -> str:
    path = shutil.which(os.environ.get(PROGRAM) or "versitygw")
    if path is None:
        raise AssertionError(
            f"expected {PROGRAM} to name the program versitygw, or the path to have it: see {__file__}"
        )
    return path


class Gateway:
    """From `with` to its end it serves, and this process's client asks it."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "data").mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def environment(self) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtest", "AWS_REGION": "us-east-1"}
        return {**keys, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.port}"}

    def __enter__(self) -> "Gateway":
        self.start()
        os.environ.update(self.environment)
        store.made.cache_clear()
        store.client().create_bucket(Bucket=BUCKET)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        command = [program(), "--port", f"127.0.0.1:{self.port}", "--region", "us-east-1", "posix"]
        keys = {"ROOT_ACCESS_KEY": "test", "ROOT_SECRET_KEY": "testtest"}
        self.process = subprocess.Popen(
            [*command, str(self.folder / "data")],
            env={**os.environ, **keys},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"expected {PROGRAM} to listen within {START_SECONDS} s")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def hold_up(self) -> None:
        """It takes requests, and answers none."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


def at(*names: str) -> Address:
    return Address(BUCKET, "/".join(("stores/one", *names)))
