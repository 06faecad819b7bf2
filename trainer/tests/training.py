"""A GRPO training, over the shipped base if no other is said, in this process, whose rewards the test decides."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.contract.attempt import StopRequest
from trainer.contract.batches import Rewards, Scored, Unscorable
from trainer.contract.chats import Chats
from trainer.contract.job import parse_job
from trainer.contract.loading import stop_ids_of
from trainer.contract.progress import Progress
from trainer.contract.rows import load_rows, mixture
from trainer.engines.small.common import Run
from trainer.engines.small.grpo import GrpoTraining
from trainer.tests.support import BASE, job_value


class FakeClient:
    """Answers with the rewards it is given, in place of a reward service."""

    def __init__(self) -> None:
        self.values: list[float | None] = []
        self.asked: list[dict[str, Any]] = []

    def score(self, items: list[dict[str, Any]]) -> Rewards:
        self.asked = items
        return Rewards([answer(item["itemId"], value) for item, value in zip(items, self.values, strict=True)])


def answer(item: str, value: float | None) -> Scored | Unscorable:
    if value is None:
        return Unscorable(itemId=item, status="unscorable", reason="a judge gave no verdict")
    return Scored(itemId=item, status="scored", reward=value)


def make_training(test: type[unittest.TestCase], client: FakeClient, base: Path = BASE, **hyper: Any) -> GrpoTraining:
    """Its files go with the test case's class."""
    folder = Path(test.enterClassContext(TemporaryDirectory()))
    job = parse_job(job_value(folder, base=base, **hyper))
    job.output.folder.mkdir()
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(base)
    chats = Chats(tokenizer, job, stop_ids_of(model, tokenizer), len(tokenizer))
    rows = load_rows(job.datasets[0], "grpo")
    order = mixture([len(rows)], [1], job.hyper.prompts_per_step * job.hyper.max_steps, job.hyper.seed)
    run = Run(job, Progress(), StopRequest())
    return GrpoTraining(run, model, chats, rows, order, client)
