"""What GRPO and SFT jobs share: TRL settings, the learning rate, data order, metrics, stopping and states."""

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import TrainerCallback

from trainer.contract.failures import JobFailure, Preempted
from trainer.contract.job import Job
from trainer.contract.progress import Metrics, Progress
from trainer.contract.rows import Mixture
from trainer.contract.states import seal


class StopRequest:
    """Set by SIGTERM. Long waits for others are cut short; a step that computes is finished."""

    def __init__(self) -> None:
        self.asked = False
        self.interruptible = False

    def handle(self, _signal: int, _frame: Any) -> None:
        self.asked = True
        if self.interruptible:
            raise Preempted()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        self.interruptible = True
        try:
            if self.asked:
                raise Preempted()
            yield
        finally:
            self.interruptible = False


class StepOrder(Sampler[int]):
    """Row indices step after step from the step the trainer has reached, each repeated `copies` times."""

    def __init__(self, mixture: Mixture, steps: int, copies: int, run: "Run"):
        self.mixture, self.steps, self.copies, self.run = mixture, steps, copies, run

    def __iter__(self) -> Iterator[int]:
        for step in range(self.run.progress.step, self.steps):
            for index in self.mixture.step(step):
                for _ in range(self.copies):
                    yield index

    def __len__(self) -> int:
        return self.steps * self.mixture.per_step * self.copies


class Run(TrainerCallback):
    """One attempt at a job: counts steps, writes metrics, decides when to save and when to stop."""

    def __init__(self, job: Job, progress: Progress, stop: StopRequest):
        self.job = job
        self.progress = progress
        self.stop = stop
        self.metrics = Metrics(job.output / "metrics.jsonl")
        self.stop_reason = "maxSteps"
        self.line = empty_line()
        self.step_started = 0.0
        self.step_tokens = 0
        self.saved_step = progress.step

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.line = empty_line()
        self.step_tokens = 0

    def begin_batch(self) -> None:
        """The step's clock starts before its data is prepared."""
        self.step_started = time.perf_counter()

    def check_loss(self, loss: torch.Tensor) -> None:
        value = float(loss)
        if not math.isfinite(value):
            raise JobFailure(
                "app",
                f"the loss became {value} at step {self.progress.step + 1}; lower hyper.learningRate or raise hyper.warmupSteps",
            )
        self.line["loss"] += value

    def on_pre_optimizer_step(
        self, args: Any, state: Any, control: Any, model: Any = None, optimizer: Any = None, **_: Any
    ) -> None:
        norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
        if not bool(torch.isfinite(norm)):
            raise JobFailure(
                "app", f"the gradient became {float(norm)} at step {self.progress.step + 1}; lower hyper.learningRate"
            )
        self.line["learningRate"] = optimizer.param_groups[0]["lr"]

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        hyper = self.job.hyper
        seconds = time.perf_counter() - self.step_started
        self.progress.step = state.global_step
        self.progress.seconds += seconds
        self.progress.tokens += self.step_tokens
        self.progress.rewards.append(self.line["reward"])
        self.metrics.write({"step": state.global_step, **self.line, "stepSeconds": round(seconds, 4)})
        if self.job.kind == "grpo" and self.progress.saturated(hyper.saturation_window, hyper.saturation_reward):
            self.stop_reason = "saturated"
            control.should_training_stop = True
        if state.global_step >= hyper.max_steps or self.stop.asked:
            control.should_training_stop = True
        control.should_log = control.should_evaluate = False
        control.should_save = control.should_training_stop or state.global_step % hyper.checkpoint_every_steps == 0
        return control

    def finished(self) -> bool:
        """Whether the state that the job stands at is already its last."""
        hyper = self.job.hyper
        if self.job.kind == "grpo" and self.progress.saturated(hyper.saturation_window, hyper.saturation_reward):
            self.stop_reason = "saturated"
            return True
        return self.progress.step >= hyper.max_steps


def empty_line() -> dict[str, Any]:
    """A metrics line's fields; those of the reward stay 0 for sft, which has none."""
    zeros = (
        "reward",
        "rewardStd",
        "flatGroupShare",
        "completionTokens",
        "truncatedShare",
        "loss",
        "learningRate",
        "sampleSeconds",
        "rewardSeconds",
    )
    return {**dict.fromkeys(zeros, 0.0), "unscorable": 0, "components": {}}


def warm_up(warmup_steps: int):
    """Learning rate factor: rises evenly over `warmup_steps` steps, the first of which already learns, then stays."""
    return lambda step: min(1.0, (step + 1) / (warmup_steps + 1))


def device_settings() -> dict[str, Any]:
    """float32 on a CPU; bfloat16 autocast on a GPU that has it."""
    cuda = torch.cuda.is_available()
    return {"bf16": cuda and torch.cuda.is_bf16_supported(), "use_cpu": not cuda}


def shared_settings(job: Job) -> dict[str, Any]:
    """TrainingArguments that both kinds have in common: everything that costs time and teaches nothing is off."""
    return {
        "output_dir": str(job.output / "state"),
        "max_steps": job.hyper.max_steps,
        "learning_rate": job.hyper.learning_rate,
        "weight_decay": 0.0,
        "seed": job.hyper.seed % 2**32,
        "data_seed": job.hyper.seed % 2**32,
        "ignore_data_skip": True,
        "save_strategy": "no",
        "logging_strategy": "no",
        "eval_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "gradient_checkpointing": False,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": False,
        "skip_memory_metrics": True,
        **device_settings(),
    }


class JobTrainer:
    """Mixed into TRL's trainers: our learning rate, our data order, our states."""

    run: Run

    def attach(self, run: Run) -> None:
        self.run = run

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        if self.lr_scheduler is None:
            factor = warm_up(self.run.job.hyper.warmup_steps)
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def training_step(self, *arguments: Any, **named: Any) -> torch.Tensor:
        loss = super().training_step(*arguments, **named)
        self.run.check_loss(loss)
        return loss

    def floating_point_ops(self, inputs: Any) -> int:
        return 0

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """States are not for publication."""

    def save_state_now(self) -> None:
        """Saves the state at the current step, unless it is saved already."""
        self._save_checkpoint(self.model, trial=None)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        step = self.state.global_step
        if step == 0 or step == self.run.saved_step:
            return
        super()._save_checkpoint(model, trial)
        seal(self.run.job.output / "state" / f"checkpoint-{step}", self.run.progress)
        self.run.saved_step = step
