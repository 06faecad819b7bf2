"""All that the engine takes from TRL and transformers beyond what they document.

Read from the versions below; trainer/tests/test_internals.py fails when one of these members changes, and says which.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from trl import GRPOTrainer
from trl.models import unwrap_model_for_generation
from trl.trainer.utils import split_tensor_dict

from trainer.contract.chances import token_chances, too_many
from trainer.contract.failures import JobFailure
from trainer.engines.trl.passes import Length, longest, padded, part, plan
from trainer.engines.trl.run import Run
from trainer.engines.trl.sharded import load_state, save_state

READ_FROM = {"trl": "1.13.0", "transformers": "5.17.0"}
STATE, SCHEDULE = "trainer_state.json", "schedule.pt"
BEYOND = -50.0
"""A log probability where there is no token: none of its differences overflows before the mask takes it out."""


class PassTrainer:
    """Mixed into TRL's trainers: a rank's share of a step is one batch, read in passes; states are ours."""

    run: Run
    micro_batch_tokens: int

    def learn(self, model: Any, parts: list[tuple[dict[str, Any], list[Length], float]], items: Any) -> torch.Tensor:
        """The passes of a step: each one's inputs, its rows, and the weight of its loss. Returns the sum of the losses.

        Gradients are exchanged once, with the last pass; where parameters are spread over the ranks with each, since
        whole gradients would not fit.
        """
        total = torch.zeros((), device=self.accelerator.device)
        for number, (inputs, rows, weight) in enumerate(parts, start=1):
            self.run.doing("in a pass", len(rows), padded(rows))
            alone = number < len(parts) and not self.is_fsdp_enabled
            with self.accelerator.no_sync(model) if alone else contextlib.nullcontext():
                with self.compute_loss_context_manager():
                    loss = self.compute_loss(model, inputs, num_items_in_batch=items) * weight
                self.accelerator.backward(loss)
            total += loss.detach()
        self.run.doing("measuring the gradient")
        self.run.loss = float(total)
        self.run.line["micro_batches"] = len(parts)
        return total

    def _clip_grad_norm(self, model: Any) -> Any:
        norm = super()._clip_grad_norm(model)
        whole = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
        self.run.line["gradient_norm"] = float(whole)
        return norm

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """As `sharded` has states; the trainer's own place in the course beside it."""
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        self.run.doing("saving the state")
        save_state(folder, self.model_wrapped, self.optimizer.optimizer)
        if self.run.ranks.first:
            torch.save(self.lr_scheduler.state_dict(), folder / SCHEDULE)
            self.state.save_to_json(str(folder / STATE))
        self.save_sampled(folder)
        self.run.ranks.meet()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """With the optimizer, once the model is where it is trained."""

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_state(Path(checkpoint), self.model_wrapped, self.optimizer.optimizer)
            self.lr_scheduler.load_state_dict(torch.load(Path(checkpoint) / SCHEDULE))
            self.load_sampled(Path(checkpoint))

    def _load_rng_state(self, checkpoint: str | None) -> None:
        """Every step is seeded by its number."""

    def save_sampled(self, folder: Path) -> None:
        """What else a state needs."""

    def load_sampled(self, folder: Path) -> None:
        """The same, read."""


