"""A step's completions and what they earned, as the engines' GRPO has them before it learns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy

from trainer.contract.advantages import flat_groups
from trainer.contract.batches import Answer, Item, Rewards
from trainer.contract.failures import JobFailure
from trainer.contract.job import GrpoHyper
from trainer.contract.rows import Row
from trainer.contract.thinking import Split


@dataclass
class Rollout:
    """Completions of rows, those of a group one after another."""

    rows: list[int]
    """Of each completion, the number of its row."""
    prompts: list[list[int]]
    completions: list[list[int]]
    truncated: list[bool]
    splits: list[Split]
    logprobs: list[list[float]] | None = None
    """Of the sampled tokens, by the sampler; None where it is the policy itself."""
    answers: list[Answer] = field(default_factory=list)

    @property
    def rewards(self) -> Rewards:
        return Rewards(self.answers)

    def replace(self, groups: Sequence[int], others: "Rollout", size: int) -> None:
        """Has other groups, the first of `others`, in place of these."""
        for place, group in enumerate(groups):
            here, there = slice(group * size, (group + 1) * size), slice(place * size, (place + 1) * size)
            for name in ("rows", "prompts", "completions", "truncated", "splits", "logprobs", "answers"):
                if (values := getattr(self, name)) is not None:
                    values[here] = getattr(others, name)[there]


def items_of(rollout: Rollout, rows: Sequence[Row], step: int) -> list[Item]:
    """What the reward service is asked."""
    items = []
    for number, split, cut in zip(rollout.rows, rollout.splits, rollout.truncated, strict=True):
        item = {"itemId": rows[number].item_id, "response": split.answer, "truncated": cut, "step": step}
        items.append(item | ({"thinking": split.thinking} if split.thinking else {}))
    return items


def sampling_figures(lengths: Sequence[int], truncated: Sequence[bool], thinking: Sequence[int] | None) -> dict:
    """Fields of a step's line about its completions; `thinking` is None where it is not told apart."""
    figures: dict[str, Any] = {
        "completion_tokens": sum(lengths) / len(lengths),
        "truncated_share": sum(truncated) / len(lengths),
    }
    return figures if thinking is None else {**figures, "thinking_tokens": sum(thinking) / len(thinking)}


def reward_figures(rewards: Rewards, hyper: GrpoHyper, step: int) -> dict[str, Any]:
    """Fields of a step's line about its rewards.

    Raises JobFailure (class reward) where too many items could not be scored.
    """
    values = rewards.values
    scored = [value for value in values if value is not None]
    unscorable = len(values) - len(scored)
    if not scored or unscorable > hyper.max_unscorable_share * len(values):
        reasons = rewards.reasons
        raise JobFailure(
            "reward",
            f"{unscorable} of {len(values)} items of step {step} were unscorable, more than "
            f"hyper.maxUnscorableShare {hyper.max_unscorable_share:g} allows; a reason given: "
            f"{reasons[0] if reasons else 'none'}",
        )
    return {
        "reward": sum(scored) / len(scored),
        "reward_std": float(numpy.std(scored)),
        "flat_group_share": len(flat_groups(values, hyper.group_size)) / (len(values) // hyper.group_size),
        "unscorable": unscorable,
        "components": rewards.components,
        "overlong": rewards.overlong,
    }
