"""What must survive a restart beside the model."""

import json
from dataclasses import asdict, dataclass, field


@dataclass
class Progress:
    """Saved with every training state."""

    step: int = 0
    rewards: list[float] = field(default_factory=list)
    """Mean reward of every step so far."""
    tokens: int = 0
    """Completion tokens sampled (grpo) or learned (sft)."""
    seconds: float = 0.0
    """Seconds of training that the state stands for, over all attempts."""

    def saturated(self, window: int, threshold: float) -> bool:
        return len(self.rewards) >= window and sum(self.rewards[-window:]) / window >= threshold

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Progress":
        return Progress(**json.loads(text))
