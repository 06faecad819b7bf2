"""The GRPO job: TRL's GRPOTrainer with our sampler, rewards over HTTP, and no cost that teaches nothing."""

import time
from typing import Any

import numpy
import torch
from datasets import Dataset
from trl import GRPOConfig
from trl.models import unwrap_model_for_generation

from trainer.contract.chats import Chats, Prompt
from trainer.contract.failures import JobFailure
from trainer.contract.job import GrpoHyper, GrpoJob
from trainer.contract.rewards import RewardClient
from trainer.contract.rows import Long, Row
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
    """The job's settings in TRL's names. Loss and scaling as docs/rehearsal.md found them to work: dapo, by group."""
    hyper = job.hyper
    samples = hyper.prompts_per_step * hyper.group_size
    micro = hyper.group_size * groups_per_pass(hyper, vocabulary)
    return GRPOConfig(
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=samples // micro,
        num_generations=hyper.group_size,
        max_completion_length=hyper.max_completion_tokens,
        beta=hyper.kl_coef,
        epsilon=hyper.clip_low,
        epsilon_high=hyper.clip_high,
        temperature=hyper.temperature,
        top_p=1.0,
        top_k=0,
        loss_type="dapo",
        scale_rewards="group",
        num_iterations=1,
        disable_dropout=True,
        log_completions=False,
        **shared_settings(job),
    )


class GrpoTraining(JobTrainer, GroupTrainer):
    """One step: sample groups, ask for rewards, one optimizer step. All of it is decided by seed, step and weights."""

    def __init__(self, run: Run, model: Any, chats: Chats, rows: list[Row], order: list[int], rewards: RewardClient):
        self.run = run
        self.rows = rows
        self.chats = chats
        self.client = rewards
        self.prompts: dict[int, Prompt] = {}
        self.llama: Llama | None = None
        super().__init__(
            model=model,
            reward_funcs=self.ask_rewards,
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
        """Samples completions of the batch's rows."""
        self.run.begin_batch()
        started = time.perf_counter()
        prompt_ids = [self.prompt(int(row)).ids for row in prompts]
        completion_ids = self.sample_groups(prompt_ids)
        lengths = [len(ids) for ids in completion_ids]
        truncated = [ids[-1] not in self.stop_ids for ids in completion_ids]
        self.run.step_tokens += sum(lengths)
        self.run.line |= {
            "sample_seconds": round(time.perf_counter() - started, 4),
            "completion_tokens": sum(lengths) / len(lengths),
            "truncated_share": sum(truncated) / len(lengths),
        }
        return {"prompt_ids": prompt_ids, "completion_ids": completion_ids, "logprobs": None, "truncated": truncated}

    def prompt(self, row: int) -> Prompt:
        if row not in self.prompts:
            self.prompts[row] = self.chats.prompt(self.rows[row])
        return self.prompts[row]

    def sample_groups(self, prompt_ids: list[list[int]]) -> list[list[int]]:
        """A completion for each prompt; plain Llamas have a sampler of ours, which is faster."""
        hyper = self.run.job.hyper
        step = self.state.global_step
        if self.shape is None:
            torch.manual_seed(numpy.random.SeedSequence([hyper.seed, step]).generate_state(1)[0].item())
            return self.generate(prompt_ids)
        if self.llama is None:
            self.llama = Llama(self.shape, self.model.state_dict(), self.accelerator.device)
        else:
            self.llama.load(self.model.state_dict())
        random = numpy.random.Generator(numpy.random.PCG64([hyper.seed, step]))
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

    def ask_rewards(
        self, prompts: list[str], completion_ids: list[list[int]], truncated: list[bool], **_: Any
    ) -> list[float | None]:
        """Rewards of the batch.

        None for an unscorable item, which TRL keeps out of its group's mean and gives no advantage.
        """
        started = time.perf_counter()
        splits = [
            self.chats.split(self.prompt(int(number)), ids) for number, ids in zip(prompts, completion_ids, strict=True)
        ]
        if self.chats.separator is not None:
            self.run.line["thinking_tokens"] = sum(split.thinking_tokens for split in splits) / len(splits)
        step = self.run.progress.step + 1
        items = []
        for number, split, cut in zip(prompts, splits, truncated, strict=True):
            item = {"itemId": self.rows[int(number)].item_id, "response": split.answer, "truncated": cut, "step": step}
            items.append(item | ({"thinking": split.thinking} if split.thinking else {}))
        with self.run.stop.waiting():
            rewards = self.client.score(items)
        self.run.line["reward_seconds"] = round(time.perf_counter() - started, 4)
        self.note_rewards(rewards.values, rewards.reasons)
        self.run.line |= {"components": rewards.components, "overlong": rewards.overlong}
        return rewards.values

    def note_rewards(self, values: list[float | None], reasons: list[str]) -> None:
        """Writes the step's reward figures.

        Raises JobFailure (class reward) where too many items could not be scored.
        """
        hyper = self.run.job.hyper
        scored = [value for value in values if value is not None]
        unscorable = len(values) - len(scored)
        if not scored or unscorable > hyper.max_unscorable_share * len(values):
            raise JobFailure(
                "reward",
                f"{unscorable} of {len(values)} items of step {self.run.progress.step + 1} were unscorable, more than "
                f"hyper.maxUnscorableShare {hyper.max_unscorable_share:g} allows; a reason given: "
                f"{reasons[0] if reasons else 'none'}",
            )
        groups = [values[start : start + hyper.group_size] for start in range(0, len(values), hyper.group_size)]
        flat = sum(len({value for value in group if value is not None}) <= 1 for group in groups)
        self.run.line |= {
            "reward": sum(scored) / len(scored),
            "reward_std": float(numpy.std(scored)),
            "flat_group_share": flat / len(groups),
            "unscorable": unscorable,
        }


def too_long(row: Row, chats: Chats, hyper: GrpoHyper) -> Long | None:
    """A token is a byte or more: only texts with more bytes than the limit are tokenized."""
    most = hyper.max_prompt_tokens
    text = chats.prompt_text(row)
    length = len(chats.encode(text)) if len(text.encode()) > most else 0
    return Long(row.item_id, "prompt", length, "maxPromptTokens", most) if length > most else None
