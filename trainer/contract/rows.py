"""A job's rows, and in which order training sees them: a pure function of seed and step, so that a resumed job needs no position file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from trainer.contract.failures import JobFailure
from trainer.contract.files import sha256_of
from trainer.contract.job import DatasetSpec

TASKS = ("prove", "refine", "selfVerify", "selfRefine", "verify", "metaVerify")


@dataclass(frozen=True)
class Row:
    """A TrainingRow of shared/records.ts; `meta` goes back to the reward service untouched."""

    item_id: str
    task: str
    prompt: list[dict[str, str]]
    meta: dict[str, Any]
    completion: str | None


def load_rows(spec: DatasetSpec, kind: str) -> list[Row]:
    """Reads one dataset and checks it against its digest and row count. Raises JobFailure (class data) that names the line."""
    try:
        digest = sha256_of(spec.path)
        if digest != spec.sha256:
            raise JobFailure(
                "data", f"dataset {spec.path} has sha256 {digest}, the job expects {spec.sha256}: it was changed or cut"
            )
        lines = spec.path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise JobFailure("data", f"cannot read dataset {spec.path}: {error}") from error
    if len(lines) != spec.rows:
        raise JobFailure("data", f"dataset {spec.path} has {len(lines)} rows, the job expects {spec.rows}")
    return [parse_row(f"{spec.path} line {number}", line, kind) for number, line in enumerate(lines, start=1)]


def parse_row(place: str, line: str, kind: str) -> Row:
    try:
        value = json.loads(line)
        prompt = value["prompt"]
        row = Row(value["itemId"], value["task"], prompt, value["meta"], value.get("completion"))
        well_formed = (
            isinstance(row.item_id, str)
            and row.task in TASKS
            and isinstance(row.meta, dict)
            and isinstance(prompt, list)
            and bool(prompt)
            and all(isinstance(message["role"], str) and isinstance(message["content"], str) for message in prompt)
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JobFailure(
            "data", f"{place}: expected a training row with itemId, task, prompt and meta, got {line[:120]!r}"
        ) from error
    if not well_formed:
        raise JobFailure(
            "data", f"{place}: expected a training row with itemId, task, prompt messages and meta, got {line[:120]!r}"
        )
    if kind == "sft" and (not isinstance(row.completion, str) or not row.completion):
        raise JobFailure(
            "data", f"{place}: expected a non-empty completion, which kind sft learns, got {row.completion!r}"
        )
    return row


class Mixture:
    """Which rows each step sees. Datasets share every batch by weight, and each is walked in its own shuffled passes.

    Every next row comes from the dataset that is furthest behind its share, so counts stay within one of what is due.
    """

    def __init__(self, sizes: Sequence[int], weights: Sequence[float], per_step: int, seed: int):
        self.sizes = list(sizes)
        self.shares = [weight / sum(weights) for weight in weights]
        self.per_step = per_step
        self.seed = seed
        self.offsets = [sum(self.sizes[:index]) for index in range(len(self.sizes))]
        self.passes: dict[tuple[int, int], numpy.ndarray] = {}
        self.taken = [0] * len(self.sizes)
        self.next_step = 0

    def step(self, step: int) -> list[int]:
        """Indices into the concatenated rows for a step counted from 0. Steps are walked forward; an earlier one starts over."""
        if step < self.next_step:
            self.taken = [0] * len(self.sizes)
            self.next_step = 0
        while self.next_step < step:
            for _ in range(self.per_step):
                self.taken[self.furthest_behind()] += 1
            self.next_step += 1
        chosen = []
        for _ in range(self.per_step):
            dataset = self.furthest_behind()
            number, place = divmod(self.taken[dataset], self.sizes[dataset])
            chosen.append(self.offsets[dataset] + int(self.order(dataset, number)[place]))
            self.taken[dataset] += 1
        self.next_step += 1
        return chosen

    def furthest_behind(self) -> int:
        total = sum(self.taken) + 1
        return max(range(len(self.sizes)), key=lambda dataset: self.shares[dataset] * total - self.taken[dataset])

    def order(self, dataset: int, number: int) -> numpy.ndarray:
        """The order of one pass over a dataset."""
        key = (dataset, number)
        if key not in self.passes:
            random = numpy.random.Generator(numpy.random.PCG64([self.seed, dataset, number]))
            self.passes = {kept: order for kept, order in self.passes.items() if kept[0] != dataset}
            self.passes[key] = random.permutation(self.sizes[dataset])
        return self.passes[key]
