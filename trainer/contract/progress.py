"""What must survive a restart beside the model."""

from pydantic import BaseModel


class Progress(BaseModel):
    """Saved with every training state."""

    step: int = 0
    rewards: list[float] = []
    """Mean reward of every step so far."""
    tokens: int = 0
    """Completion tokens sampled (grpo) or learned (sft)."""
    seconds: float = 0.0
    """Seconds of training that the state stands for, over all attempts."""
    figures: dict[str, list[float]] = {}
    """Of the metrics that are watched, the values of the last steps."""
    watched: dict[int, str] = {}
    """What watches said when they first struck, by their place in the job file."""
    stopped: bool = False
    """A watch has ended the training at this step."""

    def saturated(self, window: int, threshold: float) -> bool:
        return len(self.rewards) >= window and sum(self.rewards[-window:]) / window >= threshold
