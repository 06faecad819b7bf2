"""The engine for tiny models on one device: GRPO and SFT through TRL, with a sampler and a forward pass of our own."""

import os

from trainer.contract.attempt import Attempt
from trainer.contract.failures import JobFailure
from trainer.contract.result import Succeeded

KINDS = ("grpo", "sft")


def train(attempt: Attempt) -> Succeeded:
    for name in attempt.job.engine_options:
        raise JobFailure("app", f"job file: engineOptions.{name} is no option of the engine small; remove it")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise JobFailure("app", "the engine small runs as one process on one device; start it without torchrun")
    # Imports TRL, which takes seconds.
    from trainer.engines.small.session import Session

    return Session(attempt).train()
