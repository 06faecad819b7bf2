"""The GRPO job: TRL's GRPOTrainer with our sampler, rewards over HTTP, and no cost that teaches nothing."""

import time
from typing import Any

import numpy
import torch
from datasets import Dataset
from trl import GRPOConfig
from trl.models import unwrap_model_for_generation

from trainer.contract.advantages import advantages, flat_groups, other_rows
from trainer.contract.chats import Chats, Prompt
from trainer.contract.job import GrpoHyper, GrpoJob
from trainer.contract.rewards import RewardClient
from trainer.contract.rollouts import Rollout, items_of, reward_figures, sampling_figures
from trainer.contract.rows import Row
from trainer.contract.variants import grpo_settings
from trainer.engines.small.common import LOGITS_PER_PASS, JobTrainer, Run, shared_settings
from trainer.engines.small.internals import GroupTrainer
from trainer.engines.small.llama import Llama
from trainer.engines.small.sampler import sample
from trainer.engines.small.shape import shape_of

# A forward and backward pass holds at most this many tokens; larger batches are split, whole groups at a time.
TOKENS_PER_PASS = 98_304


def groups_per_pass(hyper: GrpoHyper, vocabulary: int) -> int:
    """As many of a step's groups as are read at once, all of them where they fit; one at least."""
    tokens = hyper.group_size * (hyper.max_prompt_tokens + hyper.max_completion_tokens)
    logits = hyper.group_size * hyper.max_completion_tokens * vocabulary
    most = max(1, min(TOKENS_PER_PASS // tokens, LOGITS_PER_PASS // logits))
    return max(groups for groups in range(1, most + 1) if hyper.prompts_per_step % groups == 0)


def grpo_config(job: GrpoJob, vocabulary: int) -> GRPOConfig:
    """The job's settings in TRL's names."""
    hyper = job.hyper
    samples = hyper.prompts_per_step * hyper.group_size
    micro = hyper.group_size * groups_per_pass(hyper, vocabulary)
    return GRPOConfig(
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=samples // micro,
        steps_per_generation=samples // micro * hyper.variant.steps_per_sampling,
        **grpo_settings(hyper),
        **shared_settings(job),
    )


class GrpoTraining(JobTrainer, GroupTrainer):
    """One step: sample groups, ask for rewards, one optimizer step. All of it is decided by seed, step and weights."""

    def __init__(self, run: Run, model: Any, chats: Chats, rows: list[Row], order: list[int], rewards: RewardClient):
        self.run = run
        self.rows = rows
        self.order = order
        self.chats = chats
        self.client = rewards
        self.prompts: dict[int, Prompt] = {}
        self.llama: Llama | None = None
        super().__init__(
            model=model,
            reward_funcs=self.hand_rewards,
            rollout_func=self.roll_out,
            args=grpo_config(run.job, model.get_input_embeddings().num_embeddings),
            # TRL hands prompts on to the two functions above: a row's number stands for its prompt.
            train_dataset=Dataset.from_dict({"prompt": [str(row) for row in order]}),
            processing_class=chats.tokenizer,
            callbacks=[run],
        )
        self.shape = shape_of(self.model.config)
        self.stop_ids = chats.stop_ids
        # Of the list TRL knows the tokenizer's own alone.
        self.generation_config.eos_token_id = self.generation_kwargs["eos_token_id"] = self.stop_ids

    def roll_out(self, prompts: list[str], _trainer: Any) -> dict[str, Any]:
        """Samples completions of the batch's rows and asks for their rewards."""
        run, hyper = self.run, self.run.job.hyper
        run.begin_batch()
        run.line |= {"sample_seconds": 0.0, "reward_seconds": 0.0}
        rollout = self.sampled([int(row) for row in prompts], 0)
        resampled = 0
        for asked in range(1, hyper.variant.resample_flat + 1):
            flat = flat_groups(rollout.rewards.values, hyper.group_size)
            if not flat:
                break
            rows = other_rows(self.order, [hyper.seed, self.state.global_step, asked, 0], len(flat))
            others = self.sampled([row for row in rows for _ in range(hyper.group_size)], asked)
            rollout.replace(flat, others, hyper.group_size)
            resampled += len(flat)
        thinking = [split.thinking_tokens for split in rollout.splits] if self.chats.separator is not None else None
        run.sampling = sampling_figures([len(ids) for ids in rollout.completions], rollout.truncated, thinking)
        run.sampling |= reward_figures(rollout.rewards, hyper, run.progress.step + 1)
        if hyper.variant.resample_flat:
            run.sampling["resampled_groups"] = resampled
        run.line |= run.sampling
        self.rewards = rollout.rewards.values
        return {"prompt_ids": rollout.prompts, "completion_ids": rollout.completions, "logprobs": None}

    def sampled(self, rows: list[int], asked: int) -> Rollout:
        """Completions of rows, whole groups, with their rewards."""
        run = self.run
        started = time.perf_counter()
        prompts = [self.prompt(row).ids for row in rows]
        completions = self.sample_groups(prompts, asked)
        run.step_tokens += sum(map(len, completions))
        sampled = time.perf_counter()
        splits = [self.chats.split(self.prompt(row), ids) for row, ids in zip(rows, completions, strict=True)]
        truncated = [ids[-1] not in self.stop_ids for ids in completions]
        rollout = Rollout(rows, prompts, completions, truncated, splits)
        items = items_of(rollout, self.rows, run.progress.step + 1)
        with run.stop.waiting():
            rollout.answers = self.client.score(items).answers
        run.line["sample_seconds"] = round(run.line["sample_seconds"] + sampled - started, 4)
        run.line["reward_seconds"] = round(run.line["reward_seconds"] + time.perf_counter() - sampled, 4)
        return rollout

    def hand_rewards(self, **_: Any) -> list[float | None]:
        """None for an unscorable item, which TRL keeps out of its group's mean and gives no advantage."""
        return self.rewards

    def own_advantages(self) -> list[float] | None:
        hyper = self.run.job.hyper
        if hyper.variant.baseline == "mean":
            return None
        return advantages(self.rewards, hyper.group_size, hyper.variant)

    def training_step(self, *arguments: Any, **named: Any) -> torch.Tensor:
        loss = super().training_step(*arguments, **named)
        self.run.line |= self.figures()
        return loss

    def prompt(self, row: int) -> Prompt:
        if row not in self.prompts:
            self.prompts[row] = self.chats.prompt(self.rows[row])
        return self.prompts[row]

    def sample_groups(self, prompt_ids: list[list[int]], asked: int = 0) -> list[list[int]]:
        """A completion for each prompt; plain Llamas have a sampler of ours, which is faster.

        `asked` counts the samplings of this step before.
        """
        hyper = self.run.job.hyper
        seed = [hyper.seed, self.state.global_step, *([asked] if asked else [])]
        if self.shape is None:
            torch.manual_seed(numpy.random.SeedSequence(seed).generate_state(1)[0].item())
            return self.generate(prompt_ids)
        if self.llama is None:
            self.llama = Llama(self.shape, self.model.state_dict(), self.accelerator.device)
        else:
            self.llama.load(self.model.state_dict())
        random = numpy.random.Generator(numpy.random.PCG64(seed))
        uniforms = random.random((len(prompt_ids), hyper.max_completion_tokens))
        groups = prompt_ids[:: hyper.group_size]
        return sample(self.llama, groups, hyper.group_size, uniforms, hyper.temperature, self.stop_ids)

    def generate(self, prompt_ids: list[list[int]]) -> list[list[int]]:
        """Completions by transformers, each up to and including its first end token."""
        tokenizer = self.processing_class
        batch = tokenizer.pad({"input_ids": prompt_ids}, padding_side="left", return_tensors="pt")
        policy = unwrap_model_for_generation(
            self.model_wrapped, self.accelerator, generation_kwargs=self.generation_kwargs
        )
        with torch.no_grad(), policy as model:
            rows = model.generate(**batch.to(self.accelerator.device), generation_config=self.generation_config)
        completions = rows[:, batch["input_ids"].shape[1] :].tolist()
        ends = [next((place for place, token in enumerate(ids) if token in self.stop_ids), None) for ids in completions]
        return [ids if end is None else ids[: end + 1] for ids, end in zip(completions, ends, strict=True)]
