"""The GRPO job: TRL's GRPOTrainer with our sampler, rewards over HTTP, and no cost that teaches nothing."""

import time
from typing import Any

import numpy
import torch
from trl import GRPOConfig, GRPOTrainer

from trainer.contract.failures import JobFailure
from trainer.contract.job import Job
from trainer.contract.rewards import RewardClient
from trainer.contract.rows import Mixture, Row
from trainer.engines.small.common import JobTrainer, Run, StepOrder, shared_settings
from trainer.engines.small.groups import Groups, log_probabilities
from trainer.engines.small.llama import Llama, Shape
from trainer.engines.small.sampler import sample

# A forward and backward pass holds at most this many tokens; larger batches are split, whole groups at a time.
TOKENS_PER_PASS = 98_304
# Ours: more than a chat template adds to a message.
TEMPLATE_TOKENS = 64


def grpo_config(job: Job) -> GRPOConfig:
    """The job's settings in TRL's names. Loss and scaling as REHEARSAL.md found them to work: dapo, by group."""
    hyper = job.hyper
    samples = hyper.prompts_per_step * hyper.group_size
    tokens = hyper.max_prompt_tokens + hyper.max_completion_tokens
    per_pass = max(
        divisor
        for divisor in divisors(hyper.prompts_per_step)
        if divisor == 1 or divisor * hyper.group_size * tokens <= TOKENS_PER_PASS
    )
    micro = per_pass * hyper.group_size
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
        shuffle_dataset=False,
        **shared_settings(job),
    )


def divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


