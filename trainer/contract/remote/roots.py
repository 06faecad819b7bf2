"""Which folders of this machine stand for addresses of a store, `s3://bucket/key`."""

import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

INHERITED = "FLYWHEEL_STORE_ROOTS"
"""The environment variable by which a job's other processes know them."""
ADDRESS = re.compile(r"s3://([^/\s]+)/(.*[^/])/*", re.DOTALL)


class Address(NamedTuple):
    bucket: str
    key: str

    def below(self, name: str) -> "Address":
        return Address(self.bucket, f"{self.key}/{name}")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class Root(NamedTuple):
    folder: Path
    """Absolute; a file where the address is one."""
    address: Address


roots: list[Root] = []


def parsed(uri: Any) -> Address | None:
    """None for whatever is no address of a store."""
    found = ADDRESS.fullmatch(uri) if isinstance(uri, str) else None
    return Address(*found.groups()) if found else None


def stand_for(folder: Path, address: Address) -> None:
    """From here on, also in the processes that this one starts."""
    roots[:] = [root for root in roots if root.folder != folder] + [Root(folder, address)]
    os.environ[INHERITED] = json.dumps([[str(root.folder), str(root.address)] for root in roots])


def inherit() -> None:
    """Those of the process that started this one, where it has none of its own."""
    if not roots:
        for folder, address in json.loads(os.environ.get(INHERITED, "[]")):
            roots.append(Root(Path(folder), Address(*ADDRESS.fullmatch(address).groups())))  # type: ignore[union-attr]


def address_of(path: Path) -> Address | None:
    """What a path of this machine stands for; None where that is itself."""
    held = [root for root in roots if path == root.folder or root.folder in path.parents]
    if not held:
        return None
    root = max(held, key=lambda root: len(root.folder.parts))
    return root.address if path == root.folder else root.address.below(path.relative_to(root.folder).as_posix())


def uri_of(path: Path) -> str:
    """The address that others find a path's content at."""
    address = address_of(path)
    return path.as_uri() if address is None else str(address)


def by_address(text: str) -> str:
    """A message with addresses in place of the folders that stand for them."""
    for root in sorted(roots, key=lambda root: -len(str(root.folder))):
        text = text.replace(str(root.folder), str(root.address))
    return text
