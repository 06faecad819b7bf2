"""FAKE engine under the real contract: counts steps and learns nothing, so that a fault costs seconds.

Lock, fence, states, metrics and result are the trainer's own. Beside them it writes what it does to `lives.jsonl`,
whoever's turn it is: an attempt that writes after a later one has begun is seen there.
"""

import json
import os
import sys
import time
from pathlib import Path

from trainer import train
from trainer.contract.attempt import Attempt
from trainer.contract.ends import end_of, success
from trainer.contract.failures import Preempted
from trainer.contract.files import checkpoint_digest, sync_tree
from trainer.contract.metrics import Metrics, MetricsLine
from trainer.contract.progress import Progress
from trainer.contract.result import Succeeded
from trainer.contract.states import latest, seal

STEP_SECONDS = 0.25
STATE_STEPS = 4


class Toy:
    KINDS = ("sft",)

    def train(self, attempt: Attempt) -> Succeeded:
        job = attempt.job
        output = job.output.folder
        found = latest(output / "state")
        progress = found[1] if found else Progress()
        lives(output, job.attempt, "begins", progress.step)
        metrics = Metrics(output / "metrics.jsonl")
        while True:
            if attempt.stop.asked:
                save(output, progress)
                lives(output, job.attempt, "saved", progress.step)
                raise Preempted(progress.step)
            reason = end_of(job, progress)
            if reason is not None:
                break
            time.sleep(STEP_SECONDS)
            progress = progress.model_copy(
                update={"step": progress.step + 1, "rewards": [*progress.rewards, 0.0], "tokens": progress.tokens + 1}
            )
            metrics.write(MetricsLine(step=progress.step, step_seconds=STEP_SECONDS))
            lives(output, job.attempt, "step", progress.step)
            if progress.step % STATE_STEPS == 0:
                save(output, progress)
        lives(output, job.attempt, "ends", progress.step)
        return success(attempt, progress, reason, export(job.output.checkpoints, job.job_key, progress), [])


def lives(output: Path, attempt: int, what: str, step: int) -> None:
    line = {"attempt": attempt, "pid": os.getpid(), "what": what, "step": step, "at": time.time()}
    with open(output / "lives.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def save(output: Path, progress: Progress) -> None:
    folder = output / "state" / f"checkpoint-{progress.step}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "steps").write_text(str(progress.step))
    seal(folder, progress)


def export(checkpoints: Path, job_key: str, progress: Progress) -> tuple[Path, str]:
    draft = checkpoints / f".toy-{os.getpid()}"
    draft.mkdir(parents=True, exist_ok=True)
    (draft / "steps").write_text(f"{progress.step} steps of {job_key}")
    digest = checkpoint_digest(draft)
    sync_tree(draft)
    if not (checkpoints / digest).exists():
        draft.rename(checkpoints / digest)
    return checkpoints / digest, digest


if __name__ == "__main__":
    train.engine_of = lambda _job: Toy()
    sys.exit(train.main(sys.argv[1:]))
