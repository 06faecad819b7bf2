"""Variants of GRPO in TRL's names. Sources are in PAPER.md."""

from typing import Any

from trainer.contract.job import GrpoVariant

LOSSES = {"tokens": "dapo", "sequence": "grpo", "constant": "dr_grpo"}
SPREADS = {"group": "group", "step": "batch", "none": "none"}


def variant_settings(variant: GrpoVariant) -> dict[str, Any]:
    """Fields of TRL's GRPOConfig; by default as docs/rehearsal.md found them to work.

    TRL has no baseline but the group's mean: advantages.py has the others.
    """
    return {
        "loss_type": LOSSES[variant.loss_per],
        "importance_sampling_level": variant.ratio,
        "scale_rewards": SPREADS[variant.spread],
        "use_bias_correction_kl": variant.kl_estimator == "unbiased",
    }
