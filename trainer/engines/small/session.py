"""One attempt's training session: model, trainer, state and export put together."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.contract.attempt import Attempt
from trainer.contract.chats import Chats
from trainer.contract.checkpoints import export_checkpoint
from trainer.contract.failures import JobFailure, Preempted, classify
from trainer.contract.progress import Progress
from trainer.contract.result import Checkpoint, LongRows, RewardCourse, Succeeded
from trainer.contract.rewards import Patience, RewardClient
from trainer.contract.rows import Long, fitting, mixture
from trainer.contract.states import latest
from trainer.engines.small.common import JobTrainer, Run
from trainer.engines.small.grpo import GrpoTraining, too_long
from trainer.engines.small.internals import load_weights, save_state
from trainer.engines.small.sft import Example, SftTraining, by_dataset

log = logging.getLogger("trainer")
T = TypeVar("T")
NAMED = 100
"""Rows that were left out which a result names."""


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
        model, tokenizer = load_checkpoint(folder)
        vocabulary = model.get_input_embeddings().num_embeddings
        chats = Chats(tokenizer, job, stop_ids_of(model, tokenizer), vocabulary)
        if not chats.stop_ids:
            raise JobFailure("data", f"checkpoint {folder} has no eos token, so no completion could end")
        name_ends(tokenizer, chats.stop_ids, vocabulary)
        if job.kind == "sft":
            examples = [[Example.of(row, chats) for row in dataset] for dataset in self.attempt.datasets]
            rows, order = self.order(examples, lambda example: example.too_long(job.hyper), job.hyper.rows_per_step)
            return SftTraining(self.run, model, tokenizer, rows, order)
        datasets, per_step = self.attempt.datasets, job.hyper.prompts_per_step
        rows, order = self.order(datasets, lambda row: too_long(row, chats, job.hyper), per_step)
        patience = Patience(outage=60 * job.reward.outage_minutes, stall=60 * job.reward.stall_minutes)
        rewards = RewardClient(job.reward.url, self.attempt.reward_token, patience)
        training = GrpoTraining(self.run, model, chats, rows, order, rewards)
        if job.reference_checkpoint and training.ref_model is not None:
            hold_to(training.ref_model, job.reference_checkpoint.path)
        return training

    def order(
        self, datasets: list[list[T]], too_long: Callable[[T], Long | None], per_step: int
    ) -> tuple[list[T], list[int]]:
        """All rows that fit, and those of every step in turn."""
        job = self.job
        kept, self.left_out = fitting(datasets, too_long, job.hyper.max_long_row_share)
        for long in self.left_out:
            log.warning("left out %s: its %s has %d tokens, %s is %d", *long)
        weights = [spec.weight for spec in job.datasets]
        count = per_step * job.hyper.max_steps
        sizes = [len(dataset) for dataset in kept]
        order = mixture(sizes, weights, count, job.hyper.seed)
        if job.engine_options.get("stepsOfOneDataset"):
            order = by_dataset(order, sizes, per_step)
        return [row for dataset in kept for row in dataset], order

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
            long_rows=LongRows(count=len(self.left_out), items=[long.item_id for long in self.left_out[:NAMED]])
            if self.left_out
            else None,
        )


def load_checkpoint(folder: Path) -> tuple[Any, Any]:
    """Model and tokenizer. Raises JobFailure (class data) for whatever is wrong with the files."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        if tokenizer.chat_template is None and (file := folder / "chat_template.json").exists():
            # As processors of older models have it, whose tokenizers do not look there.
            tokenizer.chat_template = json.loads(file.read_bytes())["chat_template"]
        model, seen = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    except Exception as error:
        failure_class, message = classify(error)
        raise JobFailure(
            "data" if failure_class == "app" else failure_class, f"cannot load checkpoint {folder}: {message}"
        ) from error
    if seen["missing_keys"]:
        names = ", ".join(sorted(seen["missing_keys"])[:4])
        raise JobFailure("data", f"checkpoint {folder} lacks {len(seen['missing_keys'])} weights, such as {names}")
    return model, tokenizer


def hold_to(reference: Any, folder: Path) -> None:
    """Another reference than the model that the training starts from. Raises JobFailure (class data)."""
    model, _ = load_checkpoint(folder)
    try:
        reference.load_state_dict(model.state_dict())
    except RuntimeError as error:
        problem = f"expected reference checkpoint {folder} to be a model of the same make: {error}"
        raise JobFailure("data", problem) from error


def stop_ids_of(model: Any, tokenizer: Any) -> list[int]:
    """Every token at which the model stops: those of its generation settings, and the tokenizer's own."""
    places = (model.generation_config, model.config, model.config.get_text_config())
    said = next((place.eos_token_id for place in places if getattr(place, "eos_token_id", None) is not None), None)
    ids = {tokenizer.eos_token_id, *(said if isinstance(said, list) else [said])} - {None}
    return sorted(token for token in ids if token < model.get_input_embeddings().num_embeddings)


def name_ends(tokenizer: Any, stop_ids: list[int], vocabulary: int) -> None:
    """Sees to end and pad tokens that the model knows.

    A tokenizer has those of its class where its files name none, and adds them to its words if they are not there.
    """
    if tokenizer.eos_token_id not in range(vocabulary):
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(stop_ids[0])
    if tokenizer.pad_token_id not in range(vocabulary):
        tokenizer.pad_token = tokenizer.eos_token
