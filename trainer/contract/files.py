"""Files that are either whole or absent: atomic writes, digests, file URLs."""

import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from trainer.contract.remote.kept import written


def path_of(uri: Any) -> Path:
    """The local path of an absolute `file:` URL. Raises ValueError, which says what was expected, for anything else."""
    parts = urlsplit(uri) if isinstance(uri, str) else None
    if parts is None or parts.scheme != "file" or parts.netloc not in ("", "localhost") or parts.path[:1] != "/":
        raise ValueError("an absolute file: URL or an address s3://bucket/key")
    return Path(unquote(parts.path))


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checkpoint_digest(folder: Path) -> str:
    """sha256 over the lines `<sha256>  <name>\\n` of every file in a folder, sorted by name in byte order.

    A file in a folder within it is named from the outer one, as in `additional_chat_templates/tool_use.jinja`.
    """
    digest = hashlib.sha256()
    for name in sorted(files_in(folder), key=os.fsencode):
        digest.update(f"{sha256_of(folder / name)}  {name}\n".encode())
    return digest.hexdigest()


def files_in(folder: Path) -> list[str]:
    """Names of all files, those in folders within it too."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()]


def write_atomically(path: Path, text: str) -> None:
    """Replaces a file at once: readers see the old text or the new, and the new survives a power cut.

    It is in the store, too, where the folder stands for an address of it.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.write_text(text, encoding="utf-8")
    sync(draft)
    os.replace(draft, path)
    sync(path.parent)
    written(path)


def sync_tree(folder: Path) -> None:
    """Flushes a folder's files, and all names in it, to disk."""
    for entry in folder.rglob("*"):
        sync(entry)
    sync(folder)


def sync(path: Path) -> None:
    """Flushes a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
