"""The GRPO job: TRL's GRPOTrainer, whose ranks each sample and ask for the rewards of their share of a step."""

import time
from typing import Any

import numpy
import torch
from datasets import Dataset

from trainer.contract.advantages import advantages, flat_groups, other_rows
from trainer.contract.batches import Rewards
from trainer.contract.chats import Chats, Prompt
from trainer.contract.rewards import RewardClient
from trainer.contract.rollouts import Rollout, items_of, reward_figures, sampling_figures
from trainer.contract.rows import Row
from trainer.engines.trl.common import JobTrainer
from trainer.engines.trl.internals import RolloutTrainer
from trainer.engines.trl.options import Options
from trainer.engines.trl.run import Run
from trainer.engines.trl.settings import grpo_config


class GrpoTraining(JobTrainer, RolloutTrainer):
    """All of a step is decided by seed, step, weights and rank; vLLM's sampling by more."""

    def __init__(
        self,
        run: Run,
        model: Any,
        chats: Chats,
        rows: list[Row],
        order: list[int],
        rewards: RewardClient,
        options: Options,
        peft_config: Any = None,
    ):
        self.run = run
        self.rows = rows
        self.order = order
        self.chats = chats
        self.client = rewards
        self.prompts: dict[int, Prompt] = {}
        self.own = Rewards([])
        """Of the batch that was rolled out last, this rank's rewards."""
        self.everyones: list[float | None] = []
        """And those of all ranks."""
        super().__init__(
            model=model,
            reward_funcs=self.hand_rewards,
            rollout_func=self.roll_out,
            args=grpo_config(run.job, options, run.ranks.count, chats.stop_ids),
            # TRL hands prompts on to the function above: a row's number stands for its prompt.
            train_dataset=Dataset.from_dict({"prompt": [str(row) for row in order]}),
            processing_class=chats.tokenizer,
            callbacks=[run],
            peft_config=peft_config,
        )
        self.stop_ids = chats.stop_ids
        if not self.use_vllm:
            # Of the list TRL knows the tokenizer's own alone.
            self.generation_config.eos_token_id = self.generation_kwargs["eos_token_id"] = self.stop_ids

    def roll_out(self, prompts: list[str], _trainer: Any) -> dict[str, Any]:
        """Samples completions of this rank's rows and asks for their rewards, and notes what the step had."""
        run, hyper = self.run, self.run.job.hyper
        self.seconds = {"sample_seconds": 0.0, "reward_seconds": 0.0}
        sampled = resampled = 0
        rollout = self.sampled([int(row) for row in prompts], 0)
        sampled += sum(map(len, rollout.completions))
        for asked in range(1, hyper.variant.resample_flat + 1):
            flat = flat_groups(rollout.rewards.values, hyper.group_size)
            # All ranks sample together, and as much.
            most = max(run.ranks.all(len(flat)))
            if most == 0:
                break
            seed = [hyper.seed, self.state.global_step, asked, run.ranks.number]
            rows = other_rows(self.order, seed, most)
            others = self.sampled([row for row in rows for _ in range(hyper.group_size)], asked)
            rollout.replace(flat, others, hyper.group_size)
            sampled += sum(map(len, others.completions))
            resampled += len(flat)
        self.note(rollout, sampled, resampled)
        return {"prompt_ids": rollout.prompts, "completion_ids": rollout.completions, "logprobs": rollout.logprobs}

    def note(self, rollout: Rollout, sampled: int, resampled: int) -> None:
        """Fields of the step's line, over all ranks.

        Raises JobFailure (class reward), on all of them, where too many items could not be scored.
        """
        run, hyper = self.run, self.run.job.hyper
        lengths = [len(ids) for ids in rollout.completions]
        thinking = [split.thinking_tokens for split in rollout.splits]
        said = run.ranks.all((rollout.answers, lengths, rollout.truncated, thinking, self.seconds, sampled, resampled))
        answers, lengths, truncated, thinking = (
            [each for part in parts for each in part] for parts in zip(*(one[:4] for one in said), strict=True)
        )
        run.step_tokens += sum(one[5] for one in said)
        told_apart = self.chats.separator is not None
        rewards = Rewards(answers)
        run.sampling = sampling_figures(lengths, truncated, thinking if told_apart else None)
        run.sampling |= reward_figures(rewards, hyper, run.progress.step + 1)
        if hyper.variant.resample_flat:
            run.sampling["resampled_groups"] = sum(one[6] for one in said)
        run.line |= run.sampling
        run.line |= {name: round(max(one[4][name] for one in said), 4) for name in self.seconds}
        self.own, self.everyones = rollout.rewards, rewards.values

    def sampled(self, rows: list[int], asked: int) -> Rollout:
        """Completions of rows, and their rewards once every rank has its own."""
        run = self.run
        run.doing("sampling")
        started = time.perf_counter()
        prompts = [self.prompt(row).ids for row in rows]
        completions, logprobs = self.complete(prompts, asked)
        splits = [self.chats.split(self.prompt(row), ids) for row, ids in zip(rows, completions, strict=True)]
        truncated = [ids[-1] not in self.stop_ids for ids in completions]
        rollout = Rollout(rows, prompts, completions, truncated, splits, logprobs)
        items = items_of(rollout, self.rows, run.progress.step + 1)
        sampled = time.perf_counter()
        run.doing("waiting for rewards")
        run.ranks.agreed(lambda: self.ask(rollout, items))
        self.seconds["sample_seconds"] += sampled - started
        self.seconds["reward_seconds"] += time.perf_counter() - sampled
        return rollout

    def ask(self, rollout: Rollout, items: list[dict[str, Any]]) -> None:
        with self.run.stop.waiting():
            rollout.answers = self.client.score(items).answers

    def prompt(self, row: int) -> Prompt:
        if row not in self.prompts:
            self.prompts[row] = self.chats.prompt(self.rows[row])
        return self.prompts[row]

    def complete(self, prompts: list[list[int]], asked: int) -> tuple[list[list[int]], list[list[float]] | None]:
        """A completion for each prompt, up to and including its first end token, and what the sampler gave its tokens.

        `asked` counts the samplings of this step before.
        """
        if self.use_vllm:
            copies = self.run.job.hyper.group_size
            _, completions, chances, _ = self.vllm_generation.generate(prompts, None, copies)
            return [list(ids) for ids in completions], [[place[0] for place in row] for row in chances]
        seed = [self.run.job.hyper.seed, self.state.global_step, self.run.ranks.number, asked]
        torch.manual_seed(numpy.random.SeedSequence(seed).generate_state(1)[0].item())
        batch = self.processing_class.pad({"input_ids": prompts}, padding_side="left", return_tensors="pt")
        with self.sampler() as model:
            rows = model.generate(**batch.to(self.accelerator.device), generation_config=self.generation_config)
        completions = rows[:, batch["input_ids"].shape[1] :].tolist()
        ends = [next((place for place, token in enumerate(ids) if token in self.stop_ids), None) for ids in completions]
        cut = [ids if end is None else ids[: end + 1] for ids, end in zip(completions, ends, strict=True)]
        return cut, None

    def hand_rewards(self, **_: Any) -> list[float | None]:
        """None for an unscorable item, which TRL keeps out of its group's mean and gives no advantage."""
        return self.own.values

    def own_advantages(self) -> list[float] | None:
        hyper = self.run.job.hyper
        if hyper.variant.baseline == "mean":
            return None
        all_of_them = advantages(self.everyones, hyper.group_size, hyper.variant)
        share = len(self.own.answers)
        return all_of_them[self.run.ranks.number * share :][:share]
