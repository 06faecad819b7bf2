"""What GRPO and SFT jobs share: our learning rate, and nothing that is of no use here."""

from typing import Any

import torch

from trainer.contract.schedule import warm_up
from trainer.engines.trl.run import Run


class JobTrainer:
    """Mixed into TRL's trainers."""

    run: Run

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        if self.lr_scheduler is None:
            factor = warm_up(self.run.job.hyper.warmup_steps)
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)
        return self.lr_scheduler

    def floating_point_ops(self, inputs: Any) -> int:
        return 0

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """States are not for publication."""
