"""A job's folder on this node, made to be what its address has: whichever node the attempt before ran on."""

import logging
import re
import shutil
from pathlib import Path

from trainer.contract.remote import kept, store
from trainer.contract.remote.inputs import fetch_all
from trainer.contract.remote.roots import Address, address_of
from trainer.contract.states import MARKER

log = logging.getLogger("trainer")

SMALL = ("metrics.jsonl", "trackers.json", "microbatch.json")
"""What attempts leave for those that follow, beside their states."""
STATE = re.compile(r"(checkpoint-(\d+))/(.*)", re.DOTALL)


def arrive(output: Path) -> None:
    """Nothing where the folder stands for no address."""
    address = address_of(output)
    if address is None:
        return
    for name in SMALL:
        found = store.read(address.below(name))
        if found is None:
            (output / name).unlink(missing_ok=True)
        else:
            (output / name).write_bytes(found.data)
    bring_state(output / "state", address.below("state"))


def bring_state(folder: Path, address: Address) -> None:
    """The newest whole state, and none beside it, here and there."""
    states: dict[str, dict[str, int]] = {}
    for name, size in store.listed(address).items():
        if (match := STATE.fullmatch(name)) is not None:
            states.setdefault(match[1], {})[match[3]] = size
    whole = sorted((int(name.removeprefix("checkpoint-")), name) for name in states if MARKER in states[name])
    newest = whole[-1][1] if whole else None
    for name in states.keys() - {newest}:
        kept.folder_removed(folder / name, MARKER)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name != newest:
            shutil.rmtree(path, ignore_errors=True)
    if newest is None:
        return
    marker = store.read(address.below(newest).below(MARKER))
    if marker is None:
        raise ConnectionError(f"{address.below(newest)} was removed as it was read")
    state, sizes = folder / newest, states[newest]
    if is_here(state, sizes, marker.data):
        return
    log.info("fetching state %s, %.0f MiB", address.below(newest), sum(sizes.values()) / 2**20)
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir()
    # What makes it count comes last here, too.
    fetch_all(address.below(newest), state, {name: size for name, size in sizes.items() if name != MARKER})
    (state / MARKER).write_bytes(marker.data)


def is_here(state: Path, sizes: dict[str, int], marker: bytes) -> bool:
    """Whether a state that this node has is the store's: another attempt may have made another of the same step."""
    if not (state / MARKER).is_file() or (state / MARKER).read_bytes() != marker:
        return False
    return {name: (state / name).stat().st_size for name in kept.names_in(state)} == sizes
