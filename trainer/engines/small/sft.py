"""The SFT job: TRL's SFTTrainer on answers that follow their prompts as in sampling. The loss is on answers alone."""

from typing import Any

import torch
from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from trainer.contract.examples import Example
from trainer.contract.job import SftJob
from trainer.engines.small.common import LOGITS_PER_PASS, JobTrainer, Run, shared_settings
from trainer.engines.small.groups import Groups, log_probabilities
from trainer.engines.small.shape import Shape, shape_of
from trainer.engines.small.shared_starts import Alike, Written, alike


def sft_config(job: SftJob) -> SFTConfig:
    """rowsPerStep rows a step, one optimizer step each; rows are tokenized here, so TRL prepares nothing."""
    return SFTConfig(
        per_device_train_batch_size=job.hyper.rows_per_step,
        train_sampling_strategy="sequential",
        dataset_kwargs={"skip_prepare_dataset": True},
        packing=False,
        max_length=None,
        **shared_settings(job),
    )


class SftTraining(JobTrainer, SFTTrainer):
    def __init__(self, run: Run, model: Any, tokenizer: Any, examples: list[Example], order: list[int]):
        self.run = run
        encoded = Dataset.from_list([example.inputs() for example in examples])
        super().__init__(
            model=model,
            args=sft_config(run.job),
            train_dataset=encoded.select(order),
            processing_class=tokenizer,
            callbacks=[run],
        )
        shape = shape_of(model.config)
        self.shape = shape if shape is not None and shape.plain else None

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Any:
        self.run.begin_batch()
        learned = int((inputs["labels"] != -100).sum())
        self.run.line["completion_tokens"] = learned / inputs["labels"].shape[0]
        self.run.step_tokens += learned
        return super().training_step(model, inputs, num_items_in_batch)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """As TRL's, but on a CPU what rows begin with alike is read once, and logits are of what is learned alone."""
        together = self.together(inputs)
        if together is None:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        own = self.accelerator.unwrap_model(model)
        learned = (inputs["labels"] != -100).sum()
        return -sum(log_probability(own, self.shape, rows) for rows in together) / learned

    def together(self, inputs: dict[str, Any]) -> list[Alike] | None:
        """The batch's rows by their beginnings; None where TRL's way costs no more, or is needed."""
        if self.shape is None or self.accelerator.device.type != "cpu":
            return None
        ids, labels, lengths = (
            inputs["input_ids"].tolist(),
            (inputs["labels"] != -100).int(),
            inputs["attention_mask"].sum(1).tolist(),
        )
        starts = labels.argmax(1).tolist()
        rows = [Written(row[:length], start) for row, length, start in zip(ids, lengths, starts, strict=True)]
        found = alike(rows)
        large = inputs["input_ids"].numel() * self.shape.vocab > LOGITS_PER_PASS
        return found if large or len(found) < len(rows) else None


def log_probability(model: Any, shape: Shape, rows: Alike) -> torch.Tensor:
    """Of all that these rows learn, in sum."""
    rests = rows.rests
    groups = Groups([rows.start], rests, max(len(rest) for rest in rests), rows.unasked)
    chosen, _ = log_probabilities(model, shape, groups, 1.0)
    return chosen.sum()
