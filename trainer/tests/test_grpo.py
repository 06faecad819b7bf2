"""What an unscorable item is to a GRPO step: no reward and no advantage, in a group whose mean and spread are those of the others."""

import json
import math
import tempfile
import unittest
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.contract.failures import JobFailure
from trainer.contract.job import parse_job
from trainer.contract.progress import Progress
from trainer.contract.rewards import Rewards, read_answer
from trainer.contract.rows import Mixture, load_rows
from trainer.engines.small.common import Run, StopRequest
from trainer.engines.small.grpo import GrpoJob
from trainer.tests.support import BASE, job_value


class FakeClient:
    """Answers with the rewards it is given, in place of a reward service."""

    def __init__(self) -> None:
        self.values: list[float | None] = []
        self.asked: list[dict[str, Any]] = []

    def score(self, items: list[dict[str, Any]]) -> Rewards:
        self.asked = items
        return Rewards(self.values, {}, ["a judge gave no verdict" for value in self.values if value is None])


class UnscorableTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        job = parse_job(job_value(folder, maxUnscorableShare=0.75))
        job.output.mkdir()
        rows = load_rows(job.datasets[0], "grpo")
        cls.client = FakeClient()
        cls.run_ = Run(job, Progress(), StopRequest())
        cls.addClassCleanup(cls.run_.metrics.file.close)
        model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)
        mixture = Mixture([len(rows)], [1], job.hyper.prompts_per_step, job.hyper.seed)
        cls.trainer = GrpoJob(cls.run_, model, AutoTokenizer.from_pretrained(BASE), rows, mixture, cls.client)

    def advantages(self, groups: list[list[float | None]]) -> list[list[float]]:
        self.client.values = [value for group in groups for value in group]
        inputs = [{"prompt": "", "row": row} for row in range(len(groups)) for _ in groups[row]]
        self.trainer.model.train()
        batch = self.trainer._generate_and_score_completions(inputs)
        return batch["advantages"].view(len(groups), -1).tolist()

    def assert_group(self, got: list[float], rewards: list[float | None]) -> None:
        scored = [value for value in rewards if value is not None]
        mean = sum(scored) / len(scored)
        spread = math.sqrt(sum((value - mean) ** 2 for value in scored) / (len(scored) - 1)) if len(scored) > 1 else 0.0
        for value, advantage in zip(rewards, got):
            if value is None:
                self.assertEqual(advantage, 0.0)
            else:
                self.assertAlmostEqual(advantage, (value - mean) / (spread + 1e-4), places=4)

    def test_an_unscorable_item_has_advantage_exactly_0_and_leaves_its_groups_mean_and_spread_alone(self) -> None:
        groups = [[1.0, 0.0, None, 0.5], [1.0, 0.5, 0.0, 0.25], [None, 1.0, None, 0.0], [None, None, 0.7, None]]
        for got, rewards in zip(self.advantages(groups), groups, strict=True):
            self.assert_group(got, rewards)

    def test_a_group_without_any_reward_teaches_nothing(self) -> None:
        groups = [[None] * 4, [1.0, 0.0, 0.0, 0.0], [0.5] * 4, [1.0, 1.0, 0.0, 0.0]]
        got = self.advantages(groups)
        self.assertEqual(got[0], [0.0] * 4)
        self.assertEqual(got[2], [0.0] * 4)
        self.assert_group(got[1], groups[1])

    def test_the_steps_figures_are_of_the_scored_items(self) -> None:
        self.advantages([[1.0, 0.0, None, 0.5], [1.0, 1.0, 1.0, None], [None] * 4, [0.0, 0.0, 0.0, 1.0]])
        line = self.run_.line
        scored = [1.0, 0.0, 0.5, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0]
        self.assertEqual((line["unscorable"], line["flatGroupShare"]), (6, 0.5))
        self.assertAlmostEqual(line["reward"], sum(scored) / len(scored))

    def test_more_unscorable_items_than_the_job_allows_end_it_in_class_reward(self) -> None:
        for groups in ([[None] * 4] * 3 + [[1.0, None, 0.0, 0.5]], [[None] * 4] * 4):
            with self.assertRaises(JobFailure) as caught:
                self.advantages(groups)
            self.assertEqual(caught.exception.failure_class, "reward")
            self.assertIn("a judge gave no verdict", str(caught.exception))

    def test_the_service_is_asked_about_every_completion_of_its_row_in_order(self) -> None:
        self.advantages([[1.0, 0.0, 0.0, 0.0]] * 4)
        self.assertEqual(
            [item["itemId"] for item in self.client.asked], [f"row-{row}" for row in range(4) for _ in range(4)]
        )
        self.assertTrue(
            all(item["meta"]["problem"]["id"] == item["itemId"].replace("row-", "p") for item in self.client.asked)
        )


class LongPromptTest(unittest.TestCase):
    def test_a_prompt_that_does_not_fit_ends_the_job_before_its_first_step_by_name(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        job = parse_job(job_value(folder, maxPromptTokens=12))
        job.output.mkdir()
        rows = load_rows(job.datasets[0], "grpo")
        run = Run(job, Progress(), StopRequest())
        self.addCleanup(run.metrics.file.close)
        model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(BASE)
        lengths = {
            row.item_id: len(tokenizer.apply_chat_template(row.prompt, add_generation_prompt=True, return_dict=False))
            for row in rows
        }
        longest = max(lengths, key=lengths.__getitem__)
        too_long = sum(length > 12 for length in lengths.values())
        self.assertTrue(0 < too_long < len(rows))
        with self.assertRaises(JobFailure) as caught:
            GrpoJob(
                run,
                model,
                tokenizer,
                rows,
                Mixture([len(rows)], [1], job.hyper.prompts_per_step, job.hyper.seed),
                FakeClient(),
            )
        self.assertEqual(caught.exception.failure_class, "data")
        self.assertIn(
            f"{too_long} of {len(rows)} rows have prompts of more than hyper.maxPromptTokens 12 tokens, the longest {longest} with {lengths[longest]};",
            str(caught.exception),
        )


class AnswerTest(unittest.TestCase):
    ASKED = [{"itemId": "a"}, {"itemId": "b"}]

    def read(self, *answers: Any) -> Rewards:
        return read_answer(json.dumps({"items": answers}).encode(), self.ASKED)

    def test_an_unscorable_answer_is_no_reward_and_a_reward_of_0_is_one(self) -> None:
        zero = {"itemId": "a", "status": "scored", "reward": 0, "components": {"format": 0}}
        got = self.read(zero, {"itemId": "b", "status": "unscorable", "reason": "no verdict"})
        self.assertEqual((got.values, got.components, got.reasons), ([0.0, None], {"format": 0.0}, ["no verdict"]))

    def test_an_answer_that_breaks_the_protocol_is_never_taken_for_a_reward(self) -> None:
        good = {"itemId": "a", "status": "scored", "reward": 1, "components": {}}
        other = {**good, "itemId": "b"}
        broken = (
            [good],
            [good, good],
            [other, good],
            [good, {**other, "reward": None}],
            [good, {**other, "reward": True}],
            [good, {**other, "status": "ok"}],
        )
        for answers in (*broken, [good, {**other, "reward": float("nan")}], [good, 1]):
            with self.subTest(answers=answers), self.assertRaises(JobFailure) as caught:
                self.read(*answers)
            self.assertEqual(caught.exception.failure_class, "reward")


if __name__ == "__main__":
    unittest.main()
