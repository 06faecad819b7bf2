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

    def saturated(self, window: int, threshold: float) -> bool:
        return len(self.rewards) >= window and sum(self.rewards[-window:]) / window >= threshold
