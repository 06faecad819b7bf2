"""When a job has come to its end, and the result that says so."""

import time
from pathlib import Path

from trainer.contract.attempt import Attempt
from trainer.contract.job import Job
from trainer.contract.progress import Progress
from trainer.contract.remote.roots import uri_of
from trainer.contract.result import Checkpoint, LongRows, RewardCourse, StopReason, Succeeded
from trainer.contract.rows import Long

NAMED = 100
"""Rows that were left out which a result names."""


def end_of(job: Job, progress: Progress) -> StopReason | None:
    """Why the step that the job stands at is its last; None where it is not."""
    if job.kind == "grpo" and progress.saturated(job.hyper.saturation_window, job.hyper.saturation_reward):
        return "saturated"
    if progress.stopped:
        return "watch"
    return "maxSteps" if progress.step >= job.hyper.max_steps else None


def success(
    attempt: Attempt, progress: Progress, reason: StopReason, checkpoint: tuple[Path, str], left_out: list[Long]
) -> Succeeded:
    """The result of a job whose checkpoint lies there, under that digest."""
    job = attempt.job
    path, digest = checkpoint
    window = min(job.hyper.saturation_window if job.kind == "grpo" else 1, len(progress.rewards))
    first, last = progress.rewards[:window], progress.rewards[-window:]
    return Succeeded(
        job_key=job.job_key,
        attempt=job.attempt,
        checkpoint=Checkpoint(uri=uri_of(path), sha256=digest),
        steps=progress.step,
        stop_reason=reason,
        reward=RewardCourse(first=sum(first) / window, last=sum(last) / window),
        tokens=progress.tokens,
        seconds=round(time.time() - attempt.started, 3),
        watched=list(progress.watched.values()) or None,
        long_rows=LongRows(count=len(left_out), items=[long.item_id for long in left_out[:NAMED]])
        if left_out
        else None,
    )
