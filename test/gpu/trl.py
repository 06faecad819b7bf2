"""The engine trl on GPUs: FSDP2, vLLM, LoRA, a stop and a resume, and its speed beside TRL's own. See README.md."""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from trainer.contract.files import checkpoint_digest  # noqa: E402
from trainer.tests.reward_server import RewardServer  # noqa: E402
from trainer.tests.support import job_value  # noqa: E402

SIZES = {"prompts": 16, "group": 8, "completionTokens": 1024, "memoryShare": 0.35, "rowsPerPass": 8}
PROMPT_TOKENS = 1024
SETTLED = 2
"""Steps before those that are measured."""
PATIENCE_SECONDS = 3600


def gpus_here(asked: int | None) -> int:
    """Ends the program where something is missing, by its name."""
    import torch

    missing = [f"the package {name}" for name in ("vllm", "peft") if find_spec(name) is None]
    seen = torch.cuda.device_count()
    if seen == 0:
        missing.append("an NVIDIA GPU that torch sees")
    elif asked is not None and asked > seen:
        missing.append(f"{asked} GPUs: torch sees {seen}")
    if missing:
        print(f"test/gpu/trl.py needs {', '.join(missing)}; see test/gpu/README.md", file=sys.stderr)
        sys.exit(2)
    return asked or seen


class Training:
    """A job of the engine trl over a base, in its own folder."""

    def __init__(self, folder: Path, kind: str, base: Path, gpus: int, options: dict[str, Any], **hyper: Any):
        folder.mkdir(parents=True)
        self.folder = folder
        self.rewards = RewardServer()
        limits = {"maxPromptTokens": PROMPT_TOKENS, "maxCompletionTokens": SIZES["completionTokens"]}
        self.value = job_value(folder, kind, base, **{**limits, "learningRate": 1e-6, "maxUnscorableShare": 1} | hyper)
        if kind == "sft":
            self.value["hyper"].pop("maxUnscorableShare")
        self.value |= {"engine": "trl", "engineOptions": options}
        self.value["resources"] |= {"gpusPerNode": gpus, "wallSeconds": PATIENCE_SECONDS}
        if kind == "grpo":
            self.value["reward"]["url"] = self.rewards.url

    def start(self, attempt: int) -> subprocess.Popen[bytes]:
        file = self.folder / f"job-{attempt}.json"
        file.write_text(json.dumps({**self.value, "attempt": attempt}))
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TEST_REWARD_TOKEN": "secret"}
        with open(self.folder / f"log-{attempt}.txt", "w") as log:
            return subprocess.Popen([sys.executable, "-m", "trainer.train", str(file)], env=environment, stderr=log)

    def lines(self) -> list[dict[str, Any]]:
        file = self.folder / "out" / "metrics.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def result(self) -> dict[str, Any]:
        return json.loads((self.folder / "out" / "result.json").read_text())

    def run(self, attempt: int = 1) -> None:
        with self.rewards:
            self.start(attempt).wait(PATIENCE_SECONDS)
        self.expect("succeeded")

    def run_with_a_stop(self, step: int) -> None:
        with self.rewards:
            first = self.start(1)
            while len(self.lines()) < step and first.poll() is None:
                time.sleep(0.1)
            first.send_signal(signal.SIGTERM)
            first.wait(PATIENCE_SECONDS)
            self.expect("preempted")
            self.start(2).wait(PATIENCE_SECONDS)
        self.expect("succeeded")

    def expect(self, status: str) -> None:
        result = self.result()
        if result["status"] != status:
            sys.exit(f"{self.folder.name}: expected {status}, got {json.dumps(result)}; its log is {self.folder}")
        if status == "succeeded":
            checkpoint = result["checkpoint"]
            found = checkpoint_digest(Path(checkpoint["uri"].removeprefix("file://")))
            if found != checkpoint["sha256"]:
                sys.exit(f"{self.folder.name}: the checkpoint has digest {found}, not {checkpoint['sha256']}")
        print(f"{self.folder.name}: {status}", flush=True)


def ours(training: Training) -> float:
    samples = SIZES["prompts"] * SIZES["group"]
    lines = training.lines()[SETTLED:]
    return statistics.median(samples * line["completionTokens"] / line["stepSeconds"] for line in lines)


def plain(folder: Path, base: Path, gpus: int, steps: int, rows: Path) -> float:
    sizes = {**SIZES, "base": str(base), "gpus": gpus, "steps": steps, "rows": str(rows), "folder": str(folder)}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={gpus}"]
    done = subprocess.run(
        [*command, str(ROOT / "test" / "gpu" / "plain_trl.py"), json.dumps(sizes)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    return statistics.median(json.loads(done.stdout.splitlines()[-1])["tokensPerSecond"][SETTLED:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True, help="a folder of Hugging Face form")
    parser.add_argument("--gpus", type=int)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="what is written stays there; else it goes")
    arguments = parser.parse_args()
    gpus = gpus_here(arguments.gpus)
    with TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).absolute()
        base, steps = arguments.base.absolute(), arguments.steps
        spread = {"sharding": "fsdp2" if gpus > 1 else "none", "gradientCheckpointing": True}
        tokens = SIZES["rowsPerPass"] * (PROMPT_TOKENS + SIZES["completionTokens"])
        shared = {**spread, "microBatchTokens": tokens}
        sampling = {"by": "vllmColocate", "memoryShare": SIZES["memoryShare"]}
        few = {"promptsPerStep": SIZES["prompts"], "groupSize": SIZES["group"], "maxSteps": steps}
        Training(folder / "sft", "sft", base, gpus, shared, rowsPerStep=2 * gpus, maxSteps=4).run()
        lora = {**spread, "sharding": "none", "lora": {"rank": 16}, "sampling": sampling}
        Training(folder / "lora", "grpo", base, gpus, lora, **{**few, "maxSteps": 2}).run()
        stopped = Training(folder / "stopped", "grpo", base, gpus, {**shared, "sampling": sampling}, **few)
        stopped.run_with_a_stop(steps // 2)
        measured = Training(folder / "grpo", "grpo", base, gpus, {**shared, "sampling": sampling}, **few)
        measured.run()
        rates = {
            "ours": ours(measured),
            "plain": plain(folder / "plain", base, gpus, steps, measured.folder / "rows.jsonl"),
        }
        print(json.dumps({"gpus": gpus, "tokensPerSecond": rates, "ratio": rates["ours"] / rates["plain"]}))


if __name__ == "__main__":
    main()
