"""A training's course as verl's driver sees it: a step's rewards become advantages, are written down, and may end it.

Needs numpy alone: `plugin` hands it what verl has.
"""

import json
from collections.abc import Hashable, Sequence
from typing import Any

import numpy

from trainer.contract.advantages import advantages, flat_groups
from trainer.contract.failures import JobFailure
from trainer.contract.files import write_atomically
from trainer.contract.job import GrpoJob
from trainer.contract.progress import Progress
from trainer.engines.verl.place import Place


def by_group(groups: Sequence[Hashable], size: int) -> list[list[int]]:
    """The places of each group's completions, in the order in which groups appear. Raises JobFailure where one is too
    large: verl would have put two prompts together."""
    places: dict[Hashable, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    largest = max(map(len, places.values()), default=0)
    if largest > size:
        raise JobFailure("app", f"expected groups of at most {size} completions of verl, got one of {largest}")
    return list(places.values())


class Course:
    """What survives an attempt are the records below `place.steps`, a line a step."""

    def __init__(self, job: GrpoJob, place: Place):
        self.job = job
        self.place = place
        self.step = place.saved_step()
        """The last step that is done."""
        self.records = [record for record in read_records(place) if record["step"] <= self.step]
        write_atomically(place.steps, "".join(json.dumps(record) + "\n" for record in self.records))

    def advantages(self, scores: Sequence[float], groups: Sequence[Hashable], tokens: int) -> list[float]:
        """Of each completion, by the job's variant of GRPO; 0 where there is no reward, which is NaN in verl.

        Takes the step down. Raises JobFailure (class reward) where too many could not be scored.
        """
        hyper = self.job.hyper
        places = by_group(groups, hyper.group_size)
        rewards = [None if numpy.isnan(score) else float(score) for score in scores]
        # A completion that verl has lost is one without a reward.
        padded = [[rewards[place] for place in group] + [None] * (hyper.group_size - len(group)) for group in places]
        grouped = [reward for group in padded for reward in group]
        self.take_down(rewards, grouped, tokens)
        values = numpy.array(advantages(grouped, hyper.group_size, hyper.variant)).reshape(-1, hyper.group_size)
        result = [0.0] * len(rewards)
        for group, row in zip(places, values.tolist(), strict=True):
            for place, value in zip(group, row, strict=False):
                result[place] = value
        return result

    def take_down(self, rewards: list[float | None], grouped: list[float | None], tokens: int) -> None:
        hyper = self.job.hyper
        scored = [reward for reward in rewards if reward is not None]
        unscorable = len(rewards) - len(scored)
        if not scored or unscorable > hyper.max_unscorable_share * len(rewards):
            raise JobFailure(
                "reward",
                f"{unscorable} of {len(rewards)} items of step {self.step + 1} were unscorable, more than "
                f"hyper.maxUnscorableShare {hyper.max_unscorable_share:g} allows; the reward service's log says why",
            )
        self.step += 1
        record = {
            "step": self.step,
            "reward": sum(scored) / len(scored),
            "rewardStd": float(numpy.std(scored)),
            "flatGroupShare": len(flat_groups(grouped, hyper.group_size)) * hyper.group_size / len(grouped),
            "unscorable": unscorable,
            "tokens": tokens,
        }
        self.records.append(record)
        with open(self.place.steps, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def ends(self) -> bool:
        """Whether the step that is under way shall be the last: it is saturated, or somebody asked to stop."""
        hyper = self.job.hyper
        progress = progress_of(self.records, self.step)
        return self.place.stop.exists() or progress.saturated(hyper.saturation_window, hyper.saturation_reward)


def read_records(place: Place) -> list[dict[str, Any]]:
    """The last line of each step, in order; a torn one is none."""
    records: dict[int, dict[str, Any]] = {}
    for line in place.steps.read_text().split("\n") if place.steps.exists() else []:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        records[record["step"]] = record
    return [records[step] for step in sorted(records)]


def progress_of(records: Sequence[dict[str, Any]], step: int) -> Progress:
    """Where the training stands after that step, but for its seconds."""
    done = [record for record in records if record["step"] <= step]
    rewards = [record["reward"] for record in done]
    return Progress(step=step, rewards=rewards, tokens=sum(record["tokens"] for record in done))
