"""What people read of an attempt, at its job's address every half minute and at its end: its log, TensorBoard's files.

The scheduler's own log need not reach there.
"""

import logging
import os
import stat
import sys
import threading
from pathlib import Path

from trainer.contract.failures import JobFailure
from trainer.contract.remote import store
from trainer.contract.remote.roots import address_of
from trainer.contract.threads import start_beside

log = logging.getLogger("trainer")

EVERY_SECONDS = 30.0
LAST_SECONDS = 5.0
HEARD = "FLYWHEEL_STORE_LOG"
"""The environment variable that names the file which a job's processes log to, where standard error is none."""
MOST_BYTES = 16 * 2**20
"""Of a log that is longer its end is kept. Ours: what a person may still open."""


class Words:
    """Reads what goes to standard error where that is a file, and else has the logging written to one."""

    def __init__(self, output: Path, attempt: int):
        self.output = output
        self.log = output / f"attempt-{attempt}.log"
        self.source = said_to() or written_to(self.log)
        self.told: dict[Path, tuple[int, int]] = {}
        self.over = threading.Event()

    def keep(self) -> None:
        if address_of(self.output) is not None:
            self.thread = start_beside("log", self.look)

    def look(self) -> None:
        while not self.over.wait(EVERY_SECONDS):
            self.tell()
        self.tell()

    def tell(self) -> None:
        """What there is since. A log that cannot be put is said in itself, and is no error."""
        for path in [*(self.output / "tensorboard").rglob("*"), self.log]:
            source = Path(self.source) if path == self.log else path
            try:
                if source.is_file():
                    self.put(source, path)
            except (OSError, JobFailure) as error:
                log.warning("not in the store: %s", error)

    def put(self, source: Path, path: Path) -> None:
        seen = source.stat()
        now = (seen.st_size, seen.st_mtime_ns)
        address = address_of(path)
        if address is None or now == self.told.get(path):
            return
        with open(source, "rb") as file:
            file.seek(max(0, seen.st_size - MOST_BYTES))
            store.write(address, file.read(), waits=False)
        self.told[path] = now

    def close(self) -> None:
        if address_of(self.output) is not None:
            self.over.set()
            self.thread.join(LAST_SECONDS)


def said_to() -> str | None:
    """The file behind standard error."""
    try:
        seen = os.fstat(sys.stderr.fileno())
        path = f"/proc/self/fd/{sys.stderr.fileno()}"
        return path if stat.S_ISREG(seen.st_mode) and os.access(path, os.R_OK) else None
    except (OSError, ValueError):
        return None


def written_to(path: Path) -> str:
    """What this process logs from here on; those that it starts add theirs by `log_beside`."""
    os.environ[HEARD] = str(path)
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    return str(path)


def log_beside() -> None:
    """In another process of a job: what it logs goes where its first process's does."""
    if path := os.environ.get(HEARD):
        written_to(Path(path))
