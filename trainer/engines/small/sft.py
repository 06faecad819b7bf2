"""The SFT job: TRL's SFTTrainer on answers that follow their prompts as in sampling. The loss is on answers alone."""

from dataclasses import dataclass
from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from trainer.contract.chats import Chats
from trainer.contract.job import SftHyper, SftJob
from trainer.contract.rows import Long, Row
from trainer.engines.small.common import JobTrainer, Run, shared_settings


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


@dataclass(frozen=True)
class Example:
    """A row as tokens: the prompt, and what is learned after it."""

    item_id: str
    prompt: list[int]
    learned: list[int]

    @staticmethod
    def of(row: Row, chats: Chats) -> "Example":
        prompt = chats.prompt(row)
        return Example(row.item_id, prompt.ids, chats.learned(row, prompt))

    def too_long(self, hyper: SftHyper) -> Long | None:
        for part, ids, limit, most in (
            ("prompt", self.prompt, "maxPromptTokens", hyper.max_prompt_tokens),
            ("completion", self.learned, "maxCompletionTokens", hyper.max_completion_tokens),
        ):
            if len(ids) > most:
                return Long(self.item_id, part, len(ids), limit, most)
        return None

    def inputs(self) -> dict[str, list[int]]:
        return {"input_ids": self.prompt + self.learned, "labels": [-100] * len(self.prompt) + self.learned}


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

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Any:
        self.run.begin_batch()
        learned = int((inputs["labels"] != -100).sum())
        self.run.line["completion_tokens"] = learned / inputs["labels"].shape[0]
        self.run.step_tokens += learned
        return super().training_step(model, inputs, num_items_in_batch)
