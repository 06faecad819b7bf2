"""What a job writes for others: metrics.jsonl as it goes, result.json last."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trainer.contract.files import write_atomically


@dataclass
class Progress:
    """What must survive a restart beside the model: it is saved with every training state."""

    step: int = 0
    rewards: list[float] = field(default_factory=list)
    """Mean reward of every step so far."""
    tokens: int = 0
    """Completion tokens sampled (grpo) or learned (sft)."""
    seconds: float = 0.0
    """Seconds of training that the state stands for, over all attempts."""

    def saturated(self, window: int, threshold: float) -> bool:
        return len(self.rewards) >= window and sum(self.rewards[-window:]) / window >= threshold

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Progress":
        return Progress(**json.loads(text))


class Metrics:
    """Appends a line per step. A line torn by a kill is cut off first: its step is done again."""

    def __init__(self, path: Path):
        if path.exists():
            whole = path.read_bytes().rfind(b"\n") + 1
            os.truncate(path, whole)
        self.file = open(path, "a", encoding="utf-8")

    def write(self, line: dict[str, Any]) -> None:
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()


def write_result(output: Path, result: dict[str, Any]) -> None:
    write_atomically(output / "result.json", json.dumps(result, indent=1) + "\n")
