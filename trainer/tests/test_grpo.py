"""What an unscorable item is to a GRPO step: no reward, no advantage; mean and spread are those of the others."""

import math
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import torch
from transformers import AutoTokenizer

from trainer.contract.chats import Chats
from trainer.contract.examples import prompt_too_long
from trainer.contract.failures import JobFailure
from trainer.contract.job import parse_job
from trainer.contract.loading import hold_to, load_checkpoint
from trainer.contract.rows import Long, load_rows
from trainer.engines.small import grpo
from trainer.tests import training
from trainer.tests.support import BASE, job_value
from trainer.tests.training import FakeClient, make_training


class GroupsPerPassTest(unittest.TestCase):
    def test_a_pass_holds_as_many_groups_as_fit_by_their_tokens_and_by_the_logits_of_a_real_vocabulary(self) -> None:
        for prompts, copies, prompt_tokens, answer_tokens, vocabulary, groups in (
            (16, 8, 320, 288, 200, 16),
            (16, 8, 3000, 288, 200, 2),
            (16, 8, 320, 288, 49_152, 2),
            (6, 4, 320, 500, 49_152, 2),
            (8, 8, 4400, 1152, 49_152, 1),
            (7, 4, 320, 500, 49_152, 1),
        ):
            sizes = {"promptsPerStep": prompts, "groupSize": copies}
            limits = {"maxPromptTokens": prompt_tokens, "maxCompletionTokens": answer_tokens}
            with TemporaryDirectory() as folder, self.subTest(str(sizes | limits)):
                hyper = parse_job(job_value(Path(folder), **sizes, **limits)).hyper
                self.assertEqual(grpo.groups_per_pass(hyper, vocabulary), groups)


class ReferenceTest(unittest.TestCase):
    def test_the_kl_term_holds_the_model_to_another_checkpoint_where_one_is_named(self) -> None:
        other = BASE.parent / "weakVerifier"
        trainer = make_training(type(self), FakeClient(), klCoef=0.1)
        start, first = trainer.model.state_dict(), load_checkpoint(other)[0].state_dict()
        name = next(name for name in start if not torch.equal(start[name], first[name]))
        self.assertTrue(torch.equal(trainer.ref_model.state_dict()[name], start[name]))
        hold_to(trainer.ref_model, other)
        self.assertTrue(torch.equal(trainer.ref_model.state_dict()[name], first[name]))
        self.assertTrue(torch.equal(trainer.model.state_dict()[name], start[name]))


class UnscorableTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.client = FakeClient()
        cls.trainer = make_training(cls, cls.client, maxUnscorableShare=0.75)

    def advantages(self, groups: list[list[float | None]]) -> list[list[float]]:
        self.client.values = [value for group in groups for value in group]
        inputs = [{"prompt": str(row)} for row in range(len(groups)) for _ in groups[row]]
        self.trainer.model.train()
        batch = self.trainer._generate_and_score_completions(inputs)
        return batch["advantages"].view(len(groups), -1).tolist()

    def assert_group(self, got: list[float], rewards: list[float | None]) -> None:
        scored = [value for value in rewards if value is not None]
        mean = sum(scored) / len(scored)
        spread = math.sqrt(sum((value - mean) ** 2 for value in scored) / (len(scored) - 1)) if len(scored) > 1 else 0.0
        for value, advantage in zip(rewards, got, strict=True):
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
        line = self.trainer.run.line
        scored = [1.0, 0.0, 0.5, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0]
        self.assertEqual((line["unscorable"], line["flat_group_share"]), (6, 0.5))
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
        self.assertTrue(all(item["step"] == 1 and "thinking" not in item for item in self.client.asked))


class PassesTest(unittest.TestCase):
    def test_a_batch_that_is_read_in_several_passes_is_of_the_same_rows_as_in_one(self) -> None:
        courses = []
        for tokens, passes in ((grpo.TOKENS_PER_PASS, 1), (1, 4)):
            client = FakeClient()
            client.values = [float(number % 3) for number in range(16)]
            with mock.patch.object(grpo, "TOKENS_PER_PASS", tokens):
                trainer = make_training(type(self), client, learningRate=1e-5)
            self.assertEqual(trainer.args.gradient_accumulation_steps, passes)
            trainer.train()
            # Those of the last step.
            courses.append([(item["itemId"], item["response"]) for item in client.asked])
        self.assertEqual(*courses)


class EndTest(unittest.TestCase):
    def test_a_completion_by_transformers_ends_at_the_first_of_all_end_tokens(self) -> None:
        ends = [AutoTokenizer.from_pretrained(BASE).convert_tokens_to_ids(text) for text in ("<eos>", "\n")]
        with (
            mock.patch.object(grpo, "shape_of", return_value=None),
            mock.patch.object(training, "stop_ids_of", return_value=ends),
        ):
            trainer = make_training(type(self), FakeClient())
        completions = trainer.sample_groups([trainer.prompt(row).ids for row in range(8)])
        self.assertIn(ends[1], [ids[-1] for ids in completions])
        for ids in completions:
            self.assertFalse(set(ends).intersection(ids[:-1]))
            self.assertTrue(ids[-1] in ends or len(ids) == trainer.run.job.hyper.max_completion_tokens)


class LongPromptTest(unittest.TestCase):
    def test_a_prompt_is_too_long_by_its_tokens_as_the_template_writes_it(self) -> None:
        tokenizer = AutoTokenizer.from_pretrained(BASE)
        job = parse_job(job_value(Path(self.enterContext(TemporaryDirectory())), maxPromptTokens=12))
        chats = Chats(tokenizer, job, [tokenizer.eos_token_id], len(tokenizer))
        rows = load_rows(job.datasets[0], "grpo")
        expected = []
        for row in rows:
            length = len(tokenizer.apply_chat_template(row.prompt, add_generation_prompt=True, return_dict=False))
            expected.append(Long(row.item_id, "prompt", length, "maxPromptTokens", 12) if length > 12 else None)
        self.assertTrue(0 < expected.count(None) < len(rows))
        self.assertEqual([prompt_too_long(row, chats, job.hyper) for row in rows], expected)


if __name__ == "__main__":
    unittest.main()
