"""A job file with the folders of this machine in place of a store's addresses: all that an engine reads is a file."""

import hashlib
import os
import re
import socket
import tempfile
from pathlib import Path
from typing import Any

from trainer.contract.remote.roots import Address, parsed, stand_for

CACHE = "FLYWHEEL_CACHE"
CHECKPOINTS = "files/checkpoints"
"""As the project's own copies of a store have them, so that one folder may be both."""
DIGEST = re.compile(r"[0-9a-f]{64}")


def cache() -> Path:
    """What this node keeps of a store: checkpoints and datasets by digest, the folders of jobs."""
    default = Path(tempfile.gettempdir()) / f"flywheel-{os.getuid()}"
    return Path(os.environ.get(CACHE) or default).absolute()


def job_folder(uri: str) -> Path:
    """Where a job works whose output has that address: of this node alone, also where nodes share a cache."""
    digest = hashlib.sha256(uri.encode()).hexdigest()[:16]
    return cache() / "jobs" / f"{digest}-{socket.gethostname()}"


def placed(value: Any) -> Any:
    """The value of a job file, as far as it has addresses; what is wrong with it is left to be found."""
    if not isinstance(value, dict):
        return value
    value = dict(value)
    for field, folder in (("initCheckpoint", CHECKPOINTS), ("referenceCheckpoint", CHECKPOINTS)):
        if field in value:
            value[field] = artifact(value[field], folder)
    if isinstance(value.get("datasets"), list):
        value["datasets"] = [artifact(each, "datasets") for each in value["datasets"]]
    if isinstance(output := value.get("output"), dict):
        value["output"] = output = dict(output)
        # Checkpoints of this node's trainings are there for those that follow.
        for field, place in (("uri", job_folder), ("checkpoints", lambda _: cache() / CHECKPOINTS)):
            if (address := parsed(output.get(field))) is not None:
                output[field] = here(place(str(address)), address)
    return value


def artifact(value: Any, folder: str) -> Any:
    """Under its digest in a folder of the cache."""
    if not isinstance(value, dict) or (address := parsed(value.get("uri"))) is None:
        return value
    digest = value.get("sha256")
    name = digest if isinstance(digest, str) and DIGEST.fullmatch(digest) else "without-a-digest"
    return {**value, "uri": here(cache() / folder / name, address)}


def here(path: Path, address: Address) -> str:
    stand_for(path, address)
    return path.as_uri()
