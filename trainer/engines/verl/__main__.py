"""`python -m trainer.engines.verl JOB.json`: as `trainer.train`, whose lock, result and signal it keeps."""

import sys

from trainer import train

# After `trainer.train`, which sees to the environment that these are imported in.
from trainer.contract.failures import JobFailure  # isort: skip
from trainer.contract.job import Job  # isort: skip
from trainer.engines import Engine  # isort: skip
from trainer.engines.verl import handed, run  # isort: skip


def engine_of(job: Job) -> Engine:
    """Raises JobFailure (class app) for an engine that is not this one."""
    if job.engine != "verl":
        raise JobFailure("app", f"job file: expected engine to be verl, got {job.engine!r}")
    return run if job.kind == "grpo" else handed


if __name__ == "__main__":
    # This program is of one engine, which that program does not have.
    train.engine_of = engine_of
    sys.exit(train.main(sys.argv[1:]))
