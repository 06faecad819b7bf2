"""The grouped forward pass against the one TRL takes: same log probabilities, same entropies, same gradients."""

import copy
import json
import random
import unittest
from typing import Any
from unittest import mock

import torch
from transformers import LlamaConfig, LlamaForCausalLM
from trl import GRPOTrainer

from trainer.engines.small import groups
from trainer.engines.small.grpo import GrpoTraining
from trainer.tests.training import FakeClient, make_training

COPIES = 4
PAD = 0


def batch(
    prompts: int, longest_prompt: int, longest_answer: int, words: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, attention mask and the answers' mask of rows as TRL makes them.

    Prompts are padded on the left, answers on the right, beyond the longest too.
    """
    draw = random.Random(5)
    rows = prompts * COPIES
    ids, mask = torch.full((2, rows, longest_prompt + longest_answer + 2), PAD)
    for group in range(prompts):
        prompt = [
            draw.randrange(words) for _ in range(longest_prompt if group == 0 else draw.randint(1, longest_prompt))
        ]
        for row in range(group * COPIES, (group + 1) * COPIES):
            length = longest_answer if row == 0 else 1 if row == 1 else draw.randint(1, longest_answer)
            answer = [draw.randrange(words) for _ in range(length)]
            span = slice(longest_prompt - len(prompt), longest_prompt + length)
            ids[row, span] = torch.tensor(prompt + answer)
            mask[row, span] = 1
    return ids, mask, mask[:, longest_prompt:]


def make_trainer(test: type[unittest.TestCase], **hyper: Any) -> GrpoTraining:
    """A job over the base; every other completion of a group is rewarded."""
    client = FakeClient()
    trainer = make_training(test, client, groupSize=COPIES, temperature=0.7, **hyper)
    client.values = [float(number % 2) for number in range(trainer.run.job.hyper.prompts_per_step * COPIES)]
    return trainer


class GroupsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.trainer = make_trainer(cls)

    def assert_equal_to_trl(self, model: LlamaForCausalLM) -> None:
        ids, mask, asked = batch(prompts=3, longest_prompt=37, longest_answer=20, words=model.config.vocab_size)
        weights = torch.randn(asked.shape, generator=torch.Generator().manual_seed(1)) * asked
        results = []
        for forward in (
            GRPOTrainer._get_per_token_logps_and_entropies,
            GrpoTraining._get_per_token_logps_and_entropies,
        ):
            own = copy.deepcopy(model).train()
            logps, entropies, _ = forward(self.trainer, own, ids, mask, asked.shape[1], compute_entropy=True)
            (logps * weights).sum().backward()
            results.append(
                (
                    logps.detach() * asked,
                    entropies.detach() * asked,
                    {name: value.grad for name, value in own.named_parameters()},
                )
            )
        (logps, entropies, gradients), (our_logps, our_entropies, our_gradients) = results
        self.assertLess(float((logps - our_logps).abs().max()), 1e-4)
        self.assertLess(float((entropies - our_entropies).abs().max()), 1e-4)
        for name, gradient in gradients.items():
            self.assertLess(float((gradient - our_gradients[name]).norm() / gradient.norm()), 1e-4, name)

    def test_the_base_reads_each_prompt_once_and_learns_the_same(self) -> None:
        self.assert_equal_to_trl(self.trainer.model)

    def test_weights_of_attention_that_are_computed_again_change_no_bit(self) -> None:
        ids, mask, asked = batch(prompts=3, longest_prompt=37, longest_answer=20, words=40)
        results = []
        for kept in (2**40, 0):
            own = copy.deepcopy(self.trainer.model).train()
            with mock.patch.object(groups, "LOOKS_KEPT", kept):
                logps, *_ = self.trainer._get_per_token_logps_and_entropies(own, ids, mask, asked.shape[1])
                logps.sum().backward()
            results.append([logps, *(weight.grad for weight in own.parameters())])
        for one, other in zip(*results, strict=True):
            self.assertTrue(torch.equal(one, other))

    def test_logits_in_parts_teach_what_the_whole_teaches(self) -> None:
        ids, mask, asked = batch(prompts=3, longest_prompt=37, longest_answer=20, words=40)
        results = []
        for at_once in (2**40, 9 * self.trainer.model.config.vocab_size):
            own = copy.deepcopy(self.trainer.model).train()
            with mock.patch.object(groups, "LOGITS_AT_ONCE", at_once):
                logps, *_ = self.trainer._get_per_token_logps_and_entropies(own, ids, mask, asked.shape[1])
                logps.sum().backward()
            results.append([logps, *(weight.grad for weight in own.parameters())])
        for one, other in zip(*results, strict=True):
            self.assertLess(float((one - other).norm() / one.norm()), 1e-6)

    def test_so_does_a_model_with_shared_keys_and_tied_words(self) -> None:
        config = LlamaConfig(
            vocab_size=40,
            hidden_size=48,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=2,
            head_dim=8,
            intermediate_size=64,
            max_position_embeddings=128,
            tie_word_embeddings=True,
            rope_theta=500.0,
        )
        torch.manual_seed(0)
        shape = self.trainer.shape
        self.addCleanup(setattr, self.trainer, "shape", shape)
        model = LlamaForCausalLM(config)
        self.trainer.shape = type(shape).of(config.to_dict())
        self.assert_equal_to_trl(model)

    def test_a_job_has_the_losses_it_would_have_with_transformers_forward_pass(self) -> None:
        courses = []
        for grouped in (True, False):
            # With a KL term, since on-policy advantages alone sum to a loss of 0.
            trainer = make_trainer(type(self), maxSteps=2, learningRate=1e-4, klCoef=10, checkpointEverySteps=9)
            forward = GrpoTraining if grouped else GRPOTrainer
            trainer._get_per_token_logps_and_entropies = forward._get_per_token_logps_and_entropies.__get__(trainer)
            trainer.train()
            lines = (trainer.run.job.output.folder / "metrics.jsonl").read_text().splitlines()
            courses.append([json.loads(line) for line in lines])
        for ours, theirs in zip(*courses, strict=True):
            self.assertEqual(ours["completionTokens"], theirs["completionTokens"])
            self.assertAlmostEqual(ours["loss"], theirs["loss"], delta=1e-5 + abs(theirs["loss"]) / 100)
        self.assertGreater(courses[1][1]["loss"], 1e-3)


if __name__ == "__main__":
    unittest.main()
