"""An attempt's stay at an address: the job file with this node's folders, the lease, and what is left in the end."""

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.contract.attempt import StopRequest
from trainer.contract.failures import JobFailure
from trainer.contract.fence import Fence
from trainer.contract.job import read_json
from trainer.contract.remote import store
from trainer.contract.remote.lease import HOLDER, STALE_SECONDS, Lease
from trainer.contract.remote.leftovers import clear_leftovers
from trainer.contract.remote.patience import heed
from trainer.contract.remote.placed import job_folder, placed
from trainer.contract.remote.roots import INHERITED, address_of, parsed, roots
from trainer.contract.remote.words import HEARD, Words
from trainer.contract.trackers import close_trackers

log = logging.getLogger("trainer")

STAYING = {".lock", ".node"}
"""What is left of a folder whose job has succeeded: a lock that others may hold, and the folder's name."""


def read_job(argument: str, stop: StopRequest) -> Any:
    """The value of a job file, of this machine or of a store, with folders of this node in place of addresses.

    Raises JobFailure where it cannot be read.
    """
    for name in (INHERITED, HOLDER, HEARD):
        os.environ.pop(name, None)
    heed(stop)
    address = parsed(argument)
    if address is None:
        return placed(read_json(Path(argument)))
    found = store.read(address)
    if found is None:
        raise JobFailure("app", f"cannot read the job file {address}: nothing lies there")
    try:
        return placed(json.loads(found.data))
    except ValueError as error:
        raise JobFailure("app", f"expected the job file {address} to be JSON: {error}") from error


def file_of(argument: str, value: Any, output: Path) -> Path:
    """The job file for the processes that an engine starts; of this node where it has addresses."""
    if not roots and parsed(argument) is None:
        return Path(argument).absolute()
    folder = output if address_of(output) else job_folder(str(output))
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "job.json"
    file.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    return file


class Taken(Exception):
    """Another attempt has the lease."""


@contextlib.contextmanager
def stay(output: Path, fence: Fence) -> Iterator[None]:
    """Whoever has the lock of the folder takes the lease of its address, and leaves its log there.

    All of it is nothing where the folder stands for no address. Raises Taken.
    """
    address = address_of(output)
    if address is None:
        yield
        return
    lease = Lease(address, output)
    if not lease.take(lambda: fence.turn() == fence.attempt):
        raise Taken
    lease.keep(lambda: fence.leave("another process has taken its lease"))
    words = Words(output, fence.attempt)
    words.keep()
    fence.last += [words.close, lease.let_go]
    clear_leftovers(output)
    if lease.waited > STALE_SECONDS:
        log.info("the lease of %s was not renewed and is ours now, after %.0f s", address, lease.waited)
    try:
        yield
    finally:
        close_trackers()
        words.close()
        lease.let_go()


def clear(output: Path) -> None:
    """Of a job that has succeeded nothing is kept here, where all of it is in the store."""
    if address_of(output) is None:
        return
    for path in output.iterdir():
        if path.name not in STAYING:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
