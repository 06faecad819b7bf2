"""The SFT job: TRL's SFTTrainer on answers that follow their prompts as in sampling. The loss is on answers alone."""

from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from trainer.contract.failures import JobFailure
from trainer.contract.job import SftHyper, SftJob
from trainer.contract.rows import Row
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


class SftTraining(JobTrainer, SFTTrainer):
    def __init__(self, run: Run, model: Any, tokenizer: Any, rows: list[Row], order: list[int]):
        self.run = run
        encoded = Dataset.from_list([encode(row, tokenizer, run.job.hyper) for row in rows])
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


def encode(row: Row, tokenizer: Any, hyper: SftHyper) -> dict[str, list[int]]:
    """Prompt, answer and end token. Raises JobFailure (class data) for what the job's limits would cut."""
    prompt = tokenizer.apply_chat_template(row.prompt, add_generation_prompt=True, tokenize=True, return_dict=False)
    answer = tokenizer(row.completion, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    for name, ids, most in (
        ("prompt", prompt, hyper.max_prompt_tokens),
        ("completion", answer, hyper.max_completion_tokens),
    ):
        if len(ids) > most:
            raise JobFailure("data", f"row {row.item_id} has a {name} of {len(ids)} tokens, the job allows {most}")
    return {"input_ids": prompt + answer, "labels": [-100] * len(prompt) + answer}
