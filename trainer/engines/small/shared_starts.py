"""Texts that begin alike, of which a step of SFT reads the beginning once.

The instructions of a prompt are most of it where a task is explained in words, and all rows of the task begin with
them: as a group's prompt in GRPO they are read once for all rows that have them, and learn from each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# Tokens. Of fewer the whole texts are read, as ever: no training of short prompts computes anything in another way.
LEAST_SHARED = 384


@dataclass(frozen=True)
class Written:
    """A row as tokens, the learned ones from `start` on."""

    ids: list[int]
    start: int


@dataclass(frozen=True)
class Alike:
    """Rows whose first `shared` tokens are the same, none of them learned."""

    rows: list[Written]
    shared: int

    @property
    def start(self) -> list[int]:
        return self.rows[0].ids[: self.shared]

    @property
    def rests(self) -> list[list[int]]:
        return [row.ids[self.shared :] for row in self.rows]

    @property
    def unasked(self) -> list[int]:
        """Tokens of each rest that are not learned."""
        return [row.start - self.shared for row in self.rows]


def alike(rows: Sequence[Written], least: int = LEAST_SHARED) -> list[Alike]:
    """All rows by what they begin with; one that begins as no other does is alone, and shares its prompt with itself.

    Equal batches give equal lists.
    """
    found: list[Alike] = []
    for row in sorted(rows, key=lambda row: row.ids):
        if found:
            shared = common(found[-1].start, row)
            if shared >= least:
                found[-1] = Alike([*found[-1].rows, row], shared)
                continue
        found.append(Alike([row], row.start))
    return found


def common(start: list[int], row: Written) -> int:
    """Tokens that a row's prompt begins with as that start does."""
    ids = row.ids[: min(len(start), row.start)]
    return next((place for place, (a, b) in enumerate(zip(start, ids, strict=False)) if a != b), len(ids))
