"""A rank's training session: model, trainer, state and export put together, at one with the other ranks."""

import logging
import math
import time
from pathlib import Path
from typing import Any

import torch

from trainer.contract.attempt import Attempt
from trainer.contract.checkpoints import export_checkpoint
from trainer.contract.ends import end_of, success
from trainer.contract.examples import Example, prompt_too_long
from trainer.contract.failures import JobFailure, Preempted
from trainer.contract.loading import opened
from trainer.contract.order import ordered
from trainer.contract.progress import Progress
from trainer.contract.result import Succeeded
from trainer.contract.rewards import Patience, RewardClient
from trainer.contract.states import latest
from trainer.contract.watches import refuse_blind
from trainer.engines.trl.grpo import GrpoTraining
from trainer.engines.trl.internals import refer_to, save_now
from trainer.engines.trl.lora import adapters, merged
from trainer.engines.trl.options import options_of
from trainer.engines.trl.passes import dealt
from trainer.engines.trl.ranks import Ranks
from trainer.engines.trl.run import Run
from trainer.engines.trl.settings import check_gpus, in_bf16
from trainer.engines.trl.sft import SftTraining
from trainer.engines.trl.sharded import full_weights, load_state

log = logging.getLogger("trainer")


class Session:
    def __init__(self, attempt: Attempt, tokens: int, where: dict[str, Any]):
        """`tokens` are those of a micro-batch; `where` takes in what is computed."""
        self.attempt = attempt
        self.job = attempt.job
        self.options = options_of(self.job)
        gpus = self.job.resources.gpus_per_node > 0
        self.ranks = Ranks(gpus)
        check_gpus(self.job, self.ranks.count)
        if not gpus:
            torch.use_deterministic_algorithms(True, warn_only=True)
            # That setting also writes every fresh tensor full of NaN, for programs that read what they never wrote.
            torch.utils.deterministic.fill_uninitialized_memory = False
        where["longest"] = self.job.hyper.max_prompt_tokens + self.job.hyper.max_completion_tokens
        resumed = self.ranks.of_first(lambda: latest(self.job.output.folder / "state"))
        self.state_path, progress = resumed if resumed else (None, Progress())
        self.run = Run(self.job, progress, attempt.stop, self.ranks, where)
        self.lora = adapters(self.options.lora) if self.options.lora else None
        self.trainer = self.build()
        self.trainer.micro_batch_tokens = tokens
        if self.trainer.args.n_gpu > 1:
            raise JobFailure("app", f"a process would train on {self.trainer.args.n_gpu} GPUs by DataParallel")

    def build(self) -> Any:
        job, options = self.job, self.options
        # Adapters begin at random.
        torch.manual_seed(job.hyper.seed % 2**32)
        # Adapters are float32 on a base that is not trained.
        half = self.lora is not None and in_bf16(job, options)
        model, chats = opened(job, torch.bfloat16 if half else torch.float32)
        if job.kind == "sft":
            examples = [[Example.of(row, chats) for row in dataset] for dataset in self.attempt.datasets]
            rows, order, self.left_out = ordered(
                job,
                examples,
                lambda example: example.too_long(job.hyper),
                job.hyper.rows_per_step * job.hyper.max_steps,
                job.hyper.rows_per_step,
            )
            return SftTraining(self.run, model, chats.tokenizer, rows, order, options, self.lora)
        hyper = job.hyper
        refuse_blind(hyper, {})
        if job.reference_checkpoint and hyper.kl_coef:
            self.check_reference(model)
            refer_to(model, job.reference_checkpoint.path)
        reuse = hyper.variant.steps_per_sampling
        # A sampling is for whole steps, also the last.
        count = hyper.prompts_per_step * reuse * math.ceil(hyper.max_steps / reuse)
        rows, order, self.left_out = ordered(
            job, self.attempt.datasets, lambda row: prompt_too_long(row, chats, hyper), count, hyper.prompts_per_step
        )
        if reuse > 1:
            order = dealt(order, hyper.prompts_per_step, reuse, self.ranks.count)
        patience = Patience(outage=60 * job.reward.outage_minutes, stall=60 * job.reward.stall_minutes)
        rewards = RewardClient(job.reward.url, self.attempt.reward_token, patience)
        return GrpoTraining(self.run, model, chats, rows, order, rewards, options, self.lora)

    def check_reference(self, model: Any) -> None:
        """Raises JobFailure where the reference of the KL term cannot be one."""
        from transformers import AutoConfig

        folder = self.job.reference_checkpoint.path
        if self.lora is not None and self.job.reference_checkpoint.sha256 != self.job.init_checkpoint.sha256:
            problem = "with engineOptions.lora the KL term holds the model to initCheckpoint"
            raise JobFailure("app", f"job file: {problem}; leave referenceCheckpoint out")
        other = AutoConfig.from_pretrained(folder)
        for field in ("model_type", "vocab_size"):
            asked, got = getattr(model.config, field), getattr(other, field, None)
            if asked != got:
                problem = f"expected reference checkpoint {folder} to be a model of the same make"
                raise JobFailure("data", f"{problem}: its {field} is {got}, not {asked}")

    def train(self) -> Succeeded:
        """The result. Raises JobFailure or Preempted, on all ranks."""
        try:
            return self.trained()
        finally:
            # A rank does not end as the interpreter does, which would see to them.
            if self.run.metrics is not None:
                self.run.metrics.trackers.close()

    def trained(self) -> Succeeded:
        run, trainer = self.run, self.trainer
        begin = "from its initial checkpoint" if self.state_path is None else f"on from step {run.progress.step}"
        log.info(
            "rank %d of %d trains %s %s, ready after %.1f s",
            self.ranks.number,
            self.ranks.count,
            self.job.job_key,
            begin,
            time.time() - self.attempt.started,
        )
        if any(self.ranks.all(run.stop.asked)):
            raise Preempted(run.progress.step)
        if end_of(self.job, run.progress) is not None:
            # The state is the job's last: only its export is missing.
            load_state(Path(self.state_path), trainer.model, None)
        else:
            try:
                trainer.train(resume_from_checkpoint=str(self.state_path) if self.state_path else None)
            except Preempted:
                if trainer.state.global_step > run.saved_step:
                    save_now(trainer)
                raise Preempted(run.progress.step) from None
        if end_of(self.job, run.progress) is None:
            raise Preempted(run.progress.step)
        run.doing("exporting the checkpoint")
        weights = full_weights(trainer.model)
        return self.ranks.of_first(lambda: self.result(weights))

    def result(self, weights: dict[str, Any]) -> Succeeded:
        job, progress = self.job, self.run.progress
        init = job.init_checkpoint.path
        if self.lora is None:
            model: Any = self.trainer.accelerator.unwrap_model(self.trainer.model)
        else:
            model, weights = merged(init, self.lora, weights), {}
        checkpoint = export_checkpoint(model, init, job.output.checkpoints, weights)
        return success(self.attempt, progress, end_of(job, progress), checkpoint, self.left_out)
