"""The engines of training, by the name that a job's `engine` field gives; each keeps the duties of trainer/contract.

An engine imports the contract and no other engine. It is loaded when a job asks for it.
"""

import importlib
from typing import Protocol

from trainer.contract.attempt import Attempt
from trainer.contract.failures import JobFailure
from trainer.contract.job import Job
from trainer.contract.result import Succeeded

MODULES = {"small": "trainer.engines.small", "trl": "trainer.engines.trl"}


class Engine(Protocol):
    KINDS: tuple[str, ...]
    """The kinds of training that it does."""

    def train(self, attempt: Attempt) -> Succeeded:
        """Trains from the newest state to the end. Raises JobFailure, or Preempted with the step that is saved."""
        ...


def load_engine(name: str) -> Engine:
    return importlib.import_module(MODULES[name])


def engine_of(job: Job) -> Engine:
    """Raises JobFailure (class app) where there is no such engine, or it does not do the job's kind of training."""
    if job.engine not in MODULES:
        raise JobFailure("app", f"job file: expected engine to be {' or '.join(MODULES)}, got {job.engine!r}")
    engine = load_engine(job.engine)
    if job.kind not in engine.KINDS:
        does = " or ".join(engine.KINDS)
        raise JobFailure("app", f"job file: expected kind to be {does} for engine {job.engine}, got {job.kind!r}")
    return engine
