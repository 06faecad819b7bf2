"""The GRPO job: TRL's GRPOTrainer with our sampler, rewards over HTTP, and no cost that teaches nothing."""

import time
from typing import Any

import numpy
import torch
from datasets import Dataset
from trl import GRPOConfig
from trl.models import unwrap_model_for_generation

from trainer.contract.failures import JobFailure
from trainer.contract.job import GrpoJob
from trainer.contract.rewards import RewardClient
from trainer.contract.rows import Row
from trainer.engines.small.common import JobTrainer, Run, shared_settings
from trainer.engines.small.internals import GroupTrainer
from trainer.engines.small.llama import Llama, Shape
from trainer.engines.small.sampler import sample

# A forward and backward pass holds at most this many tokens; larger batches are split, whole groups at a time.
TOKENS_PER_PASS = 98_304
# Ours: more than a chat template adds to a message.
TEMPLATE_TOKENS = 64


def grpo_config(job: GrpoJob) -> GRPOConfig:
    """The job's settings in TRL's names. Loss and scaling as docs/rehearsal.md found them to work: dapo, by group."""
    hyper = job.hyper
    samples = hyper.prompts_per_step * hyper.group_size
    group_tokens = hyper.group_size * (hyper.max_prompt_tokens + hyper.max_completion_tokens)
    divisors = [groups for groups in range(1, hyper.prompts_per_step + 1) if hyper.prompts_per_step % groups == 0]
    micro = hyper.group_size * max(
        groups for groups in divisors if groups == 1 or groups * group_tokens <= TOKENS_PER_PASS
    )
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

    def __init__(self, run: Run, model: Any, tokenizer: Any, rows: list[Row], order: list[int], rewards: RewardClient):
        self.run = run
        self.rows = rows
        self.client = rewards
        self.prompt_ids: dict[int, list[int]] = {}
        self.llama: Llama | None = None
        super().__init__(
            model=model,
            reward_funcs=self.ask_rewards,
            rollout_func=self.roll_out,
            args=grpo_config(run.job),
            # TRL hands prompts on to the two functions above: a row's number stands for its prompt.
            train_dataset=Dataset.from_dict({"prompt": [str(row) for row in order]}),
            processing_class=tokenizer,
            callbacks=[run],
        )
        self.shape = shape_of(self.model.config)
        self.refuse_long_prompts()
        stop_ids = self.model.generation_config.eos_token_id
        self.stop_ids = sorted(
            {tokenizer.eos_token_id, *(stop_ids if isinstance(stop_ids, list) else [stop_ids])} - {None}
        )

    def roll_out(self, prompts: list[str], _trainer: Any) -> dict[str, Any]:
        """Samples completions of the batch's rows."""
        self.run.begin_batch()
        started = time.perf_counter()
        prompt_ids = [self.encode(int(row)) for row in prompts]
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

    def encode(self, row: int) -> list[int]:
        if row not in self.prompt_ids:
            self.prompt_ids[row] = self.tokens_of(self.rows[row])
        return self.prompt_ids[row]

    def tokens_of(self, row: Row) -> list[int]:
        return self.processing_class.apply_chat_template(
            row.prompt, add_generation_prompt=True, tokenize=True, return_dict=False
        )

    def refuse_long_prompts(self) -> None:
        """Raises JobFailure (class data) before anything is spent.

        A token is a byte or more: only texts with more bytes than the limit are tokenized.
        """
        most = self.run.job.hyper.max_prompt_tokens
        lengths = {
            row.item_id: len(self.tokens_of(row))
            for row in self.rows
            if sum(len(message["content"].encode()) + TEMPLATE_TOKENS for message in row.prompt) > most
        }
        lengths = {item: length for item, length in lengths.items() if length > most}
        if lengths:
            longest = max(lengths, key=lengths.__getitem__)
            raise JobFailure(
                "data",
                f"{len(lengths)} of {len(self.rows)} rows have prompts of more than hyper.maxPromptTokens {most} "
                f"tokens, the longest {longest} with {lengths[longest]}; raise this stage's maxPromptTokens, or lower "
                "the sampling's maxTokens that let its texts grow",
            )

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
        end = tokenizer.eos_token_id
        completions = rows[:, batch["input_ids"].shape[1] :].tolist()
        return [ids[: ids.index(end) + 1] if end in ids else ids for ids in completions]

    def ask_rewards(
        self, prompts: list[str], completions: list[str], truncated: list[bool], **_: Any
    ) -> list[float | None]:
        """Rewards of the batch.

        None for an unscorable item, which TRL keeps out of its group's mean and gives no advantage.
        """
        started = time.perf_counter()
        step = self.run.progress.step + 1
        items = []
        for number, response, cut in zip(prompts, completions, truncated, strict=True):
            item_id = self.rows[int(number)].item_id
            items.append({"itemId": item_id, "response": response, "truncated": cut, "step": step})
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


def shape_of(config: Any) -> Shape | None:
    try:
        return Shape.of(config.to_dict())
    except ValueError:
        return None