class RolloutTrainer(PassTrainer, GRPOTrainer):
    """TRL's GRPO, whose batch is a rank's rows in their order."""

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        model.train()
        self._metrics["train"].clear()
        batch = self._prepare_inputs(inputs)
        rows = lengths(batch)
        everyones = self.run.ranks.all(rows)
        plans = plan(everyones, self.micro_batch_tokens)
        tokens = [
            sum(everyones[rank][row].completion for rank, own in enumerate(plans) for row in own[number])
            for number in range(len(plans[0]))
        ]
        # TRL divides by this over the steps of a sampling.
        steps = self.args.steps_per_generation
        batch["num_items_in_batch"] = torch.tensor(sum(tokens) * steps, device=self.accelerator.device)
        parts = []
        for chosen in plans[self.run.ranks.number]:
            own = [rows[row] for row in chosen]
            # By tokens a pass is divided by those of the step, else by its own rows.
            weight = 1.0 if self.loss_type == "dapo" else len(own) / len(rows)
            parts.append((part(batch, chosen, longest(own)), own, weight))
        total = self.learn(model, parts, None)
        counts = [sum(len(own[number]) for own in plans) for number in range(len(tokens))]
        self.run.line |= self.figures(tokens, counts)
        self._step += 1
        return total

    def _prepare_inputs(self, generation_batch: Any) -> dict[str, Any]:
        """As TRL's, but rows keep their order: shuffling them before the split into steps teaches nothing."""
        steps = self.args.steps_per_generation
        if self._step % steps == 0 or self._buffered_inputs is None:
            self._buffered_inputs = split_tensor_dict(self._generate_and_score_completions(generation_batch), steps)
        return dict(self._buffered_inputs[self._step % steps])

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        batch = super()._generate_and_score_completions(inputs)
        own = self.own_advantages()
        if own is not None:
            batch["advantages"] = torch.tensor(own, dtype=torch.float32, device=self.accelerator.device)
        return batch

    def own_advantages(self) -> list[float] | None:
        """Of this rank's rows of the batch that was rolled out last; None: TRL's."""

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        **named: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """As TRL's; what is beside the training in passes as well, and a pass of too many logits in parts."""

        def compute(model: Any, ids: torch.Tensor, mask: torch.Tensor, count: int, **named: Any) -> tuple[Any, ...]:
            bare = self.accelerator.unwrap_model(model)
            if named.get("compute_aux_loss") or not too_many(bare, len(ids), count):
                return whole(model, ids, mask, count, **named)
            return *token_chances(model, bare.get_output_embeddings(), ids, mask, count, self.temperature), None

        whole = super()._get_per_token_logps_and_entropies
        if torch.is_grad_enabled():
            return compute(model, input_ids, attention_mask, logits_to_keep, **named)
        edge = input_ids.shape[1] - logits_to_keep
        batch = {
            "prompt_ids": input_ids[:, :edge],
            "prompt_mask": attention_mask[:, :edge],
            "completion_ids": input_ids[:, edge:],
            "completion_mask": attention_mask[:, edge:],
        }
        rows = lengths(batch)
        result = torch.full((len(rows), logits_to_keep), BEYOND, device=input_ids.device)
        for chosen in plan(self.run.ranks.all(rows), self.micro_batch_tokens)[self.run.ranks.number]:
            own = [rows[row] for row in chosen]
            self.run.doing("in a pass", len(own), padded(own))
            inputs = part(batch, chosen, longest(own))
            ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1)
            mask = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1)
            width = inputs["completion_ids"].shape[1]
            result[chosen, :width] = compute(model, ids, mask, width)[0].to(result.dtype)
        return result, None, None

    def figures(self, tokens: list[int], rows: list[int]) -> dict[str, float]:
        """Fields of a line of metrics, from those of the passes, that are of so many tokens and rows on all ranks."""
        figures = {}
        for field, names in (
            ("entropy", ("entropy",)),
            ("kl", ("kl",)),
            ("clip_share", ("clip_ratio/region_mean", "clip_ratio")),
        ):
            # A sequence that is clipped counts as one.
            weights = rows if field == "clip_share" and self.importance_sampling_level == "sequence" else tokens
            values = next((self._metrics["train"][name] for name in names if name in self._metrics["train"]), None)
            if values:
                products = [value * weight for value, weight in zip(values, weights, strict=True)]
                figures[field] = sum(products) / sum(weights)
        return figures

    def save_sampled(self, folder: Path) -> None:
        """Within a sampling that is for several steps, what was sampled: the weights that did are gone."""
        if self.state.global_step % self.args.steps_per_generation:
            file = folder / f"sampled-{self.run.ranks.number}-of-{self.run.ranks.count}.pt"
            torch.save((self._buffered_inputs, self.run.sampling), file)

    def load_sampled(self, folder: Path) -> None:
        ranks = self.run.ranks
        self._step = self.state.global_step
        if self._step % self.args.steps_per_generation == 0:
            return
        file = folder / f"sampled-{ranks.number}-of-{ranks.count}.pt"
        if not file.exists():
            problem = f"state {folder} was saved within a sampling, by another number of processes than {ranks.count}"
            raise JobFailure("app", f"{problem}; give the job as many as before")
        # torch cannot restore to the CPU with a number, as accelerate calls it.
        device = "cpu" if self.accelerator.device.type == "cpu" else self.accelerator.device
        self._buffered_inputs, self.run.sampling = torch.load(file, map_location=device)

    @contextlib.contextmanager
    def sampler(self) -> Iterator[Any]:
        """The policy, whole, for transformers' own sampling."""
        with (
            torch.no_grad(),
            unwrap_model_for_generation(
                self.model_wrapped, self.accelerator, generation_kwargs=self.generation_kwargs
            ) as model,
            self._dist.summon_full_params(self.model_wrapped, recurse=False),
        ):
            yield model


def lengths(batch: dict[str, Any]) -> list[Length]:
    prompts, completions = batch["prompt_mask"].sum(1).tolist(), batch["completion_mask"].sum(1).tolist()
    return [Length(*pair) for pair in zip(prompts, completions, strict=True)]


def refer_to(model: Any, folder: Path) -> None:
    """Has TRL load the reference of the KL term from there: it takes the place that the model says it came from."""
    model.config._name_or_path = str(folder)


def save_now(trainer: Any) -> None:
    """Saves the state of the last step that is done, as at the end of a step that saves; all ranks together."""
    trainer._save_checkpoint(trainer.model, trial=None)
    trainer.callback_handler.on_save(trainer.args, trainer.state, trainer.control)
