"""Checkpoints and datasets of a store, fetched once by a node: whole under their digest, or not at all."""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from trainer.contract.checkpoints import verify_checkpoint
from trainer.contract.failures import JobFailure, Preempted
from trainer.contract.files import checkpoint_digest, sha256_of
from trainer.contract.job import Artifact, DatasetSpec
from trainer.contract.remote import store
from trainer.contract.remote.patience import asked_to_stop
from trainer.contract.remote.placed import cache
from trainer.contract.remote.roots import Address, address_of

log = logging.getLogger("trainer")

FILES_AT_ONCE = 2
LOOK_SECONDS = 0.2


def bring_checkpoint(checkpoint: Artifact) -> None:
    """Verified as the job names it. One of the cache that has been changed is fetched again.

    Raises JobFailure (class data) where the store has another, Preempted where the attempt is asked to stop.
    """
    address = address_of(checkpoint.path)
    if address is None:
        verify_checkpoint(checkpoint)
        return
    with alone(checkpoint.sha256):
        if not is_kept(checkpoint):
            fetch_checkpoint(checkpoint, address)
            verify_checkpoint(checkpoint)


def is_kept(checkpoint: Artifact) -> bool:
    """Whether this node has it. What is there in its place is removed."""
    if not checkpoint.path.exists():
        return False
    try:
        verify_checkpoint(checkpoint)
    except JobFailure as failure:
        log.warning("fetched again, as what this node keeps is not it: %s", failure)
        shutil.rmtree(checkpoint.path)
        return False
    return True


def fetch_checkpoint(checkpoint: Artifact, address: Address) -> None:
    began = time.monotonic()
    sizes = store.listed(address)
    if not sizes:
        raise JobFailure("data", f"cannot read checkpoint {address}: nothing lies there")
    checkpoint.path.parent.mkdir(parents=True, exist_ok=True)
    # A fetch that was killed is gone on with: what lies there under its name is whole.
    draft = checkpoint.path.with_name(f".draft-{checkpoint.sha256}")
    draft.mkdir(exist_ok=True)
    for path in [path for path in draft.rglob("*") if not path.is_dir()]:
        if sizes.get(path.relative_to(draft).as_posix()) != path.stat().st_size:
            path.unlink()
    fetch_all(address, draft, sizes)
    digest = checkpoint_digest(draft)
    if digest != checkpoint.sha256:
        shutil.rmtree(draft)
        raise JobFailure("data", f"checkpoint {address} has digest {digest}, the job expects {checkpoint.sha256}")
    os.rename(draft, checkpoint.path)
    mib, seconds = sum(sizes.values()) / 2**20, time.monotonic() - began
    log.info("fetched checkpoint %s, %.0f MiB in %.1f s", address, mib, seconds)


def fetch_all(address: Address, folder: Path, sizes: dict[str, int]) -> None:
    """Those files below an address which are not in the folder."""
    for name in sizes:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise JobFailure("data", f"{address} has a file {name!r}, which would lie outside of its folder here")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    missing = [name for name in sizes if not (folder / name).exists()]
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        list(pool.map(lambda name: store.download(address.below(name), folder / name, sizes[name]), missing))


def bring_dataset(dataset: DatasetSpec) -> None:
    """Its digest is checked as it is read."""
    address = address_of(dataset.path)
    if address is None:
        return
    with alone(dataset.sha256):
        if dataset.path.exists() and sha256_of(dataset.path) == dataset.sha256:
            return
        if (size := store.size_of(address)) is None:
            raise JobFailure("data", f"cannot read dataset {address}: nothing lies there")
        dataset.path.parent.mkdir(parents=True, exist_ok=True)
        draft = dataset.path.with_name(f".draft-{dataset.sha256}")
        store.download(address, draft, size)
        os.replace(draft, dataset.path)


@contextmanager
def alone(digest: str) -> Iterator[None]:
    """Of this node's processes one fetches a thing; others wait for it."""
    locks = cache() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / digest, "w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if asked_to_stop():
                    raise Preempted(0) from None
                time.sleep(LOOK_SECONDS)
        yield
