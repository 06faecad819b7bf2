"""The learning rate over a job's steps."""

from collections.abc import Callable


def warm_up(warmup_steps: int) -> Callable[[int], float]:
    """Learning rate factor: rises evenly over `warmup_steps` steps, the first of which already learns, then stays."""
    return lambda step: min(1.0, (step + 1) / (warmup_steps + 1))
