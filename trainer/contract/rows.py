"""A job's rows, and the order in which training sees them: decided by the seed, so that resuming needs no position."""

import json
from collections.abc import Sequence
from typing import Any, Literal

import numpy
from pydantic import Field

from trainer.contract.failures import JobFailure
from trainer.contract.files import sha256_of
from trainer.contract.job import DatasetSpec
from trainer.contract.model import Message, Open


class Row(Open):
    """A TrainingRow of shared/records.ts; `meta` is for the reward service, which reads it there."""

    item_id: str
    task: Literal["prove", "refine", "selfVerify", "selfRefine", "verify", "metaVerify"]
    prompt: list[Message] = Field(min_length=1)
    meta: dict[str, Any]
    completion: str | None = None


def load_rows(spec: DatasetSpec, kind: str) -> list[Row]:
    """Reads one dataset and checks it against its digest and row count.

    Raises JobFailure (class data) that names the line.
    """
    try:
        digest = sha256_of(spec.path)
        if digest != spec.sha256:
            problem = f"dataset {spec.path} has sha256 {digest}, the job expects {spec.sha256}: it was changed or cut"
            raise JobFailure("data", problem)
        # Not splitlines, which also breaks at characters that JSON allows within a text.
        lines = spec.path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise JobFailure("data", f"cannot read dataset {spec.path}: {error}") from error
    if len(lines) != spec.rows:
        raise JobFailure("data", f"dataset {spec.path} has {len(lines)} rows, the job expects {spec.rows}")
    return [parse_row(f"{spec.path} line {number}", line, kind) for number, line in enumerate(lines, start=1)]


def parse_row(place: str, line: str, kind: str) -> Row:
    try:
        row = Row.model_validate(json.loads(line))
    except ValueError as error:
        problem = f"expected a training row with itemId, task, prompt messages and meta, got {line[:120]!r}"
        raise JobFailure("data", f"{place}: {problem}") from error
    if kind == "sft" and not row.completion:
        problem = f"expected a non-empty completion, which kind sft learns, got {row.completion!r}"
        raise JobFailure("data", f"{place}: {problem}")
    return row


def mixture(sizes: Sequence[int], weights: Sequence[float], count: int, seed: int) -> list[int]:
    """The first `count` rows that training sees, as indices into the datasets' rows end to end.

    Datasets share every batch by weight, and each is walked in its own shuffled passes. Every next row comes from the
    dataset that is furthest behind its share, so counts stay within one of what is due.
    """
    shares = [weight / sum(weights) for weight in weights]
    offsets = [sum(sizes[:index]) for index in range(len(sizes))]
    taken = [0] * len(sizes)
    orders = [numpy.empty(0, dtype=int)] * len(sizes)
    chosen = []
    for due in range(1, count + 1):
        behind = [share * due - so_far for share, so_far in zip(shares, taken, strict=True)]
        dataset = behind.index(max(behind))
        passes, place = divmod(taken[dataset], sizes[dataset])
        if place == 0:
            random = numpy.random.Generator(numpy.random.PCG64([seed, dataset, passes]))
            orders[dataset] = random.permutation(sizes[dataset])
        chosen.append(offsets[dataset] + int(orders[dataset][place]))
        taken[dataset] += 1
    return chosen
