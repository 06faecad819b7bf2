"""A stage's GRPO in TRL's names, the same for every engine that trains by it. Sources are in PAPER.md."""

from typing import Any

from trainer.contract.job import GrpoHyper

LOSSES = {"tokens": "dapo", "sequence": "grpo", "constant": "dr_grpo"}
SPREADS = {"group": "group", "step": "batch", "none": "none"}


def grpo_settings(hyper: GrpoHyper) -> dict[str, Any]:
    """Fields of TRL's GRPOConfig; by default as docs/rehearsal.md found them to work.

    TRL has no baseline but the group's mean: advantages.py has the others.
    """
    variant = hyper.variant
    return {
        "num_generations": hyper.group_size,
        "max_completion_length": hyper.max_completion_tokens,
        "beta": hyper.kl_coef,
        "epsilon": hyper.clip_low,
        "epsilon_high": hyper.clip_high,
        "temperature": hyper.temperature,
        "top_p": 1.0,
        "top_k": 0,
        "num_iterations": 1,
        "disable_dropout": True,
        "log_completions": False,
        "loss_type": LOSSES[variant.loss_per],
        "importance_sampling_level": variant.ratio,
        "scale_rewards": SPREADS[variant.spread],
        "use_bias_correction_kl": variant.kl_estimator == "unbiased",
    }
