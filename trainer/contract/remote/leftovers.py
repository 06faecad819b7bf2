"""What attempts left on a node that are gone on with on another one, or on none: states as large as three models."""

import fcntl
import logging
import shutil
import time
from pathlib import Path

log = logging.getLogger("trainer")

KEPT_SECONDS = 7 * 24 * 3600.0
"""Ours: a job that comes back to a node within a week finds its state there and fetches none."""


def clear_leftovers(folder: Path) -> None:
    """Beside a job's folder: the folders of jobs that nobody works in and nobody has begun to for a week."""
    for other in folder.parent.iterdir():
        lock = other / ".lock"
        if other == folder or not lock.exists() or time.time() - lock.stat().st_mtime < KEPT_SECONDS:
            continue
        with open(lock) as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            log.info("removing %s, which no attempt has used for a week", other)
            shutil.rmtree(other, ignore_errors=True)
