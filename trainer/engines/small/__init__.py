"""The engine for tiny models on one device: GRPO and SFT through TRL, with a sampler and a forward pass of our own."""

import os

from trainer.contract.attempt import Attempt
from trainer.contract.failures import JobFailure
from trainer.contract.result import Succeeded

KINDS = ("grpo", "sft")


def train(attempt: Attempt) -> Succeeded:
    job = attempt.job
    for name, value in job.engine_options.items():
        if name != "stepsOfOneDataset" or job.kind != "sft":
            problem = f"engineOptions.{name} is no option of the engine small for kind {job.kind}"
            raise JobFailure("app", f"job file: {problem}; remove it")
        if not isinstance(value, bool):
            raise JobFailure("app", f"job file: expected engineOptions.{name} to be true or false, got {value!r}")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise JobFailure("app", "the engine small runs as one process on one device; start it without torchrun")
    # Imports TRL, which takes seconds.
    from trainer.engines.small.session import Session

    return Session(attempt).train()
