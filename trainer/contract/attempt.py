"""What an engine is given: a job that was read and checked, and the means to see it through."""

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.contract.failures import Preempted
from trainer.contract.job import Job
from trainer.contract.rows import Row


class StopRequest:
    """Set by SIGTERM. Long waits for others are cut short; a step that computes is finished."""

    def __init__(self) -> None:
        self.asked = False
        self.interruptible = False

    def listen(self) -> None:
        signal.signal(signal.SIGTERM, self.handle)

    def handle(self, _signal: int, _frame: Any) -> None:
        self.asked = True
        if self.interruptible:
            # Once: a second signal must not end what the first has begun to put in order.
            self.interruptible = False
            raise Preempted

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """What runs inside may be left by Preempted at any time."""
        self.interruptible = True
        try:
            if self.asked:
                raise Preempted
            yield
        finally:
            self.interruptible = False


@dataclass(frozen=True)
class Attempt:
    job: Job
    datasets: list[list[Row]]
    """The rows of each of the job's datasets."""
    reward_token: str
    """The bearer token for the reward service; empty for sft."""
    stop: StopRequest
    started: float
    """When the process began, in seconds since the epoch."""
    file: Path
    """The job file, for the processes that an engine starts."""
