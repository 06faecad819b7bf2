"""How a step is read: in passes that hold so many tokens, as many on every rank, whatever rows they are of."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch


class Length(NamedTuple):
    """Of a row, in tokens."""

    prompt: int
    completion: int


def padded(rows: Sequence[Length]) -> int:
    """Tokens of a pass over these rows, padding included."""
    return len(rows) * (max(row.prompt for row in rows) + max(row.completion for row in rows))


def plan(ranks: Sequence[Sequence[Length]], tokens: int) -> list[list[list[int]]]:
    """The passes of each rank, as indices into its rows, of which all ranks have as many.

    Rows are read in order of their length. A pass has at most so many tokens on every rank, or is of one row; the first
    passes of all ranks are of as many rows, and so are all others: TRL has ranks compare notes row by row. Of the same
    rows all ranks make the same plan.
    """
    orders = [sorted(range(len(rows)), key=lambda index: (sum(rows[index]), index)) for rows in ranks]
    cuts = [0]
    for end in range(1, len(orders[0])):
        widest = max(
            padded([rows[row] for row in order[cuts[-1] : end + 1]]) for rows, order in zip(ranks, orders, strict=True)
        )
        if widest > tokens:
            cuts.append(end)
    ends = [*cuts[1:], len(orders[0])]
    return [[order[start:end] for start, end in zip(cuts, ends, strict=True)] for order in orders]


def dealt(order: Sequence[int], per_step: int, steps: int, ranks: int) -> list[int]:
    """Rows in the order in which samplings that are for several steps are dealt out, a run of them to each rank.

    A step is then of the same rows as with one rank. `per_step` is a multiple of `ranks`.
    """
    share = per_step // ranks
    return [
        row
        for start in range(0, len(order), per_step * steps)
        for rank in range(ranks)
        for step in range(steps)
        for row in order[start + step * per_step + rank * share :][:share]
    ]


def part(batch: dict[str, Any], rows: Sequence[int], length: Length) -> dict[str, Any]:
    """A pass over those rows of a batch of GRPO, whose prompts are padded on the left and completions on the right."""
    chosen = torch.tensor(rows, device=batch["prompt_ids"].device)
    width = batch["completion_ids"].shape[1]
    taken = {}
    for name, value in batch.items():
        if not isinstance(value, torch.Tensor) or value.dim() == 0:
            taken[name] = value
        elif name in ("prompt_ids", "prompt_mask"):
            taken[name] = value[chosen, value.shape[1] - length.prompt :]
        elif value.dim() == 2 and value.shape[1] == width:
            taken[name] = value[chosen, : length.completion]
        else:
            taken[name] = value[chosen]
    return taken


def longest(rows: Sequence[Length]) -> Length:
    return Length(max(row.prompt for row in rows), max(row.completion for row in rows))
