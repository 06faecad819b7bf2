"""Who writes at a job's address: an object that its holder renews, as the lock of a folder does not reach other nodes.

Processes of one node are kept apart by that lock, so that who has it may take the lease of this node's dead at once.
"""

import contextlib
import json
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from trainer.contract.remote import store
from trainer.contract.remote.patience import Away, asked_to_stop
from trainer.contract.remote.roots import Address
from trainer.contract.threads import start_beside

log = logging.getLogger("trainer")

FILE = "lease.json"
RENEW_SECONDS = 10.0
STALE_SECONDS = 60.0
"""A lease that is not renewed for so long is nobody's. Ours: an outage of the store stops the clock."""
LOOK_SECONDS = 1.0
LET_GO_SECONDS = 3.0
HOLDER = "FLYWHEEL_STORE_LEASE"
"""The environment variable that names the lease and its holder to a job's other processes."""


class Lease:
    def __init__(self, output: Address, folder: Path):
        self.address = output.below(FILE)
        self.folder = folder
        self.node = name_of(folder)
        self.holder = uuid.uuid4().hex
        self.tag: str | None = None
        """Of the lease while it is ours."""
        self.waited = 0.0
        """Seconds until it was."""
        self.one = threading.RLock()
        self.over = False

    def text(self) -> bytes:
        said = {"holder": self.holder, "node": self.node, "host": socket.gethostname(), "pid": os.getpid()}
        return (json.dumps({**said, "at": time.time()}) + "\n").encode()

    def take(self, patient: Callable[[], bool]) -> bool:
        """Whether it is ours now. One that another renews is waited for a minute, where we are to be `patient`."""
        seen, began = "", time.monotonic()
        since = began
        while not asked_to_stop():
            asked = time.monotonic()
            found = store.read(self.address)
            if found is None or said(found.data, "node") == self.node or time.monotonic() - since > STALE_SECONDS:
                self.tag = store.write_if(self.address, self.text(), found.tag if found else None)
                if self.tag is None and (own := store.read(self.address)) and said(own.data, "holder") == self.holder:
                    # It was written, and the answer lost.
                    self.tag = own.tag
                if self.tag is not None:
                    self.waited = time.monotonic() - began
                    os.environ[HOLDER] = json.dumps([str(self.address), self.holder])
                    return True
            elif found.tag != seen or time.monotonic() - asked > RENEW_SECONDS:
                # Of another: renewed since, or for all that we know while the store was away.
                is_alive = seen and found.tag != seen
                if is_alive and (not patient() or time.monotonic() - began > STALE_SECONDS):
                    return False
                if not seen:
                    log.info("waiting for the lease of %s", self.address)
                seen, since = found.tag, time.monotonic()
            time.sleep(LOOK_SECONDS)
        return False

    def renew(self) -> bool:
        """Whether it still is ours. Raises Away where the store does not answer."""
        tag = store.write_if(self.address, self.text(), self.tag, waits=False)
        if tag is None:
            found = store.read(self.address, waits=False)
            tag = found.tag if found and said(found.data, "holder") == self.holder else None
        self.tag = tag or self.tag
        return tag is not None

    def keep(self, lost: Callable[[], None]) -> None:
        """Renews it beside the training; `lost` is called once where another has taken it."""

        def look() -> None:
            while True:
                time.sleep(RENEW_SECONDS)
                with contextlib.suppress(Away), self.one:
                    if self.over:
                        return
                    if not self.renew():
                        lost()
                    # As leftovers.py knows a folder that is in use.
                    os.utime(self.folder / ".lock")

        start_beside("lease", look)

    def let_go(self) -> None:
        """So that a next attempt need not wait. Where that fails it waits a minute."""
        if not self.one.acquire(timeout=LET_GO_SECONDS):
            return
        self.over = True
        os.environ.pop(HOLDER, None)
        with contextlib.suppress(Away):
            if self.renew():
                store.remove([self.address], waits=False)
        self.one.release()


def is_lost() -> bool:
    """In any process of a job: whether another holds the lease that its first process has taken."""
    if HOLDER not in os.environ:
        return False
    address, holder = json.loads(os.environ[HOLDER])
    bucket, _, key = address.removeprefix("s3://").partition("/")
    found = store.read(Address(bucket, key))
    return found is None or said(found.data, "holder") != holder


def said(data: bytes, field: str) -> str | None:
    try:
        return json.loads(data).get(field)
    except (ValueError, AttributeError):
        return None


def name_of(folder: Path) -> str:
    """A name for this node's folder that no other node's has."""
    file = folder / ".node"
    if not file.exists():
        file.write_text(uuid.uuid4().hex)
    return file.read_text()
