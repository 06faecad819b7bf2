"""A job's rows, and the order in which training sees them: decided by the seed, so that resuming needs no position."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy
from pydantic import Field

from trainer.contract.failures import JobFailure
from trainer.contract.files import sha256_of
from trainer.contract.job import DatasetSpec, Task
from trainer.contract.model import Message, Open


class Row(Open):
    """A TrainingRow of shared/records.ts; `meta` is for the reward service, which reads it there."""

    item_id: str
    task: Task
    prompt: list[Message] = Field(min_length=1)
    meta: dict[str, Any]
    completion: str | None = None
    thinking: str | None = None
    """What the model thought before `completion`."""
    given: str | None = None
    """What of the answer stands before `completion`: shown, with the thinking, and not learned."""


def load_rows(spec: DatasetSpec, kind: str) -> list[Row]:
    """Reads one dataset and checks it against its digest and row count.

    Raises JobFailure (class data) that names the line.
    """
    try:
        digest = sha256_of(spec.path)
        if digest != spec.sha256:
            problem = f"dataset {spec.path} has sha256 {digest}, the job expects {spec.sha256}: it was changed or cut"
            raise JobFailure("data", problem)
        # Not as text, whose lines end at more characters than this one; JSON allows them within a text.
        lines = spec.path.read_bytes().removesuffix(b"\n").split(b"\n")
    except OSError as error:
        raise JobFailure("data", f"cannot read dataset {spec.path}: {error}") from error
    if len(lines) != spec.rows:
        raise JobFailure("data", f"dataset {spec.path} has {len(lines)} rows, the job expects {spec.rows}")
    return [parse_row(f"{spec.path} line {number}", line, kind) for number, line in enumerate(lines, start=1)]


def parse_row(place: str, line: bytes, kind: str) -> Row:
    try:
        value = json.loads(line)
        # Half of a surrogate pair is no character: neither tokenizers nor the reward service take it.
        json.dumps(value, ensure_ascii=False).encode()
        row = Row.model_validate(value)
    except UnicodeEncodeError as error:
        broken = f"\\u{ord(error.object[error.start]):04x}"
        around = error.object[max(0, error.start - 40) : error.start].encode("ascii", "backslashreplace").decode()
        item = value.get("itemId") if isinstance(value, dict) else None
        problem = (
            f"row {item!r} holds {broken}, half of a surrogate pair, after {around!r}: its text was cut within one"
        )
        raise JobFailure("data", f"{place}: {problem} character; replace it") from error
    except ValueError as error:
        problem = f"expected a training row with itemId, task, prompt messages and meta, got {line[:120]!r}"
        raise JobFailure("data", f"{place}: {problem}") from error
    if kind == "sft" and not row.completion:
        problem = f"expected a non-empty completion, which kind sft learns, got {row.completion!r}"
        raise JobFailure("data", f"{place}: {problem}")
    return row


T = TypeVar("T")


class Long(NamedTuple):
    """A row that is longer than the job allows."""

    item_id: str
    part: str
    """`prompt` or `completion`."""
    tokens: int
    limit: str
    """The field of the job's hyper that it does not keep."""
    most: int


def fitting(
    datasets: Sequence[Sequence[T]], too_long: Callable[[T], Long | None], share: float
) -> tuple[list[list[T]], list[Long]]:
    """The datasets without the rows that are too long, and those.

    Raises JobFailure (class data) where they are more than that share of all rows, or a whole dataset.
    """
    looked = [[(row, too_long(row)) for row in dataset] for dataset in datasets]
    kept = [[row for row, long in dataset if long is None] for dataset in looked]
    left_out = [long for dataset in looked for _, long in dataset if long is not None]
    total = sum(map(len, looked))
    if len(left_out) > share * total or not all(kept):
        worst = max(left_out, key=lambda long: long.tokens / long.most)
        raise JobFailure(
            "data",
            f"{len(left_out)} of {total} rows are too long, more than hyper.maxLongRowShare {share:g} allows or a "
            f"whole dataset; the longest, {worst.item_id}, has a {worst.part} of {worst.tokens} tokens, "
            f"hyper.{worst.limit} is {worst.most}; raise it, or lower the sampling's maxTokens that let texts grow",
        )
    return kept, left_out


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
