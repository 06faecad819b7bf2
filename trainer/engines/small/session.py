"""One attempt's training session: model, trainer, state and export put together."""

import logging
import math
import time

import torch

from trainer.contract.attempt import Attempt
from trainer.contract.checkpoints import export_checkpoint
from trainer.contract.ends import end_of, success
from trainer.contract.examples import Example, prompt_too_long
from trainer.contract.failures import Preempted
from trainer.contract.loading import hold_to, opened
from trainer.contract.order import ordered
from trainer.contract.progress import Progress
from trainer.contract.result import Succeeded
from trainer.contract.rewards import Patience, RewardClient
from trainer.contract.states import latest
from trainer.contract.watches import refuse_blind
from trainer.engines.small.common import JobTrainer, Run
from trainer.engines.small.grpo import GrpoTraining
from trainer.engines.small.internals import load_weights, save_state
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
        job = self.job
        model, chats = opened(job)
        if job.kind == "sft":
            examples = [[Example.of(row, chats) for row in dataset] for dataset in self.attempt.datasets]
            per_step = job.hyper.rows_per_step
            rows, order, self.left_out = ordered(
                job, examples, lambda example: example.too_long(job.hyper), per_step * job.hyper.max_steps, per_step
            )
            return SftTraining(self.run, model, chats.tokenizer, rows, order)
        refuse_blind(job.hyper, {})
        per_step, reuse = job.hyper.prompts_per_step, job.hyper.variant.steps_per_sampling
        # A sampling is for whole steps, also the last.
        count = per_step * reuse * math.ceil(job.hyper.max_steps / reuse)
        rows, order, self.left_out = ordered(
            job, self.attempt.datasets, lambda row: prompt_too_long(row, chats, job.hyper), count, per_step
        )
        patience = Patience(outage=60 * job.reward.outage_minutes, stall=60 * job.reward.stall_minutes)
        rewards = RewardClient(job.reward.url, self.attempt.reward_token, patience)
        training = GrpoTraining(self.run, model, chats, rows, order, rewards)
        if job.reference_checkpoint and training.ref_model is not None:
            hold_to(training.ref_model, job.reference_checkpoint.path)
        return training

    def train(self) -> Succeeded:
        run, trainer = self.run, self.trainer
        begin = "from its initial checkpoint" if self.state_path is None else f"on from step {run.progress.step}"
        log.info("training %s %s, ready after %.1f s", self.job.job_key, begin, time.time() - self.attempt.started)
        if run.stop.asked:
            raise Preempted(run.progress.step)
        if run.finished():
            # The state is the job's last: only its export is missing.
            load_weights(trainer.model, self.state_path)
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
        job, run = self.job, self.run
        model = self.trainer.accelerator.unwrap_model(self.trainer.model)
        checkpoint = export_checkpoint(model, job.init_checkpoint.path, job.output.checkpoints)
        return success(self.attempt, run.progress, end_of(job, run.progress), checkpoint, self.left_out)
