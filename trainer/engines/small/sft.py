"""The SFT job: TRL's SFTTrainer on answers that follow their prompts as they do in sampling; the loss is on the answer alone."""

from typing import Any

from trl import SFTConfig, SFTTrainer

from trainer.contract.failures import JobFailure
from trainer.contract.job import Job
from trainer.contract.rows import Mixture, Row
from trainer.engines.small.common import JobTrainer, Run, StepOrder, shared_settings


def sft_config(job: Job) -> SFTConfig:
    """promptsPerStep rows a step, one optimizer step each; rows are tokenized here, so TRL prepares nothing."""
    return SFTConfig(
        per_device_train_batch_size=job.hyper.prompts_per_step,
        completion_only_loss=True,
        packing=False,
        max_length=None,
        shuffle_dataset=False,
        **shared_settings(job),
    )


class SftJob(JobTrainer, SFTTrainer):
    def __init__(self, run: Run, model: Any, tokenizer: Any, rows: list[Row], mixture: Mixture):
        from datasets import Dataset

        self.attach(run)
        self.mixture = mixture
        encoded = [encode(row, tokenizer, run.job) for row in rows]
        super().__init__(
            model=model,
            args=sft_config(run.job),
            train_dataset=Dataset.from_dict(
                {key: [item[key] for item in encoded] for key in ("input_ids", "completion_mask")}
            ),
            processing_class=tokenizer,
            callbacks=[run],
        )

    def _get_train_sampler(self, dataset: Any = None) -> StepOrder:
        return StepOrder(self.mixture, self.args.max_steps, 1, self.run)

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Any:
        self.run.begin_batch()
        learned = int((inputs["labels"] != -100).sum())
        self.run.line |= {"completionTokens": learned / inputs["labels"].shape[0]}
        self.run.step_tokens += learned
        return super().training_step(model, inputs, num_items_in_batch)


def encode(row: Row, tokenizer: Any, job: Job) -> dict[str, list[int]]:
    """Prompt, answer and end token. Raises JobFailure (class data) for what the job's limits would cut."""
    assert row.completion is not None
    prompt = tokenizer.apply_chat_template(row.prompt, add_generation_prompt=True, tokenize=True, return_dict=False)
    answer = tokenizer(row.completion, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    for name, ids, most in (
        ("prompt", prompt, job.hyper.max_prompt_tokens),
        ("completion", answer, job.hyper.max_completion_tokens),
    ):
        if len(ids) > most:
            raise JobFailure("data", f"row {row.item_id} has a {name} of {len(ids)} tokens, the job allows {most}")
    return {"input_ids": prompt + answer, "completion_mask": [0] * len(prompt) + [1] * len(answer)}
