"""One attempt at a job as a rank sees it: counts steps, writes metrics, and decides with the others when to stop."""

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
from trainer.contract.remote.kept import folder_written
from trainer.contract.states import seal
from trainer.contract.watches import look
from trainer.engines.trl.ranks import Ranks


class Run(TrainerCallback):
    """What it writes is of the whole step over all ranks; what it decides, all of them decide alike."""

    def __init__(self, job: Job, progress: Progress, stop: StopRequest, ranks: Ranks, where: dict[str, Any]):
        self.job = job
        self.progress = progress
        self.stop = stop
        self.ranks = ranks
        self.where = where
        """What is computed, for those who ask when memory ran out."""
        self.metrics = Metrics(job.output.folder / "metrics.jsonl") if ranks.first else None
        self.line: dict[str, Any] = {}
        """Fields of the step's MetricsLine that are known on all ranks, as they become known."""
        self.sampling: dict[str, Any] = {}
        """Those that are of the last sampling, for all its steps."""
        self.loss = 0.0
        """This rank's part of the loss: the mean over the ranks is the step's."""
        self.step_started = 0.0
        self.step_tokens = 0
        """Of all ranks."""
        self.saved_step = progress.step

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.line, self.loss, self.step_tokens = {**self.sampling}, 0.0, 0
        self.step_started = time.perf_counter()
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()

    def doing(self, what: str, rows: int = 0, tokens: int = 0) -> None:
        self.where |= {"doing": what, "rows": rows, "tokens": tokens}

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, optimizer: Any = None, **_: Any) -> None:
        self.doing("changing the weights")
        self.line["learning_rate"] = optimizer.param_groups[0]["lr"]

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        job, progress = self.job, self.progress
        peak = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
        said = self.ranks.all((self.loss, time.perf_counter() - self.step_started, peak, self.stop.asked))
        losses, seconds, peaks, asked = zip(*said, strict=True)
        self.line["loss"] = sum(losses) / len(losses)
        if max(peaks):
            self.line["peak_memory_bytes"] = max(peaks)
        self.check(state.global_step)
        line = MetricsLine(step=state.global_step, step_seconds=round(max(seconds), 4), **self.line)
        progress.step = line.step
        progress.seconds += max(seconds)
        progress.tokens += self.step_tokens
        progress.rewards.append(line.reward)
        if self.metrics is not None:
            self.metrics.write(line)
        if job.kind == "grpo":
            look(progress, job.hyper.watches, line)
        control.should_training_stop = end_of(job, progress) is not None or any(asked)
        control.should_log = control.should_evaluate = False
        control.should_save = control.should_training_stop or line.step % job.hyper.checkpoint_every_steps == 0
        return control

    def check(self, step: int) -> None:
        """Raises JobFailure (class app), on all ranks, where the training has diverged."""
        for what, value in (("loss", self.line["loss"]), ("gradient", self.line["gradient_norm"])):
            if not math.isfinite(value):
                remedy = "lower hyper.learningRate or raise hyper.warmupSteps"
                raise JobFailure("app", f"the {what} became {value} at step {step}; {remedy}")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """After all ranks have saved."""
        folder = self.job.output.folder / "state" / f"checkpoint-{state.global_step}"
        ranks = self.ranks
        ranks.agreed(lambda: folder_written(folder, ranks.number, ranks.count))
        ranks.of_first(lambda: seal(folder, self.progress, stored=True))
        self.saved_step = state.global_step
        # The end of an epoch would save the same step again.
        control.should_save = False
        return control
