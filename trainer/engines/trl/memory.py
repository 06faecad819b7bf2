"""What a training that ran out of memory leaves for the next attempt: a smaller micro-batch, never the same again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer.contract.failures import JobFailure
from trainer.contract.files import write_atomically

FILE = "microbatch.json"
REMEDY = (
    "lower hyper.maxCompletionTokens or hyper.maxPromptTokens, set engineOptions.gradientCheckpointing, "
    "engineOptions.sharding fsdp2 or engineOptions.lora, or give the job more or larger GPUs"
)


def micro_batch_tokens(output: Path, asked: int) -> int:
    """As the job says, or what an attempt before has left room for."""
    try:
        return min(asked, int(json.loads((output / FILE).read_text())["microBatchTokens"]))
    except FileNotFoundError:
        return asked


def answered(output: Path, tokens: int, notes: Mapping[str, Any], message: str) -> JobFailure:
    """What a job fails with that had micro-batches of so many tokens, and is out of memory.

    `notes` say what was computed: `rows` of how many `tokens`, 0 rows where it was no pass. Class capacity, and the
    next attempt takes half; class app where a single row was too long.
    """
    rows, most = int(notes["rows"]), int(notes["longest"])
    doing = f"in a pass over {rows} rows of {notes['tokens']} tokens" if rows else f"while {notes['doing']}"
    if rows == 1 or (rows == 0 and tokens <= most):
        return JobFailure("app", f"out of memory {doing}, and no smaller micro-batch is left; {REMEDY} ({message})")
    # A pass may have been smaller than it could be.
    next_tokens = max(1, min(tokens, int(notes["tokens"]) if rows else tokens) // 2)
    write_atomically(output / FILE, json.dumps({"microBatchTokens": next_tokens}) + "\n")
    again = f"the next attempt takes micro-batches of {next_tokens} tokens, not {tokens}"
    return JobFailure("capacity", f"out of memory {doing}; {again} ({message})")
