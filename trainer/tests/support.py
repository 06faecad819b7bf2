"""The shipped base, its words, and well-formed jobs, for every test here."""

import hashlib
import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trainer.contract.files import checkpoint_digest

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "domains" / "rehearsal" / "checkpoints" / "rehearsal"
START_SECONDS = 60

HYPER = {
    "maxSteps": 2,
    "learningRate": 1e-3,
    "warmupSteps": 0,
    "maxPromptTokens": 64,
    "maxCompletionTokens": 16,
    "checkpointEverySteps": 1,
    "seed": 7,
}
KIND_HYPER = {
    "grpo": {
        "groupSize": 4,
        "promptsPerStep": 4,
        "klCoef": 0,
        "clipLow": 0.2,
        "clipHigh": 0.28,
        "temperature": 1,
        "saturationReward": 2,
        "saturationWindow": 2,
        "maxUnscorableShare": 0.5,
    },
    "sft": {"rowsPerStep": 4},
}


def statement(seed: int) -> str:
    """A chain of the rehearsal's domain with 1 to 8 operations; its claim need not be true."""
    draw = random.Random(seed)
    words = [str(draw.randrange(11))]
    for label in range(1, draw.randint(1, 8) + 1):
        words += [f"L{label}", draw.choice("+-*"), str(draw.randrange(11))]
    return " ".join([*words, "=", str(draw.randrange(11))])


def write_rows(path: Path, count: int) -> dict[str, Any]:
    """A dataset of `prove` rows, as the job file names it. The answers are no proofs."""
    rows = []
    for number in range(count):
        claim = statement(number)
        problem = {"id": f"p{number}", "statement": claim, "topic": "chains", "source": "test"}
        rows.append(
            {
                "itemId": f"row-{number}",
                "task": "prove",
                "prompt": [{"role": "user", "content": f"prove {claim}"}],
                "completion": claim.split(" = ")[1],
                "meta": {"problem": problem},
            }
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {
        "role": "prove",
        "uri": path.as_uri(),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "rows": count,
        "weight": 1,
    }


def job_value(folder: Path, kind: str = "grpo", base: Path = BASE, **hyper: Any) -> dict[str, Any]:
    """A job over a base, whose files lie in `folder`. Nobody serves its rewards."""
    value = {
        "jobKey": "test/lap-0001/generator",
        "attempt": 1,
        "kind": kind,
        "engine": "small",
        "engineOptions": {},
        "initCheckpoint": {"uri": base.as_uri(), "sha256": checkpoint_digest(base)},
        "datasets": [write_rows(folder / "rows.jsonl", 8)],
        "hyper": HYPER | KIND_HYPER[kind] | hyper,
        "resources": {"nodes": 1, "gpusPerNode": 0, "wallSeconds": 60},
        "output": {"uri": (folder / "out").as_uri(), "checkpoints": (folder / "checkpoints").as_uri()},
        "resume": "auto",
    }
    if kind == "grpo":
        url = "http://127.0.0.1:9/jobs/x/v2/rewards"
        value["reward"] = {"url": url, "recipeSha256": "b" * 64, "tokenEnv": "TEST_REWARD_TOKEN"}
    return value


def start_server(checkpoints: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A model server of one thread, once it listens, and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "trainer.serve", "--checkpoints", str(checkpoints), "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server, port
        time.sleep(0.05)
    server.kill()
    server.wait()
    raise AssertionError(f"expected the model server to listen within {START_SECONDS} s")
