"""The engine verl on GPUs: `python test/gpu/verl.py --base FOLDER [--gpus N] [--nodes N] [--steps N] [--folder F]`.

Needs NVIDIA GPUs with a driver, a Python with verl 0.9.1, vllm and the trainer's packages (FLYWHEEL_VERL_PYTHON, by
default this one), a base as a folder of Hugging Face form (such as a Qwen3 of 0.6 to 4 B), and for several nodes a Ray
cluster that is up (RAY_ADDRESS) and a folder that all of them see. Rewards are of a service on this machine.

It trains by GRPO, asks the job to stop in the middle, goes on from its state, reads the exported checkpoint, and prints
what a step took. It ends with a status that is not 0 where something is missing or wrong. It has not been run yet.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from trainer.tests.reward_server import RewardServer  # noqa: E402
from trainer.tests.support import job_value  # noqa: E402

STEP_SECONDS = 1_800


def missing(python: str, base: Path) -> list[str]:
    """What this machine lacks, a sentence each."""
    lacks = []
    for module in ("verl", "vllm", "ray"):
        asked = [python, "-c", f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)"]
        if subprocess.run(asked, check=False).returncode:
            lacks.append(f"{module} in {python}: pip install verl==0.9.1 vllm")
    if find_spec("pyarrow") is None:
        lacks.append("pyarrow in this Python: pip install -r trainer/requirements.lock")
    if subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=False).returncode:
        lacks.append("a GPU with a driver: nvidia-smi finds none")
    if not (base / "config.json").exists():
        lacks.append(f"a base: {base} has no config.json")
    return lacks


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--gpus", type=int, default=1, help="of each node")
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--folder", type=Path, help="that all nodes see; by default one of this machine's own")
    said = parser.parse_args()
    python = os.environ.get("FLYWHEEL_VERL_PYTHON", sys.executable)
    if lacks := missing(python, said.base):
        print("missing:", *lacks, sep="\n  ")
        return 2
    folder = (said.folder or Path(mkdtemp(prefix="verl-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with RewardServer() as rewards:
        value = job(folder, said, rewards)
        first = started(folder, value, 1)
        reached(folder, first, said.steps // 2)
        first.send_signal(signal.SIGTERM)
        first.wait(60)
        stopped = result(folder)
        check("it is preempted", stopped["status"] == "preempted", stopped)
        began = time.time()
        started(folder, value, 2).wait(STEP_SECONDS * said.steps)
        took = time.time() - began
        done = result(folder)
    check("it succeeds", done["status"] == "succeeded" and done["steps"] == said.steps, done)
    lines = {
        line["step"]: line for line in map(json.loads, (folder / "out" / "metrics.jsonl").read_text().splitlines())
    }
    check("it has a line for each step", sorted(lines) == list(range(1, said.steps + 1)), sorted(lines))
    asked = sum(map(len, rewards.asked))
    check("each completion was judged", asked >= said.steps * 64, asked)
    checkpoint = Path(done["checkpoint"]["uri"].removeprefix("file://"))
    check("the checkpoint can be read", reads(python, checkpoint), checkpoint)
    last = lines[said.steps]
    tokens = 64 * last.get("completionTokens", 0) / last["stepSeconds"]
    print(f"a step takes {last['stepSeconds']:.1f} s, {tokens:.0f} completion tokens a second; {took:.0f} s in all")
    return 0


def job(folder: Path, said: argparse.Namespace, rewards: RewardServer) -> dict[str, Any]:
    hyper = {"groupSize": 8, "promptsPerStep": 8, "maxSteps": said.steps, "checkpointEverySteps": 1}
    lengths = {"maxPromptTokens": 512, "maxCompletionTokens": 1024, "learningRate": 1e-6, "maxUnscorableShare": 1}
    value = job_value(folder, "grpo", said.base.absolute(), **hyper, **lengths)
    value["resources"] = {"nodes": said.nodes, "gpusPerNode": said.gpus, "wallSeconds": STEP_SECONDS * said.steps}
    value["reward"]["url"] = rewards.url
    return value | {"engine": "verl"}


def started(folder: Path, value: dict[str, Any], attempt: int) -> "subprocess.Popen[bytes]":
    file = folder / f"job-{attempt}.json"
    file.write_text(json.dumps({**value, "attempt": attempt}))
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TEST_REWARD_TOKEN": "secret"}
    return subprocess.Popen([sys.executable, "-m", "trainer.engines.verl", str(file)], env=env)


def reached(folder: Path, process: "subprocess.Popen[bytes]", step: int) -> None:
    metrics = folder / "out" / "metrics.jsonl"
    deadline = time.time() + STEP_SECONDS * step
    while not metrics.exists() or metrics.read_text().count("\n") < step:
        check("it trains on", process.poll() is None and time.time() < deadline, f"step {step} was not reached")
        time.sleep(1)


def result(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "out" / "result.json").read_text())


def reads(python: str, checkpoint: Path) -> bool:
    code = "import sys; from transformers import AutoModelForCausalLM as M; M.from_pretrained(sys.argv[1])"
    return subprocess.run([python, "-c", code, str(checkpoint)], check=False).returncode == 0


def check(what: str, holds: bool, came: Any) -> None:
    if not holds:
        sys.exit(f"expected that {what}, got {came}")
    print(f"{what}: yes")


if __name__ == "__main__":
    sys.exit(main())
