"""The decoder against transformers' own, and a row against itself in company."""

import unittest

import numpy
import torch
from transformers import LlamaForCausalLM

from trainer.engines.small.llama import FEWEST_ROWS, Cache, Llama, columns_for
from trainer.engines.small.sampler import sample
from trainer.serving.chat import Chat
from trainer.tests.support import BASE, statement

COLUMNS = 128


def prompts_of(count: int) -> list[list[int]]:
    chat = Chat(BASE)
    kinds = ("prove {0}", "verify {0}\nproof:\n{0}", "{0}")
    return [
        chat.prompt_ids([{"role": "user", "content": kinds[seed % 3].format(statement(seed))}]) for seed in range(count)
    ]


class LlamaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        torch.set_num_threads(1)
        cls.llama = Llama.from_folder(BASE)
        cls.reference = LlamaForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()

    def logits(self, prompts: list[list[int]], answers: list[list[int]]) -> torch.Tensor:
        """Logits [steps + 1, prompts, vocab] after each prompt and after each of its answer's tokens."""
        cache = Cache(self.llama.shape, max(len(prompts), FEWEST_ROWS), COLUMNS, self.llama.device)
        found = [self.llama.prefill(prompts, cache, list(range(len(prompts))))]
        positions = torch.tensor([len(prompt) for prompt in prompts])
        idle = max(0, FEWEST_ROWS - len(prompts))
        for index in range(len(answers[0])):
            tokens = torch.tensor([answer[index] for answer in answers])
            padded = torch.nn.functional.pad(tokens, (0, idle)), torch.nn.functional.pad(positions, (0, idle))
            found.append(self.llama.step(*padded, cache, columns_for(int(positions.max()) + 1))[: len(prompts)])
            positions = positions + 1
        return torch.stack(found)

    def test_logits_are_those_of_transformers_after_the_prompt_and_after_every_token(self) -> None:
        prompts = prompts_of(24)
        answers = numpy.random.default_rng(0).integers(4, self.llama.shape.vocab, (len(prompts), 6)).tolist()
        ours = self.logits(prompts, answers)
        for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
            with torch.inference_mode():
                theirs = self.reference(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 :]
            self.assertLess(float((ours[:, row] - theirs).abs().max()), 1e-4, f"prompt {row}")

    def test_a_row_computes_the_same_bits_alone_and_in_company(self) -> None:
        prompts = prompts_of(40)
        answers = numpy.random.default_rng(1).integers(4, self.llama.shape.vocab, (len(prompts), 6)).tolist()
        company = self.logits(prompts, answers)
        for row in range(len(prompts)):
            alone = self.logits(prompts[row : row + 1], answers[row : row + 1])
            self.assertTrue(torch.equal(alone[:, 0], company[:, row]), f"prompt {row} of {len(prompts[row])} tokens")

    def test_equal_numbers_draw_equal_completions_whatever_else_is_sampled(self) -> None:
        prompts = prompts_of(12)
        uniforms = numpy.random.default_rng(2).random((48, 20))
        together = sample(self.llama, prompts, 4, uniforms, 1.0, [1])
        for index, prompt in enumerate(prompts):
            self.assertEqual(
                sample(self.llama, [prompt], 4, uniforms[4 * index : 4 * index + 4], 1.0, [1]),
                together[4 * index : 4 * index + 4],
            )


if __name__ == "__main__":
    unittest.main()
