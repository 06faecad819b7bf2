"""A training job as others see it: processes that are given a job file, and the files that they leave."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trainer.contract.files import checkpoint_digest
from trainer.tests.reward_server import RewardServer
from trainer.tests.support import ROOT, job_value

# Enough steps of either kind to be met in the middle of them; those of sft take milliseconds.
STEPS = {"grpo": 40, "sft": 400}
EVERY = {"grpo": 5, "sft": 50}
"""Steps between two states."""
PATIENCE_SECONDS = 300
GRACE_SECONDS = 20
"""As activities/training gives a job that it asks to end."""


class Course:
    """One job, its output folder, and the attempts at it."""

    def __init__(self, folder: Path, engine: str, kind: str, base: Path, options: dict[str, Any] | None = None):
        self.folder = folder
        self.kind = kind
        self.output = folder / "out"
        self.workplace = folder / "workplace"
        self.workplace.mkdir(parents=True)
        few = {"promptsPerStep": 2} if kind == "grpo" else {}
        self.value = job_value(folder, kind, base, maxSteps=STEPS[kind], checkpointEverySteps=EVERY[kind], **few)
        self.value |= {"engine": engine, "engineOptions": options or {}}
        self.rewards = RewardServer()
        if kind == "grpo":
            self.value["reward"]["url"] = self.rewards.url

    def start(self, attempt: int, **changes: Any) -> subprocess.Popen[bytes]:
        """A process that knows the job file and the token, in a folder that is empty."""
        return subprocess.Popen(
            [sys.executable, "-m", "trainer.train", self.told({**self.value, "attempt": attempt, **changes})],
            cwd=self.workplace,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # An engine may have started others, which are stopped with it.
            start_new_session=True,
        )

    def told(self, job: dict[str, Any]) -> str:
        """Writes a job file, and returns what a process is told of it."""
        file = self.folder / f"job-{job['attempt']}.json"
        file.write_text(json.dumps(job))
        return str(file)

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TEST_REWARD_TOKEN": "secret"}

    def read(self, name: str) -> bytes | None:
        """A file of the output; None where there is none."""
        file = self.output / name
        return file.read_bytes() if file.exists() else None

    def tear(self, text: str) -> None:
        """Leaves half a line of the metrics, as a kill in the middle of one does."""
        with open(self.output / "metrics.jsonl", "a") as file:
            file.write(text)

    def move(self) -> None:
        """The next attempts run elsewhere, where that can be."""

    def run(self, attempt: int, **changes: Any) -> int:
        return ended(self.start(attempt, **changes))

    def reach(self, process: subprocess.Popen[bytes], step: int) -> None:
        """Returns once the process has done that step."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.last_step() < step and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)

    def stop_midway(self, process: subprocess.Popen[bytes], step: int) -> None:
        """Suspends the process, and those that it started, after that step; a grpo job while it waits for rewards."""
        self.reach(process, step)
        if self.kind == "grpo":
            self.rewards.hold()
        os.killpg(process.pid, signal.SIGSTOP)

    def go_on_to_stop(self, process: subprocess.Popen[bytes]) -> int:
        """Lets a suspended process go on, asked to stop; its exit status, within the grace."""
        process.terminate()
        os.killpg(process.pid, signal.SIGCONT)
        try:
            return ended(process, GRACE_SECONDS)
        finally:
            self.rewards.let_go()

    def result(self) -> dict[str, Any] | None:
        data = self.read("result.json")
        return None if data is None else json.loads(data)

    def lines(self) -> list[dict[str, Any]]:
        """Every whole line of the metrics."""
        return [json.loads(line) for line in (self.read("metrics.jsonl") or b"").split(b"\n")[:-1]]

    def last_step(self) -> int:
        lines = self.lines()
        return lines[-1]["step"] if lines else 0

    def steps(self) -> list[dict[str, Any]]:
        """The last line of each step, without what it took."""
        by_step = {line["step"]: line for line in self.lines()}
        return [
            {name: value for name, value in by_step[step].items() if not name.endswith("Seconds")}
            for step in sorted(by_step)
        ]

    def checkpoint(self) -> tuple[str, str]:
        """The digest of the checkpoint that the result names, and the one it has."""
        named = self.result()["checkpoint"]
        return named["sha256"], checkpoint_digest(Path(named["uri"].removeprefix("file://")))


def ended(process: subprocess.Popen[bytes], seconds: float = PATIENCE_SECONDS) -> int:
    """The exit status. Raises where it takes longer, and leaves no process behind."""
    try:
        return process.wait(seconds)
    finally:
        process.kill()
        process.wait()
