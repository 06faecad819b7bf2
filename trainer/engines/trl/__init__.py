"""The engine for models that need GPUs, up to one node of them: GRPO and SFT through TRL, a process a GPU."""

from typing import Any

from trainer.contract.attempt import Attempt
from trainer.contract.result import Succeeded
from trainer.distributed import Noted, run_ranks
from trainer.engines.trl.memory import answered, micro_batch_tokens
from trainer.engines.trl.options import options_of, processes_of

KINDS = ("grpo", "sft")
RANK = "trainer.engines.trl.rank"
"""The module that a rank runs."""


def train(attempt: Attempt) -> Succeeded:
    """In the process that was given the job: starts the ranks, and says how they ended."""
    job = attempt.job
    options = options_of(job)
    output = job.output.folder
    tokens = micro_batch_tokens(output, options.micro_batch_tokens)
    command = (RANK, str(attempt.file), repr(attempt.started), str(tokens))
    try:
        outcome: dict[str, Any] = run_ranks(command, processes_of(job, options), output, attempt.stop)
    except Noted as failure:
        if failure.notes:
            raise answered(output, tokens, failure.notes, str(failure)) from None
        raise
    return Succeeded.model_validate(outcome["succeeded"])
