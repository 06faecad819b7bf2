"""Prompts that are read in blocks, against prompts that are read whole and against themselves."""

import tempfile
import unittest
from pathlib import Path

import torch

from trainer.engines.small.llama import FEWEST_ROWS, Cache, Llama
from trainer.serving.prefixes import BLOCK, Prefixes
from trainer.tests.tiny_models import WORDS, make_model

ROOM = 2**30
COLUMNS = 256


def text(first: int, count: int) -> list[int]:
    return [(first + 7 * place) % WORDS for place in range(count)]


START = text(3, 2 * BLOCK)
# What follows is shorter than a block, one, and more; one prompt goes on from another.
PROMPTS = [[*START, *text(5, 9)], START, [*START, *text(1, BLOCK)], [*START, *text(1, BLOCK + 3)], text(2, BLOCK - 1)]


class PrefixesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = make_model(Path(cls.enterClassContext(tempfile.TemporaryDirectory())), "qwen3")
        cls.llama = Llama.from_folder(cls.folder)

    def read(self, prefixes: Prefixes, prompt: list[int], cache: Cache | None = None, row: int = 0) -> torch.Tensor:
        """Logits after a prompt and after a token more."""
        cache = cache or self.llama.new_cache(FEWEST_ROWS, COLUMNS)
        first = prefixes.prefill(prompt, cache, row)
        positions = torch.zeros(FEWEST_ROWS, dtype=torch.long)
        positions[row] = len(prompt)
        tokens = torch.full((FEWEST_ROWS,), 11)
        return torch.cat([first, self.llama.step(tokens, positions, cache, COLUMNS)[row : row + 1]])

    def test_it_reads_what_is_read_whole(self) -> None:
        cache = self.llama.new_cache(FEWEST_ROWS, COLUMNS)
        whole = self.llama.prefill(PROMPTS, cache, list(range(len(PROMPTS))))
        prefixes = Prefixes(self.llama, ROOM)
        for row, prompt in enumerate(PROMPTS):
            self.assertLess(float((self.read(prefixes, prompt)[0] - whole[row]).abs().max()), 1e-3)

    def test_what_was_read_before_changes_no_bit_whatever_the_row(self) -> None:
        alone = [self.read(Prefixes(self.llama, ROOM), prompt) for prompt in PROMPTS]
        prefixes, used = Prefixes(self.llama, ROOM), self.llama.new_cache(FEWEST_ROWS, COLUMNS)
        for round_ in range(2):
            for index in range(len(PROMPTS)):
                at = (index + round_) % len(PROMPTS)
                again = self.read(prefixes, PROMPTS[at], used, row=(3 * index) % FEWEST_ROWS)
                self.assertTrue(torch.equal(alone[at], again), f"prompt {at}, round {round_}")
        # The blocks of START, and the one that the last but one goes on with.
        self.assertEqual(len(prefixes.blocks), 3)

    def test_as_many_blocks_are_kept_as_there_is_room_for_the_latest_ones(self) -> None:
        prefixes = Prefixes(self.llama, 2 * self.llama.row_bytes(BLOCK))
        for prompt in (text(4, 3 * BLOCK), PROMPTS[0]):
            self.read(prefixes, prompt)
        self.assertEqual(set(prefixes.blocks), {tuple(START[:BLOCK]), tuple(START)})
        nothing = Prefixes(self.llama, 0)
        self.assertTrue(torch.equal(self.read(nothing, START), self.read(prefixes, START)))


if __name__ == "__main__":
    unittest.main()
