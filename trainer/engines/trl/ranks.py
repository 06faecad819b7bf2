"""What the ranks of a training say to each other: every decision is one of all of them, so that none waits alone."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed

from trainer.contract.failures import JobFailure, Preempted, classify

T = TypeVar("T")
PATIENCE = timedelta(days=30)
"""A rank may wait for rewards for as long as a job lasts; that another is dead is seen by their parent."""


class Ranks:
    def __init__(self, gpus: bool) -> None:
        self.number = int(os.environ["RANK"])
        self.count = int(os.environ["WORLD_SIZE"])
        self.group = None
        if gpus:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        if self.count > 1:
            distributed.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo", timeout=PATIENCE)
            # What is said is small and may wait: not on a GPU.
            self.group = distributed.new_group(backend="gloo", timeout=PATIENCE)

    @property
    def first(self) -> bool:
        """Whether this is the rank that writes."""
        return self.number == 0

    def all(self, value: T) -> list[T]:
        """What each rank says, in their order."""
        if self.group is None:
            return [value]
        said: list[T | None] = [None] * self.count
        distributed.all_gather_object(said, value, group=self.group)
        return said  # type: ignore[return-value]

    def meet(self) -> None:
        """Returns when all have come here."""
        self.all(None)

    def agreed(self, work: Callable[[], T]) -> list[T]:
        """Does it, and returns what each rank's work gave. What ends it on one rank ends it on all.

        Raises JobFailure as the first that failed did, or Preempted.
        """
        own: BaseException | None = None
        said: tuple[str, object]
        try:
            said = "done", work()
        except Preempted as error:
            own, said = error, ("preempted", None)
        except Exception as error:
            own, said = error, ("failed", classify(error))
        answers = self.all(said)
        for how, what in answers:
            if how == "failed":
                raise JobFailure(*what) from own  # type: ignore[misc]
        if any(how == "preempted" for how, _ in answers):
            raise Preempted
        return [what for _, what in answers]  # type: ignore[misc]

    def of_first(self, work: Callable[[], T]) -> T:
        """Does it on the first rank alone, and returns on all what it gave."""
        return self.agreed(lambda: work() if self.first else None)[0]  # type: ignore[return-value]
