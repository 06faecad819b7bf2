"""What a job writes as it goes: a line of metrics.jsonl a step (shared/training/job.ts)."""

import json
import os
from pathlib import Path

from trainer.contract import fence
from trainer.contract.model import Written
from trainer.contract.remote.kept import written
from trainer.contract.trackers import Trackers


class MetricsLine(Written):
    """An optimizer step. What an engine does not know it leaves out; sft, which has no reward, writes 0."""

    step: int
    reward: float = 0.0
    """Mean over the scored items."""
    step_seconds: float
    reward_std: float | None = None
    flat_group_share: float | None = None
    """Share of groups in which every reward was equal."""
    unscorable: int | None = None
    overlong: int | None = None
    """Items that were too long for their judge."""
    components: dict[str, float] | None = None
    """Mean of each reward component over the scored items."""
    completion_tokens: float | None = None
    """Mean of a completion."""
    thinking_tokens: float | None = None
    """Mean of a completion's thinking; None where the model's is not told apart."""
    truncated_share: float | None = None
    entropy: float | None = None
    kl: float | None = None
    clip_share: float | None = None
    gradient_norm: float | None = None
    resampled_groups: int | None = None
    micro_batches: int | None = None
    peak_memory_bytes: int | None = None
    loss: float | None = None
    learning_rate: float | None = None
    sample_seconds: float | None = None
    reward_seconds: float | None = None


class Metrics:
    """Appends a line per step. A line torn by a kill is cut off first: its step is done again."""

    def __init__(self, path: Path):
        if path.exists():
            whole = path.read_bytes().rfind(b"\n") + 1
            os.truncate(path, whole)
        self.path = path
        self.trackers = Trackers(path.parent, last_step(path))

    def write(self, line: MetricsLine) -> None:
        text = line.to_json()
        fence.check()
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(text + "\n")
        written(self.path)
        self.trackers.log(json.loads(text))


def last_step(path: Path) -> int:
    """Of all lines the greatest step: a step that is done again is no news. 0: there is none."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return max((json.loads(line)["step"] for line in lines), default=0)
