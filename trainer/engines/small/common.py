"""What GRPO and SFT jobs share: TRL settings, the learning rate, metrics, stopping and states."""

import math
import time
from typing import Any

import torch
from transformers import TrainerCallback

from trainer.contract.attempt import StopRequest
from trainer.contract.ends import end_of
from trainer.contract.failures import JobFailure
from trainer.contract.job import Job
from trainer.contract.metrics import Metrics, MetricsLine
from trainer.contract.progress import Progress
from trainer.contract.schedule import warm_up
from trainer.contract.states import seal
from trainer.contract.watches import look
from trainer.engines.small.internals import StateTrainer

LOGITS_PER_PASS = 2**28
"""Numbers that a forward pass may have as logits: as float32 a gibibyte, and its gradients some more."""


class Run(TrainerCallback):
    """One attempt at a job: counts steps, writes metrics, decides when to save and when to stop."""

    def __init__(self, job: Job, progress: Progress, stop: StopRequest):
        self.job = job
        self.progress = progress
        self.stop = stop
        self.metrics = Metrics(job.output.folder / "metrics.jsonl")
        self.line: dict[str, Any] = {}
        """Fields of the step's MetricsLine, as they become known."""
        self.sampling: dict[str, Any] = {}
        """Those that are of the last sampling, for all its steps."""
        self.step_started = 0.0
        self.step_tokens = 0
        self.saved_step = progress.step

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.line = {"loss": 0.0, **self.sampling}
        self.step_tokens = 0
        self.begin_batch()

    def begin_batch(self) -> None:
        """The step's clock starts before its data is prepared."""
        self.step_started = time.perf_counter()

    def check_loss(self, loss: torch.Tensor) -> None:
        value = float(loss)
        if not math.isfinite(value):
            remedy = "lower hyper.learningRate or raise hyper.warmupSteps"
            raise JobFailure("app", f"the loss became {value} at step {self.progress.step + 1}; {remedy}")
        self.line["loss"] += value

    def check_gradient(self, norm: float) -> None:
        if not math.isfinite(norm):
            problem = f"the gradient became {norm} at step {self.progress.step + 1}"
            raise JobFailure("app", f"{problem}; lower hyper.learningRate")
        self.line["gradient_norm"] = norm

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, optimizer: Any = None, **_: Any) -> None:
        self.line["learning_rate"] = optimizer.param_groups[0]["lr"]

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        hyper = self.job.hyper
        seconds = time.perf_counter() - self.step_started
        line = MetricsLine(step=state.global_step, step_seconds=round(seconds, 4), **self.line)
        self.progress.step = line.step
        self.progress.seconds += seconds
        self.progress.tokens += self.step_tokens
        self.progress.rewards.append(line.reward)
        self.metrics.write(line)
        if self.job.kind == "grpo":
            look(self.progress, hyper.watches, line)
        control.should_training_stop = self.finished() or self.stop.asked
        control.should_log = control.should_evaluate = False
        control.should_save = control.should_training_stop or line.step % hyper.checkpoint_every_steps == 0
        return control

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        seal(self.job.output.folder / "state" / f"checkpoint-{state.global_step}", self.progress)
        self.saved_step = state.global_step
        # The end of an epoch would save the same step again.
        control.should_save = False
        return control

    def finished(self) -> bool:
        """Whether the step that the job stands at is its last."""
        return end_of(self.job, self.progress) is not None


def device_settings() -> dict[str, Any]:
    """float32 on a CPU; bfloat16 autocast on a GPU that has it."""
    cuda = torch.cuda.is_available()
    return {"bf16": cuda and torch.cuda.is_bf16_supported(), "use_cpu": not cuda}


def shared_settings(job: Job) -> dict[str, Any]:
    """TrainingArguments that both kinds have in common: everything that costs time and teaches nothing is off."""
    return {
        "output_dir": str(job.output.folder / "state"),
        "max_steps": job.hyper.max_steps,
        "learning_rate": job.hyper.learning_rate,
        "weight_decay": 0.0,
        "seed": job.hyper.seed % 2**32,
        "data_seed": job.hyper.seed % 2**32,
        # The dataset is in the order that training sees it in; a resumed job skips what it has seen.
        "shuffle_dataset": False,
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


class JobTrainer(StateTrainer):
    """Mixed into TRL's trainers: our learning rate, losses that are checked, no model cards."""

    run: Run

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        if self.lr_scheduler is None:
            factor = warm_up(self.run.job.hyper.warmup_steps)
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)
        return self.lr_scheduler

    def training_step(self, *arguments: Any, **named: Any) -> torch.Tensor:
        loss = super().training_step(*arguments, **named)
        self.run.check_loss(loss)
        return loss

    def note_gradient(self, norm: float) -> None:
        self.run.check_gradient(norm)

    def floating_point_ops(self, inputs: Any) -> int:
        return 0

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """States are not for publication."""
