"""verl's metrics as lines of ours. Names are those of verl 0.9.1; what it did not measure is left out."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.contract.metrics import MetricsLine

NAMES = {
    "step_seconds": "timing_s/step",
    "sample_seconds": "timing_s/gen",
    "loss": "actor/pg_loss",
    "learning_rate": "actor/lr",
    "gradient_norm": "actor/grad_norm",
    "entropy": "actor/entropy",
    "kl": "actor/kl_loss",
    "clip_share": "actor/pg_clipfrac",
    "completion_tokens": "response_length/mean",
    "truncated_share": "response_length/clip_ratio",
}
OTHERS = {"kl": "kl_loss", "entropy": "actor/entropy_loss"}
"""Where verl says it under another name."""
MEMORY = "perf/max_memory_allocated_gb"


def line_of(step: int, said: dict[str, Any], record: dict[str, Any]) -> MetricsLine:
    """A step by what verl said of it, and by what its rewards came to (`course`)."""
    figures = {field: number(said.get(name, said.get(OTHERS.get(field, "")))) for field, name in NAMES.items()}
    memory = number(said.get(MEMORY))
    return MetricsLine(
        step=step,
        **{field: value for field, value in figures.items() if value is not None and field != "step_seconds"},
        step_seconds=round(figures["step_seconds"] or 0.0, 4),
        reward=record["reward"],
        reward_std=record["rewardStd"],
        flat_group_share=record["flatGroupShare"],
        unscorable=record["unscorable"],
        peak_memory_bytes=None if memory is None else round(memory * 2**30),
    )


def number(value: Any) -> float | None:
    """None for what is no finite number: verl writes null for NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


class Tail:
    """A file of JSON lines that another process appends to: whole lines, each once."""

    def __init__(self, path: Path):
        self.path = path
        self.read = 0

    def lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Steps and what is said of them."""
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            file.seek(self.read)
            new = file.read()
        whole = new.rfind(b"\n") + 1
        self.read += whole
        for line in new[:whole].splitlines():
            value = json.loads(line)
            yield value["step"], value["data"]
