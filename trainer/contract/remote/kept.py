"""What is written in a folder that stands for an address is put to the store before it is said to be done.

Called by the writers of the contract. Where a folder stands for nothing, all of it does nothing.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trainer.contract.failures import JobFailure
from trainer.contract.remote import store
from trainer.contract.remote.roots import Address, address_of

LAST_OF_CHECKPOINT = "config.json"
"""Whoever finds it in a checkpoint finds the whole of it."""
FILES_AT_ONCE = 4


def written(path: Path) -> None:
    """A small file, as it is now."""
    if (address := address_of(path)) is not None:
        store.write(address, path.read_bytes())


def removed(path: Path) -> None:
    if (address := address_of(path)) is not None:
        store.remove([address])


def folder_written(folder: Path, part: int = 0, of: int = 1) -> None:
    """All its files, or that part of them, so that several processes may share the work."""
    if (address := address_of(folder)) is not None:
        names = sorted(names_in(folder), key=os.fsencode)[part::of]
        upload_all(folder, names, address)


def folder_removed(folder: Path, first: str) -> None:
    """All that lies below; before all else the file that makes it count."""
    if (address := address_of(folder)) is not None:
        names = store.listed(address)
        store.remove(address.below(name) for name in sorted(names, key=lambda name: (name != first, name)))


def checkpoint_written(folder: Path) -> None:
    """A checkpoint under its digest; one that is there already is left alone.

    Raises JobFailure (class infra) where another one lies there.
    """
    address = address_of(folder)
    if address is None:
        return
    sizes = {name: (folder / name).stat().st_size for name in names_in(folder)}
    there = store.listed(address)
    missing = [name for name in sorted(sizes) if there.get(name) != sizes[name] and name != LAST_OF_CHECKPOINT]
    if LAST_OF_CHECKPOINT in there and (missing or sizes.keys() != there.keys()):
        problem = f"checkpoint {address} exists but its files do not give its name"
        raise JobFailure("infra", f"{problem}; remove it and run the job again")
    store.remove(address.below(name) for name in sorted(there.keys() - sizes.keys()))
    upload_all(folder, missing, address)
    if LAST_OF_CHECKPOINT not in there:
        store.upload(folder / LAST_OF_CHECKPOINT, address.below(LAST_OF_CHECKPOINT))


def upload_all(folder: Path, names: list[str], address: Address) -> None:
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        list(pool.map(lambda name: store.upload(folder / name, address.below(name)), names))


def names_in(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
