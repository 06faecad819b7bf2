"""Files that are either whole or absent: atomic writes, digests, file URLs."""

import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def path_of(uri: Any) -> Path:
    """The local path of an absolute `file:` URL. Raises ValueError, which says what was expected, for anything else."""
    parts = urlsplit(uri) if isinstance(uri, str) else None
    if parts is None or parts.scheme != "file" or parts.netloc not in ("", "localhost") or parts.path[:1] != "/":
        raise ValueError("an absolute file: URL")
    return Path(unquote(parts.path))


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checkpoint_digest(folder: Path) -> str:
    """sha256 over the lines `<sha256>  <name>\\n` of every file in a flat folder, sorted by name in byte order."""
    digest = hashlib.sha256()
    for name in sorted((entry.name for entry in folder.iterdir()), key=os.fsencode):
        if not (folder / name).is_file():
            raise ValueError(f"expected a flat folder of files, found {name!r} in {folder}")
        digest.update(f"{sha256_of(folder / name)}  {name}\n".encode())
    return digest.hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Replaces a file at once: readers see the old text or the new, and the new survives a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.write_text(text, encoding="utf-8")
    sync(draft)
    os.replace(draft, path)
    sync(path.parent)


def sync_tree(folder: Path) -> None:
    """Flushes a flat folder's files and the folder itself to disk."""
    for entry in folder.iterdir():
        if entry.is_file():
            sync(entry)
    sync(folder)


def sync(path: Path) -> None:
    """Flushes a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
