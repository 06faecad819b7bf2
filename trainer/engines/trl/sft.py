"""The SFT job: TRL's SFTTrainer on answers that follow their prompts as in sampling. The loss is on answers alone."""

from typing import Any

import numpy
import torch
from datasets import Dataset
from trl import SFTTrainer

from trainer.contract.examples import Example
from trainer.engines.trl.common import JobTrainer
from trainer.engines.trl.internals import PassTrainer
from trainer.engines.trl.options import Options
from trainer.engines.trl.passes import Length, longest, plan
from trainer.engines.trl.run import Run
from trainer.engines.trl.settings import sft_config


class SftTraining(JobTrainer, PassTrainer, SFTTrainer):
    def __init__(
        self,
        run: Run,
        model: Any,
        tokenizer: Any,
        examples: list[Example],
        order: list[int],
        options: Options,
        peft_config: Any = None,
    ):
        self.run = run
        encoded = Dataset.from_list([example.inputs() for example in examples])
        super().__init__(
            model=model,
            args=sft_config(run.job, options, run.ranks.count),
            train_dataset=encoded.select(order),
            processing_class=tokenizer,
            callbacks=[run],
            peft_config=peft_config,
        )

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        model.train()
        ranks = self.run.ranks
        seed = [self.run.job.hyper.seed, self.state.global_step, ranks.number]
        torch.manual_seed(numpy.random.SeedSequence(seed).generate_state(1)[0].item())
        # Padded on the right, so a row's length is all that there is to trim.
        rows = [Length(length, 0) for length in inputs["attention_mask"].sum(1).tolist()]
        said = ranks.all((rows, int((inputs["labels"] != -100).sum())))
        learned = sum(count for _, count in said)
        self.run.step_tokens += learned
        self.run.line["completion_tokens"] = learned / sum(len(each) for each, _ in said)
        parts = []
        for chosen in plan([each for each, _ in said], self.micro_batch_tokens)[ranks.number]:
            own = [rows[row] for row in chosen]
            width = longest(own).prompt
            picked = torch.tensor(chosen, device=inputs["input_ids"].device)
            parts.append(({name: value[picked, :width] for name, value in inputs.items()}, own, 1.0))
        return self.learn(model, parts, torch.tensor(learned, device=self.accelerator.device))
