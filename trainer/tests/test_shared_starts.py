"""A step of SFT that reads shared beginnings once learns what transformers' forward pass does."""

import copy
import random
import unittest
from types import SimpleNamespace
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from trainer.contract.examples import Example
from trainer.engines.small.sft import SftTraining
from trainer.engines.small.shape import shape_of
from trainer.engines.small.shared_starts import LEAST_SHARED, Written, alike

WORDS = 40
draw = random.Random(3)


def words(count: int) -> list[int]:
    return [draw.randrange(WORDS) for _ in range(count)]


def rows_of(*tasks: tuple[int, int]) -> list[Written]:
    """Rows of tasks, each (tokens of its instructions, rows); questions and answers of all lengths from 0 and 1 on."""
    rows = []
    for instructions, count in tasks:
        start = words(instructions)
        for number in range(count):
            prompt = start + words(5 * number)
            rows.append(Written(prompt + words(1 + 7 * number), len(prompt)))
    draw.shuffle(rows)
    return rows


def batch_of(rows: list[Written]) -> dict[str, torch.Tensor]:
    """As TRL collates them: padded on the right, what is not learned labelled -100."""
    longest = max(len(row.ids) for row in rows)
    ids, mask, labels = (torch.full((len(rows), longest), fill) for fill in (0, 0, -100))
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = torch.tensor(row.ids)
        mask[index, : len(row.ids)] = 1
        labels[index, row.start : len(row.ids)] = torch.tensor(row.ids[row.start :])
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


class ExampleTest(unittest.TestCase):
    def test_what_is_given_of_an_answer_is_read_and_has_no_loss(self) -> None:
        inputs = Example("r1", [1, 2], [3], [4, 5]).inputs()
        self.assertEqual(inputs, {"input_ids": [1, 2, 3, 4, 5], "labels": [-100, -100, -100, 4, 5]})


class AlikeTest(unittest.TestCase):
    def test_rows_are_together_by_what_their_prompts_begin_with(self) -> None:
        rows = rows_of((LEAST_SHARED, 3), (LEAST_SHARED + 40, 2), (LEAST_SHARED - 9, 1))
        found = alike(rows)
        self.assertEqual(sorted(len(each.rows) for each in found), [1, 2, 3])
        self.assertEqual(sorted(map(repr, rows)), sorted(repr(row) for each in found for row in each.rows))
        for each in found:
            for row, rest, unasked in zip(each.rows, each.rests, each.unasked, strict=True):
                self.assertEqual(each.start + rest, row.ids)
                self.assertEqual(each.shared + unasked, row.start)

    def test_what_is_learned_is_no_part_of_a_beginning(self) -> None:
        prompt, answer = words(LEAST_SHARED), words(30)
        (each,) = alike([Written(prompt + answer, len(prompt)), Written(prompt + answer, len(prompt))])
        self.assertEqual((each.shared, each.unasked), (len(prompt), [0, 0]))

    def test_less_than_a_page_is_not_shared(self) -> None:
        self.assertEqual(len(alike(rows_of((LEAST_SHARED - 26, 4)))), 4)


class SharedStartsTest(unittest.TestCase):
    def learned(self, model: Any, rows: list[Written], ours: bool) -> tuple[float, dict[str, torch.Tensor]]:
        model = copy.deepcopy(model).train()
        batch = batch_of(rows)
        if ours:
            accelerator = SimpleNamespace(device=torch.device("cpu"), unwrap_model=lambda model: model)
            training = SimpleNamespace(shape=shape_of(model.config), accelerator=accelerator)
            training.together = SftTraining.together.__get__(training)
            self.assertIsNotNone(training.together(batch))
            loss = SftTraining.compute_loss(training, model, batch)
        else:
            loss = model(**batch).loss
        loss.backward()
        return float(loss.detach()), {name: weight.grad for name, weight in model.named_parameters()}

    def test_loss_and_gradients_are_those_of_the_models_own_forward_pass(self) -> None:
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=WORDS,
            hidden_size=48,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=2,
            head_dim=8,
            intermediate_size=64,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
        )
        model = LlamaForCausalLM(config)
        rows = rows_of((LEAST_SHARED + 20, 4), (LEAST_SHARED, 1), (60, 2))
        (loss, gradients), (our_loss, our_gradients) = (self.learned(model, rows, ours) for ours in (False, True))
        self.assertAlmostEqual(loss, our_loss, places=4)
        for name, gradient in gradients.items():
            self.assertLess(float((gradient - our_gradients[name]).norm() / gradient.norm()), 1e-4, name)


if __name__ == "__main__":
    unittest.main()
