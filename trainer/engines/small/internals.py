"""All that the engine takes from TRL and transformers beyond what they document.

Read from the versions below; trainer/tests/test_internals.py fails when one of these members changes, and says which.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM
from trl import GRPOTrainer
from trl.trainer.utils import split_tensor_dict

from trainer.contract.chances import token_chances, too_many
from trainer.contract.failures import JobFailure
from trainer.engines.small.groups import Groups, log_probabilities
from trainer.engines.small.llama import Shape

SAMPLED = "sampled.pt"
"""In a state within a sampling that is for several steps: what was sampled."""
READ_FROM = {"trl": "1.13.0", "transformers": "5.17.0"}


class GroupTrainer(GRPOTrainer):
    """TRL's GRPO over groups that stay together, so that a prompt is read once for all its completions."""

    run: Any
    """Whose `sampling` has the figures of the batch that was rolled out last."""
    shape: Shape | None = None
    """Of a decoder of the Llama kind. A plain Llama has a forward pass of ours; others take transformers'."""

    def _prepare_inputs(self, generation_batch: Any) -> dict[str, Any]:
        """As TRL's, but rows keep their order: shuffling them before the split into passes teaches nothing."""
        passes = self.args.steps_per_generation
        if self._step % passes == 0 or self._buffered_inputs is None:
            # Nobody logs what TRL gathers here.
            self._metrics["train"].clear()
            self._buffered_inputs = split_tensor_dict(self._generate_and_score_completions(generation_batch), passes)
            self.count_by_step()
        return self._buffered_inputs[self._step % passes]

    def count_by_step(self) -> None:
        """Has a step of a sampling that is for several divided by its own tokens, not by their mean."""
        passes = self.args.gradient_accumulation_steps
        steps = self.args.steps_per_generation // passes
        for start in range(0, len(self._buffered_inputs) if steps > 1 else 0, passes):
            step = self._buffered_inputs[start : start + passes]
            tokens = sum(inputs["completion_mask"].sum() for inputs in step)
            for inputs in step:
                inputs["num_items_in_batch"] = tokens * steps

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        batch = super()._generate_and_score_completions(inputs)
        own = self.own_advantages()
        if own is not None:
            batch["advantages"] = torch.tensor(own, dtype=torch.float32, device=self.accelerator.device)
        return batch

    def own_advantages(self) -> list[float] | None:
        """Of the batch that was rolled out last; None: TRL's."""

    def figures(self) -> dict[str, float]:
        """Fields of a line of metrics, over the passes of the step that is under way."""
        done = (self._step - 1) % self.args.gradient_accumulation_steps + 1
        first = (self._step - done) % self.args.steps_per_generation
        tokens = [int(inputs["completion_mask"].sum()) for inputs in self._buffered_inputs[first : first + done]]
        figures = {}
        for field, name in (("entropy", "entropy"), ("kl", "kl"), ("clip_share", "clip_ratio/region_mean")):
            # A sequence that is clipped counts as one.
            by_row = field == "clip_share" and self.importance_sampling_level == "sequence"
            weights = [1] * done if by_row else tokens
            if values := self._metrics["train"].get(name, [])[-done:]:
                figures[field] = sum(map(float.__mul__, values, map(float, weights))) / sum(weights)
        return figures

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        if self.state.global_step % self.steps_per_sampling:
            # The weights that sampled it are gone.
            folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            torch.save((self._buffered_inputs, self.run.sampling), folder / SAMPLED)

    def _load_optimizer_and_scheduler(self, checkpoint: Any) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if self.state.global_step % self.steps_per_sampling:
            self._buffered_inputs, self.run.sampling = torch.load(Path(checkpoint) / SAMPLED)
            self._step = self.state.global_step * self.args.gradient_accumulation_steps

    @property
    def steps_per_sampling(self) -> int:
        return self.args.steps_per_generation // self.args.gradient_accumulation_steps

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        *arguments: Any,
        **named: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """As TRL's, in parts where it would have too many logits; but on a CPU a group's prompt is read once."""
        if self.shape is None or not self.shape.plain or self.accelerator.device.type != "cpu":
            bare = self.accelerator.unwrap_model(model)
            if not named.get("compute_aux_loss") and too_many(bare, len(input_ids), logits_to_keep):
                head, temperature = bare.get_output_embeddings(), self.temperature
                return *token_chances(model, head, input_ids, attention_mask, logits_to_keep, temperature), None
            return super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, *arguments, **named
            )
        edge = input_ids.shape[1] - logits_to_keep
        # Prompts are padded on the left, completions on the right.
        starts = edge - attention_mask[:, :edge].sum(1)
        ends = attention_mask[:, edge:].sum(1)
        read = [row[start:] for row, start in zip(input_ids[:, :edge].tolist(), starts.tolist(), strict=True)]
        written = [row[:end] for row, end in zip(input_ids[:, edge:].tolist(), ends.tolist(), strict=True)]
        groups = Groups(read[:: self.num_generations], written, logits_to_keep)
        return *log_probabilities(self.accelerator.unwrap_model(model), self.shape, groups, self.temperature), None


class StateTrainer:
    """Mixed into TRL's trainers."""

    model: Any

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Not as transformers', which leaves a weight as it began where the state's file has another name for it."""
        load_weights(self.model if model is None else model, Path(resume_from_checkpoint))

    def _clip_grad_norm(self, model: Any) -> Any:
        norm = super()._clip_grad_norm(model)
        self.note_gradient(float(norm))
        return norm

    def note_gradient(self, norm: float) -> None:
        """Takes in the gradient's norm before it is clipped."""


def load_weights(model: Any, state: Path) -> None:
    """A training state's weights.

    Read as a checkpoint is: some models' weights have other names in files than in memory, and tied ones stand once.
    """
    saved, seen = AutoModelForCausalLM.from_pretrained(state, dtype=torch.float32, output_loading_info=True)
    if seen["missing_keys"]:
        raise JobFailure(
            "infra", f"training state {state} lacks the weights {', '.join(sorted(seen['missing_keys'])[:4])}"
        )
    model.load_state_dict(saved.state_dict())


def save_state(trainer: Any) -> None:
    """Saves the state of the last step that is done, as at the end of a step that saves."""
    trainer._save_checkpoint(trainer.model, trial=None)
    trainer.callback_handler.on_save(trainer.args, trainer.state, trainer.control)
