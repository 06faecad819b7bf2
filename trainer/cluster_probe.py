"""`python -m trainer.cluster_probe FOLDER REWARD_URL TOKEN_ENV`: what a job on a cluster sees, for `flywheel doctor`.

The folder is a path or an address of a store. Writes `seen.json` and waits to be asked to end (SIGTERM), writes
`saved.json` then; a second one finds that and writes `resumed.json`. It ends by itself after five minutes.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from trainer.contract.files import write_atomically
from trainer.contract.remote import store
from trainer.contract.remote.roots import address_of, parsed, stand_for

LONGEST_SECONDS = 300
REWARD_SECONDS = 10


def main(folder: Path, reward_url: str, token_env: str) -> int:
    if is_there(folder / "saved.json"):
        write_atomically(folder / "resumed.json", json.dumps({"host": socket.gethostname()}))
        return 0
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
    seen = {
        "host": socket.gethostname(),
        "python": sys.version.split()[0],
        "gpus": gpus(),
        "torch": torch_sees(),
        "reward": reward_says(reward_url, os.environ.get(token_env, "")),
    }
    write_atomically(folder / "seen.json", json.dumps(seen))
    deadline = time.time() + LONGEST_SECONDS
    while not asked and time.time() < deadline:
        time.sleep(0.1)
    if asked:
        write_atomically(folder / "saved.json", json.dumps({"host": socket.gethostname()}))
    return 0 if asked else 1


def is_there(path: Path) -> bool:
    address = address_of(path)
    return path.exists() if address is None else store.read(address) is not None


def folder_of(place: str) -> Path:
    """The folder itself, or one of this machine that stands for an address."""
    address = parsed(place)
    if address is None:
        return Path(place)
    folder = Path(tempfile.mkdtemp(prefix="flywheel-probe-"))
    stand_for(folder, address)
    return folder


def gpus() -> int:
    """As many as nvidia-smi lists; 0 without it."""
    try:
        listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())


def torch_sees() -> str:
    """Version of torch, and how many GPUs it can use; or why it cannot be loaded."""
    try:
        import torch

        return f"{torch.__version__}, {torch.cuda.device_count()} GPUs"
    except Exception as error:
        return f"cannot be loaded: {type(error).__name__}: {error}"


def reward_says(url: str, token: str) -> str:
    """`ok`, or what is wrong. A path that does not exist answers 404 to who has the token, and 401 to others."""
    request = urllib.request.Request(f"{url}/jobs/doctor/nothing", headers={"authorization": f"Bearer {token}"})
    try:
        urllib.request.urlopen(request, timeout=REWARD_SECONDS).close()
        return "ok"
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return "ok"
        return f"it answers {error.code}" + (", so the token is another one" if error.code == 401 else "")
    except (OSError, ValueError) as error:
        return f"it cannot be reached: {error}"


if __name__ == "__main__":
    sys.exit(main(folder_of(sys.argv[1]), sys.argv[2], sys.argv[3]))
