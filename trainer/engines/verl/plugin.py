"""What verl imports into all of its processes: our advantages, and a word in when it saves and stops.

Both are used in its driver alone, where a step's rewards become advantages before the weights change.
"""

import os
from pathlib import Path
from typing import Any

import torch
from verl.trainer.ppo.checkpoint_callback import CheckpointCallback
from verl.trainer.ppo.core_algos import register_adv_est

from trainer.contract.job import parse_job, read_json
from trainer.engines.verl.course import Course
from trainer.engines.verl.judging import note_failure
from trainer.engines.verl.overrides import ESTIMATOR
from trainer.engines.verl.place import Place


class Driver:
    """The driver's course, opened when it is first needed: there are many processes, and one driver."""

    course: Course | None = None
    saved: "Saved | None" = None

    @classmethod
    def opened(cls) -> Course:
        if cls.course is None:
            job = parse_job(read_json(Path(os.environ["FLYWHEEL_VERL_JOB"])))
            cls.course = Course(job, Place(job.output.folder))
        return cls.course


@register_adv_est(ESTIMATOR)
def estimate(
    token_level_rewards: torch.Tensor, response_mask: torch.Tensor, index: Any, config: Any = None, **_: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """The job's variant of GRPO; a completion without a reward has NaN among its tokens' and advantage 0."""
    course = Driver.opened()
    try:
        scores = token_level_rewards.sum(-1).tolist()
        values = course.advantages(scores, list(index), int(response_mask.sum()))
    except Exception as error:
        note_failure(course.place, error)
        raise
    if course.ends() and Driver.saved is not None:
        Driver.saved.save_this_step()
    spread = torch.tensor(values, dtype=torch.float32, device=response_mask.device).unsqueeze(-1) * response_mask
    return spread, spread


class Saved(CheckpointCallback):
    """Made by verl's driver, which hands its whole configuration in."""

    def __init__(self, config: Any = None):
        super().__init__(config)
        Driver.saved = self

    def save_this_step(self) -> None:
        self.config.trainer.save_freq = 1

    def on_save(self, trainer: Any, global_step: int, **_: Any) -> None:
        """After a state is whole: where the training shall end, this was its last step."""
        if Driver.opened().ends():
            trainer.total_training_steps = global_step
