"""Whose turn it is in a job's folder: an attempt that another one has followed writes nothing more.

Who submits an attempt writes its number to the file `attempt` there before. On every cluster a process of a lost node
may go on for minutes beside its successor, and a lock on the folder need not reach from one machine to another.
"""

import contextlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from trainer.contract.failures import JobFailure
from trainer.contract.remote import store
from trainer.contract.remote.lease import is_lost
from trainer.contract.remote.roots import address_of, by_address, inherit
from trainer.contract.threads import start_beside

log = logging.getLogger("trainer")

FILE = "attempt"
STATUS = 4
"""Exit status of an attempt that another one has followed."""
LOOK_SECONDS = 5.0
"""How often it is looked at beside the writes. Ours: a successor that waits for the lock waits no longer than this."""


class Fence:
    def __init__(self, folder: Path, attempt: int):
        self.folder = folder
        self.attempt = attempt
        self.last: list[Callable[[], None]] = []
        """What is done before it ends."""

    def turn(self) -> int | None:
        """The attempt that was submitted last; None where nobody wrote it. Opened anew each time, as NFS needs it."""
        address = address_of(self.folder / FILE)
        try:
            if address is None:
                return int((self.folder / FILE).read_text())
            found = store.read(address)
            return None if found is None else int(found.data)
        except (FileNotFoundError, ValueError):
            return None

    def check(self) -> None:
        """Ends this process at once, with status 4 and without a result, when it is another attempt's turn."""
        turn = self.turn()
        if turn is not None and turn > self.attempt:
            self.leave(f"attempt {turn} has taken over")
        if is_lost():
            self.leave("another process has taken its lease")

    def leave(self, why: str) -> NoReturn:
        log.error("attempt %d ends here: %s in %s", self.attempt, why, by_address(str(self.folder)))
        for last in self.last:
            last()
        logging.shutdown()
        os._exit(STATUS)

    def watch(self) -> None:
        """Looks every few seconds as well, so that a step of minutes is not waited for."""

        def look() -> None:
            while True:
                time.sleep(LOOK_SECONDS)
                with contextlib.suppress(OSError, JobFailure):  # a disk or store that is away; the next write says so
                    self.check()

        start_beside("fence", look)


held: list[Fence] = []


def hold(folder: Path, attempt: int) -> Fence:
    """From here on every writer of the contract looks at this fence first."""
    inherit()
    held[:] = [Fence(folder, attempt)]
    return held[0]


def check() -> None:
    """Before each write of a process that holds a fence; nothing in others."""
    for fence in held:
        fence.check()
