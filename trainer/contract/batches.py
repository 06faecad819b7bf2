"""What is posted to the reward service and what it answers: protocol 2 of shared/reward/protocol.ts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from trainer.contract.failures import JobFailure, one_line
from trainer.contract.model import Open

BATCH_ITEMS = 256
BATCH_BYTES = 16 * 2**20

Item = dict[str, Any]


class Scored(Open):
    item_id: str
    status: Literal["scored"]
    reward: float
    components: dict[str, float] = Field(default_factory=dict)
    overlong: bool = False


class Unscorable(Open):
    item_id: str
    status: Literal["unscorable"]
    reason: str = "no reason given"
    overlong: bool = False


Answer = Annotated[Scored | Unscorable, Field(discriminator="status")]


@dataclass(frozen=True)
class Rewards:
    """Answers in the order of the items."""

    answers: list[Answer]

    @property
    def values(self) -> list[float | None]:
        return [answer.reward if answer.status == "scored" else None for answer in self.answers]

    @property
    def components(self) -> dict[str, float]:
        """Mean of each component over the scored items that have it."""
        sums: dict[str, list[float]] = {}
        for answer in self.answers:
            if answer.status == "scored":
                for name, part in answer.components.items():
                    sums.setdefault(name, []).append(part)
        return {name: sum(parts) / len(parts) for name, parts in sums.items()}

    @property
    def reasons(self) -> list[str]:
        """Why items were unscorable."""
        return [answer.reason for answer in self.answers if answer.status == "unscorable"]

    @property
    def overlong(self) -> int:
        """Items that were too long for their judge, scored 0 or unscorable as the recipe says."""
        return sum(answer.overlong for answer in self.answers)


class State(Open):
    """Where a batch stands."""

    id: str
    items: list[Answer | None]
    progress: float
    waiting: str | None = None
    """Why items wait: a judge is down."""


STATE = TypeAdapter(State)


def read_state(text: bytes, asked: list[Item]) -> State:
    try:
        state = STATE.validate_python(json.loads(text))
    except (ValueError, ValidationError) as error:
        problem = f"expected the state of a batch of rewards, got {text[:160]!r}: {one_line(str(error), 200)}"
        raise JobFailure("reward", problem) from error
    names = [item["itemId"] for item in asked]
    if len(state.items) != len(names):
        raise JobFailure("reward", f"expected {len(names)} reward items, got {len(state.items)}")
    for name, answer in zip(names, state.items, strict=True):
        if answer is not None and answer.item_id != name:
            raise JobFailure("reward", f"expected the reward of item {name}, got that of {answer.item_id}")
    return state


def batches_of(items: list[Item]) -> Iterator[slice]:
    """Consecutive items, as many as fit into a batch; one that is too long for any is a batch of its own."""
    start = size = 0
    for index, item in enumerate(items):
        length = len(encode([item]))
        if index > start and (index - start == BATCH_ITEMS or size + length > BATCH_BYTES):
            yield slice(start, index)
            start, size = index, 0
        size += length
    if items:
        yield slice(start, len(items))


def encode(items: list[Item]) -> bytes:
    # A lone surrogate, which a tokenizer may decode to, has no UTF-8.
    return json.dumps({"items": items}, ensure_ascii=False).encode(errors="replace")
