"""The rows of every step of a job, in turn: those that fit, by the datasets' weights."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from trainer.contract.job import Job
from trainer.contract.rows import Long, fitting, mixture

log = logging.getLogger("trainer")
T = TypeVar("T")


def ordered(
    job: Job, datasets: Sequence[Sequence[T]], too_long: Callable[[T], Long | None], count: int, per_step: int
) -> tuple[list[T], list[int], list[Long]]:
    """All rows that fit, the `count` first that training sees as indices into them, and the rows that do not fit.

    Raises JobFailure (class data) where too many are too long.
    """
    kept, left_out = fitting(datasets, too_long, job.hyper.max_long_row_share)
    for long in left_out:
        log.warning("left out %s: its %s has %d tokens, %s is %d", *long)
    sizes = [len(dataset) for dataset in kept]
    order = mixture(sizes, [spec.weight for spec in job.datasets], count, job.hyper.seed)
    if job.engine_options.get("stepsOfOneDataset"):
        order = by_dataset(order, sizes, per_step)
    return [row for dataset in kept for row in dataset], order, left_out


def by_dataset(order: list[int], sizes: list[int], per_step: int) -> list[int]:
    """The same rows, those of one dataset together: where weights are equal, a step's are of one.

    So they begin alike, where a dataset's rows are a task's. With `engineOptions.stepsOfOneDataset`.
    """
    ends = [sum(sizes[: index + 1]) for index in range(len(sizes))]
    window = per_step * len(sizes)
    chunks = [order[start : start + window] for start in range(0, len(order), window)]
    return [row for chunk in chunks for row in sorted(chunk, key=lambda row: sum(row >= end for end in ends))]
