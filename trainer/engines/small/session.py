"""One attempt's training session: model, trainer, state and export put together. Importing it loads TRL, which takes seconds."""

import logging
import signal
import time
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.contract.checkpoints import export_checkpoint
from trainer.contract.failures import JobFailure, Preempted
from trainer.contract.job import Job
from trainer.contract.progress import Progress
from trainer.contract.rows import Mixture, Row
from trainer.contract.states import latest
from trainer.engines.small.common import JobTrainer, Run, StopRequest

log = logging.getLogger("trainer")


class Session:
    def __init__(self, job: Job, datasets: list[list[Row]], token: str, early: Any, started: float):
        self.job = job
        self.started = started
        self.stop = StopRequest()
        self.stop.asked = early.asked
        signal.signal(signal.SIGTERM, self.stop.handle)
        self.stop.asked = self.stop.asked or early.asked
        torch.use_deterministic_algorithms(True, warn_only=True)
        # That setting also writes every fresh tensor full of NaN, for programs that read what they never wrote.
        torch.utils.deterministic.fill_uninitialized_memory = False
        resumed = latest(job.output / "state")
        self.state_path, progress = resumed if resumed else (None, Progress())
        self.run = Run(job, progress, self.stop)
        self.trainer = self.build(datasets, token)

    def build(self, datasets: list[list[Row]], token: str) -> JobTrainer:
        job, folder = self.job, self.job.init_checkpoint.path
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        except (OSError, ValueError, KeyError) as error:
            raise JobFailure("data", f"cannot load checkpoint {folder}: {error}") from error
        if tokenizer.eos_token_id is None:
            raise JobFailure("data", f"checkpoint {folder} has no eos token, so no completion could end")
        rows = [row for dataset in datasets for row in dataset]
        weights = [spec.weight for spec in job.datasets]
        mixture = Mixture([len(dataset) for dataset in datasets], weights, job.hyper.prompts_per_step, job.hyper.seed)
        if job.kind == "grpo":
            from trainer.contract.rewards import RewardClient
            from trainer.engines.small.grpo import GrpoJob

            assert job.reward is not None
            return GrpoJob(self.run, model, tokenizer, rows, mixture, RewardClient(job.reward.url, token))
        from trainer.engines.small.sft import SftJob

        return SftJob(self.run, model, tokenizer, rows, mixture)

    def train(self) -> dict[str, Any]:
        if self.state_path is None:
            log.info(
                "training %s from its initial checkpoint, ready after %.1f s",
                self.job.job_key,
                time.time() - self.started,
            )
        else:
            log.info(
                "training %s on from step %d, ready after %.1f s",
                self.job.job_key,
                self.run.progress.step,
                time.time() - self.started,
            )
        if self.stop.asked:
            raise Preempted(self.run.progress.step)
        if self.run.finished():
            self.load_weights()
        else:
            try:
                self.trainer.train(resume_from_checkpoint=str(self.state_path) if self.state_path else None)
            except Preempted:
                self.trainer.save_state_now()
                raise Preempted(self.run.progress.step) from None
        if not self.run.finished():
            raise Preempted(self.run.progress.step)
        return self.result()

    def load_weights(self) -> None:
        """The state is the job's last: only its export is missing."""
        from safetensors.torch import load_file

        assert self.state_path is not None
        self.trainer.model.load_state_dict(load_file(Path(self.state_path) / "model.safetensors"))

    def result(self) -> dict[str, Any]:
        job, progress = self.job, self.run.progress
        model = self.trainer.accelerator.unwrap_model(self.trainer.model)
        path, digest = export_checkpoint(model, model.state_dict(), job.init_checkpoint.path, job.checkpoints)
        window = min(job.hyper.saturation_window, len(progress.rewards))
        return {
            "status": "succeeded",
            "checkpoint": {"uri": path.as_uri(), "sha256": digest},
            "steps": progress.step,
            "stopReason": self.run.stop_reason,
            # Means over the saturation window's steps at the start and at the end.
            "reward": {
                "first": sum(progress.rewards[:window]) / window,
                "last": sum(progress.rewards[-window:]) / window,
            },
            "tokens": progress.tokens,
            "seconds": round(time.time() - self.started, 3),
        }
