"""Where a job's files lie: all below its output folder."""

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The folder that the package `trainer` is in, for verl's processes."""

LONGEST_LINE = 4_096
"""Bytes that a step's record has at most."""


@dataclass(frozen=True)
class Place:
    """Below `verl/` what this engine and verl tell each other, below `state/` what verl resumes from."""

    output: Path

    @property
    def state(self) -> Path:
        return self.output / "state"

    @property
    def work(self) -> Path:
        return self.output / "verl"

    @property
    def rows(self) -> Path:
        return self.work / "rows.parquet"

    @property
    def steps(self) -> Path:
        """What each step's rewards came to, a line each, written within verl."""
        return self.work / "steps.jsonl"

    @property
    def token(self) -> Path:
        """The reward service's, readable by its owner alone: settings of verl's are printed."""
        return self.work / "token"

    @property
    def stop(self) -> Path:
        """Why the training shall end at the next step that is saved."""
        return self.work / "stop"

    @property
    def failure(self) -> Path:
        """What ended the training within verl, as its class and message."""
        return self.work / "failure.json"

    def log(self, attempt: int) -> Path:
        """Of verl's own metrics, an attempt's."""
        return self.work / f"metrics-{attempt}.jsonl"

    def step_under_way(self) -> int:
        """The one after the last whose rewards were taken down."""
        if not self.steps.exists():
            return 1
        with open(self.steps, "rb") as file:
            file.seek(max(0, self.steps.stat().st_size - LONGEST_LINE))
            lines = file.read().split(b"\n")[-2:-1]
        return json.loads(lines[0])["step"] + 1 if lines and lines[0].startswith(b"{") else 1

    def saved_step(self) -> int:
        """The newest step whose state is whole: verl writes its number last. 0: none is."""
        try:
            return int((self.state / "latest_checkpointed_iteration.txt").read_text())
        except (OSError, ValueError):
            return 0