class GrpoJob(JobTrainer, GRPOTrainer):
    """One step: sample groups, ask for rewards, one optimizer step. All of it is decided by seed, step and weights."""

    def __init__(self, run: Run, model: Any, tokenizer: Any, rows: list[Row], mixture: Mixture, rewards: RewardClient):
        from datasets import Dataset

        self.attach(run)
        self.rows = rows
        self.mixture = mixture
        self.client = rewards
        self.prompt_ids: dict[int, list[int]] = {}
        self.llama: Llama | None = None
        super().__init__(
            model=model,
            reward_funcs=self.ask_rewards,
            args=grpo_config(run.job),
            train_dataset=Dataset.from_dict({"prompt": ["" for _ in rows], "row": list(range(len(rows)))}),
            processing_class=tokenizer,
            callbacks=[run],
        )
        # Plain Llamas have a sampler and a forward pass of ours, which are faster; others take transformers'.
        self.shape = shape_of(self.model.config)
        stop_ids = self.model.generation_config.eos_token_id
        self.refuse_long_prompts()
        self.stop_ids = sorted(
            {tokenizer.eos_token_id, *(stop_ids if isinstance(stop_ids, list) else [stop_ids])} - {None}
        )

    def _get_train_sampler(self, dataset: Any = None) -> StepOrder:
        return StepOrder(self.mixture, self.args.max_steps, self.num_generations, self.run)

    def _prepare_inputs(self, generation_batch: Any) -> dict[str, Any]:
        """As TRL's, but rows keep their order: shuffling them before the split into passes teaches nothing, and unravels the groups."""
        passes = self.args.steps_per_generation
        if self._step % passes == 0 or self._buffered_inputs is None:
            self.run.begin_batch()
            self._metrics["train"].clear()
            batch = self._generate_and_score_completions(generation_batch)
            self._buffered_inputs = split_rows(batch, passes)
        return self._buffered_inputs[self._step % passes]

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self.batch_rows = [item["row"] for item in inputs]
        return super()._generate_and_score_completions(inputs)

    def _generate(self, prompts: list[Any]) -> tuple:
        """Samples completions of the batch's rows; the prompts TRL passes are placeholders."""
        started = time.perf_counter()
        prompt_ids = [self.encode(row) for row in self.batch_rows]
        completion_ids = self.sample_groups(prompt_ids)
        self.run.line["sampleSeconds"] = round(time.perf_counter() - started, 4)
        lengths = [len(ids) for ids in completion_ids]
        self.truncated = [ids[-1] not in self.stop_ids for ids in completion_ids]
        self.run.step_tokens += sum(lengths)
        self.run.line["completionTokens"] = sum(lengths) / len(lengths)
        self.run.line["truncatedShare"] = sum(self.truncated) / len(lengths)
        texts = self.processing_class.batch_decode(completion_ids, skip_special_tokens=True)
        return prompt_ids, completion_ids, None, texts, None, {}, None, []

    def encode(self, row: int) -> list[int]:
        if row not in self.prompt_ids:
            self.prompt_ids[row] = self.tokens_of(self.rows[row])
        return self.prompt_ids[row]

    def tokens_of(self, row: Row) -> list[int]:
        return self.processing_class.apply_chat_template(
            row.prompt, add_generation_prompt=True, tokenize=True, return_dict=False
        )

    def refuse_long_prompts(self) -> None:
        """Raises JobFailure (class data) before anything is spent. A token is a byte or more: only texts with more bytes than that are tokenized."""
        most = self.run.job.hyper.max_prompt_tokens
        suspects = [
            row
            for row in self.rows
            if sum(len(message["content"].encode()) for message in row.prompt) + TEMPLATE_TOKENS * len(row.prompt)
            > most
        ]
        lengths = {row.item_id: length for row in suspects if (length := len(self.tokens_of(row))) > most}
        if lengths:
            longest = max(lengths, key=lengths.__getitem__)
            raise JobFailure(
                "data",
                f"{len(lengths)} of {len(self.rows)} rows have prompts of more than hyper.maxPromptTokens {most} tokens, the longest {longest} "
                f"with {lengths[longest]}; raise this stage's maxPromptTokens, or lower the sampling's maxTokens that let its texts grow",
            )

    def sample_groups(self, prompt_ids: list[list[int]]) -> list[list[int]]:
        hyper = self.run.job.hyper
        step = self.state.global_step
        if self.llama is None and self.shape is not None:
            self.llama = Llama(self.shape, self.model.state_dict(), self.accelerator.device)
        elif self.llama is not None:
            self.llama.load(self.model.state_dict())
        if self.llama is None:
            torch.manual_seed(numpy.random.SeedSequence([hyper.seed, step]).generate_state(1)[0].item())
            return self._generate_single_turn(prompt_ids, None, {})[0]
        uniforms = numpy.random.Generator(numpy.random.PCG64([hyper.seed, step])).random(
            (len(prompt_ids), hyper.max_completion_tokens)
        )
        groups = prompt_ids[:: hyper.group_size]
        return sample(self.llama, groups, hyper.group_size, uniforms, hyper.temperature, self.stop_ids)

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        *arguments: Any,
        **named: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """As TRL's, but on a CPU a group's prompt is read once."""
        if self.shape is None or self.accelerator.device.type != "cpu":
            return super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, *arguments, **named
            )
        edge = input_ids.shape[1] - logits_to_keep
        read = [
            [token for token, real in zip(*row) if real]
            for row in zip(input_ids[:, :edge].tolist(), attention_mask[:, :edge].tolist())
        ]
        written = [
            row[:length] for row, length in zip(input_ids[:, edge:].tolist(), attention_mask[:, edge:].sum(1).tolist())
        ]
        groups = Groups(read[:: self.num_generations], written, logits_to_keep)
        return *log_probabilities(self.accelerator.unwrap_model(model), self.shape, groups, self.temperature), None

    def ask_rewards(self, completions: list[str], **_: Any) -> list[float | None]:
        """Rewards of the batch by one request; None for an unscorable item, which TRL keeps out of its group's mean and gives no advantage."""
        started = time.perf_counter()
        items = []
        for row, response, truncated in zip(self.batch_rows, completions, self.truncated):
            source = self.rows[row]
            items.append(
                {
                    "itemId": source.item_id,
                    "task": source.task,
                    "response": response,
                    "truncated": truncated,
                    "meta": source.meta,
                }
            )
        with self.run.stop.waiting():
            rewards = self.client.score(items)
        self.run.line["rewardSeconds"] = round(time.perf_counter() - started, 4)
        self.note_rewards(rewards.values, rewards.reasons)
        self.run.line["components"] = rewards.components
        return rewards.values

    def note_rewards(self, values: list[float | None], reasons: list[str]) -> None:
        """Writes the step's reward figures. Raises JobFailure (class reward) where too many items could not be scored."""
        hyper = self.run.job.hyper
        scored = [value for value in values if value is not None]
        unscorable = len(values) - len(scored)
        if not scored or unscorable > hyper.max_unscorable_share * len(values):
            raise JobFailure(
                "reward",
                f"{unscorable} of {len(values)} items of step {self.run.progress.step + 1} were unscorable, more than "
                f"hyper.maxUnscorableShare {hyper.max_unscorable_share} allows; a reason given: {reasons[0] if reasons else 'none'}",
            )
        groups = [values[start : start + hyper.group_size] for start in range(0, len(values), hyper.group_size)]
        flat = sum(len({value for value in group if value is not None}) <= 1 for group in groups)
        self.run.line |= {
            "reward": sum(scored) / len(scored),
            "rewardStd": float(numpy.std(scored)),
            "flatGroupShare": flat / len(groups),
            "unscorable": unscorable,
        }

    def _calculate_rewards(self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any) -> torch.Tensor:
        values = self.ask_rewards(completions)
        column = [float("nan") if value is None else value for value in values]
        return torch.tensor(column, dtype=torch.float32, device=self.accelerator.device).unsqueeze(1)


def shape_of(config: Any) -> Shape | None:
    try:
        return Shape.of(config.to_dict())
    except ValueError:
        return None


def split_rows(batch: dict[str, Any], passes: int) -> list[dict[str, Any]]:
    """Cuts a batch into passes of equal row counts; scalars go with each."""
    if passes == 1:
        return [batch]
    size = batch["prompt_ids"].shape[0] // passes
    return [
        {key: value[index * size : (index + 1) * size] if value.dim() > 0 else value for key, value in batch.items()}
        for index in range(passes)
    ]
