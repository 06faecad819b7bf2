"""Training states to resume from: `state/checkpoint-N` counts once its progress.json, written last, is there."""

import shutil
from pathlib import Path

from trainer.contract import fence
from trainer.contract.files import sync_tree, write_atomically
from trainer.contract.progress import Progress
from trainer.contract.remote.kept import folder_removed, folder_written

MARKER = "progress.json"


def states(folder: Path) -> list[tuple[int, Path]]:
    """Complete states, oldest first."""
    found = []
    for path in folder.glob("checkpoint-*"):
        number = path.name.removeprefix("checkpoint-")
        if number.isdigit() and (path / MARKER).is_file():
            found.append((int(number), path))
    return sorted(found)


def seal(path: Path, progress: Progress, stored: bool = False) -> None:
    """Makes a state count, after all else of it is on disk; then drops the older ones: the newest alone is needed.

    `stored`: its files have been put to the job's store already, where it has one.
    """
    sync_tree(path)
    fence.check()
    if not stored:
        folder_written(path)
    fence.check()
    write_atomically(path / MARKER, progress.model_dump_json())
    for _, old in states(path.parent)[:-1]:
        (old / MARKER).unlink()
        shutil.rmtree(old)
        folder_removed(old, MARKER)


def latest(folder: Path) -> tuple[Path, Progress] | None:
    """The newest complete state; half-written ones are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    complete = states(folder)
    kept = {path for _, path in complete}
    for path in folder.iterdir():
        if path not in kept:
            shutil.rmtree(path, ignore_errors=True)
    if not complete:
        return None
    path = complete[-1][1]
    return path, Progress.model_validate_json((path / MARKER).read_text())
