"""How an attempt ended: result.json (shared/training/job.ts), written last and at once."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from trainer.contract import fence
from trainer.contract.failures import FailureClass
from trainer.contract.files import write_atomically
from trainer.contract.model import Written

StopReason = Literal["maxSteps", "saturated", "watch"]


class Checkpoint(Written):
    uri: str
    """The absolute folder `<output.checkpoints>/<sha256>`, as a `file:` URL or the store's address."""
    sha256: str


class RewardCourse(Written):
    """Means over the saturation window's steps at the start and at the end; 0 for sft."""

    first: float
    last: float


class LongRows(Written):
    """Rows that were left out because they are too long."""

    count: int
    items: list[str]
    """Their names, a hundred at most."""


class Ended(Written):
    status: str
    job_key: str
    attempt: int


class Succeeded(Ended):
    status: Literal["succeeded"] = "succeeded"
    checkpoint: Checkpoint
    steps: int
    stop_reason: StopReason
    reward: RewardCourse
    tokens: int
    """Completion tokens sampled (grpo) or learned (sft), over all attempts."""
    seconds: float
    """Of this attempt."""
    watched: list[str] | None = None
    """Watches that struck, in a person's words. None: there were none."""
    long_rows: LongRows | None = None
    """None: there were none."""


class Failed(Ended):
    status: Literal["failed"] = "failed"
    failure_class: FailureClass = Field(alias="class")
    message: str


class Stopped(Ended):
    """Asked to stop: the state is saved, and the next attempt goes on from `step`."""

    status: Literal["preempted"] = "preempted"
    step: int


def write_result(output: Path, result: Ended) -> None:
    fence.check()
    write_atomically(output / "result.json", result.to_json(indent=1) + "\n")
