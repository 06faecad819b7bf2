"""All that the engine takes from TRL and transformers beyond what they document.

Read from the versions below; trainer/tests/test_internals.py fails when one of these members changes, and says which.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM
from trl import GRPOTrainer
from trl.trainer.utils import split_tensor_dict

from trainer.contract.failures import JobFailure
from trainer.engines.small.groups import Groups, log_probabilities
from trainer.engines.small.llama import Shape

READ_FROM = {"trl": "1.13.0", "transformers": "5.17.0"}


class GroupTrainer(GRPOTrainer):
    """TRL's GRPO over groups that stay together, so that a prompt is read once for all its completions."""

    shape: Shape | None = None
    """Of a decoder of the Llama kind. A plain Llama has a forward pass of ours; others take transformers'."""

    def _prepare_inputs(self, generation_batch: Any) -> dict[str, Any]:
        """As TRL's, but rows keep their order: shuffling them before the split into passes teaches nothing."""
        passes = self.args.steps_per_generation
        if self._step % passes == 0 or self._buffered_inputs is None:
            # Nobody logs what TRL gathers here.
            self._metrics["train"].clear()
            self._buffered_inputs = split_tensor_dict(self._generate_and_score_completions(generation_batch), passes)
        return self._buffered_inputs[self._step % passes]

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
        if self.shape is None or not self.shape.plain or self.accelerator.device.type != "cpu":
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
