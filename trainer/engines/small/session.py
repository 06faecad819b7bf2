"""One attempt's training session: model, trainer, state and export put together."""

import logging
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.contract.attempt import Attempt
from trainer.contract.checkpoints import export_checkpoint
from trainer.contract.failures import JobFailure, Preempted
from trainer.contract.progress import Progress
from trainer.contract.result import Checkpoint, RewardCourse, Succeeded
from trainer.contract.rewards import Patience, RewardClient
from trainer.contract.rows import mixture
from trainer.contract.states import latest
from trainer.engines.small.common import JobTrainer, Run
from trainer.engines.small.grpo import GrpoTraining
from trainer.engines.small.internals import save_state
from trainer.engines.small.sft import SftTraining

log = logging.getLogger("trainer")


class Session:
    def __init__(self, attempt: Attempt):
        self.attempt = attempt
        self.job = attempt.job
        torch.use_deterministic_algorithms(True, warn_only=True)
        # That setting also writes every fresh tensor full of NaN, for programs that read what they never wrote.
        torch.utils.deterministic.fill_uninitialized_memory = False
        resumed = latest(self.job.output.folder / "state")
        self.state_path, progress = resumed if resumed else (None, Progress())
        self.run = Run(self.job, progress, attempt.stop)
        self.trainer = self.build()

    def build(self) -> JobTrainer:
        job, folder = self.job, self.job.init_checkpoint.path
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        except (OSError, ValueError, KeyError) as error:
            raise JobFailure("data", f"cannot load checkpoint {folder}: {error}") from error
        if tokenizer.eos_token_id is None:
            raise JobFailure("data", f"checkpoint {folder} has no eos token, so no completion could end")
        datasets = self.attempt.datasets
        rows = [row for dataset in datasets for row in dataset]
        per_step = job.hyper.prompts_per_step if job.kind == "grpo" else job.hyper.rows_per_step
        order = mixture(
            [len(dataset) for dataset in datasets],
            [spec.weight for spec in job.datasets],
            per_step * job.hyper.max_steps,
            job.hyper.seed,
        )
        if job.kind == "sft":
            return SftTraining(self.run, model, tokenizer, rows, order)
        patience = Patience(outage=60 * job.reward.outage_minutes, stall=60 * job.reward.stall_minutes)
        rewards = RewardClient(job.reward.url, self.attempt.reward_token, patience)
        return GrpoTraining(self.run, model, tokenizer, rows, order, rewards)

    def train(self) -> Succeeded:
        run, trainer = self.run, self.trainer
        begin = "from its initial checkpoint" if self.state_path is None else f"on from step {run.progress.step}"
        log.info("training %s %s, ready after %.1f s", self.job.job_key, begin, time.time() - self.attempt.started)
        if run.stop.asked:
            raise Preempted(run.progress.step)
        if run.finished():
            # The state is the job's last: only its export is missing.
            trainer.model.load_state_dict(load_file(Path(self.state_path) / "model.safetensors"))
        else:
            try:
                trainer.train(resume_from_checkpoint=str(self.state_path) if self.state_path else None)
            except Preempted:
                if trainer.state.global_step > run.saved_step:
                    save_state(trainer)
                raise Preempted(run.progress.step) from None
        if not run.finished():
            raise Preempted(run.progress.step)
        return self.result()

    def result(self) -> Succeeded:
        job, progress = self.job, self.run.progress
        model: Any = self.trainer.accelerator.unwrap_model(self.trainer.model)
        path, digest = export_checkpoint(model, job.init_checkpoint.path, job.output.checkpoints)
        window = min(job.hyper.saturation_window if job.kind == "grpo" else 1, len(progress.rewards))
        return Succeeded(
            job_key=job.job_key,
            attempt=job.attempt,
            checkpoint=Checkpoint(uri=path.as_uri(), sha256=digest),
            steps=progress.step,
            stop_reason=self.run.stop_reason,
            reward=RewardCourse(
                first=sum(progress.rewards[:window]) / window, last=sum(progress.rewards[-window:]) / window
            ),
            tokens=progress.tokens,
            seconds=round(time.time() - self.attempt.started, 3),
        )
