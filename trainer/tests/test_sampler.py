"""How a token is drawn from its chances by one number between 0 and 1."""

import unittest

import torch

from trainer.engines.small.sampler import draw

CHANCES = torch.tensor([0.1, 0.4, 0.2, 0.3], dtype=torch.float64)


def drawn(numbers: list[float], temperature: float = 1.0, top_p: float | None = None) -> list[int]:
    logits = CHANCES.log().expand(len(numbers), -1)
    limits = None if top_p is None else torch.full((len(numbers),), top_p, dtype=torch.float64)
    temperatures = torch.full((len(numbers),), temperature, dtype=torch.float64)
    return draw(logits, temperatures, torch.tensor(numbers, dtype=torch.float64), limits).tolist()


class DrawTest(unittest.TestCase):
    def test_each_token_has_its_share_of_the_numbers(self) -> None:
        self.assertEqual(drawn([0.0, 0.09, 0.11, 0.49, 0.51, 0.69, 0.71, 0.999999]), [0, 0, 1, 1, 2, 2, 3, 3])

    def test_temperature_0_is_the_likeliest_token_at_every_number(self) -> None:
        self.assertEqual(drawn([0.0, 0.05, 0.6, 0.99], temperature=0.0), [1, 1, 1, 1])

    def test_a_temperature_raises_the_chances_to_its_inverse(self) -> None:
        squares = CHANCES**2 / (CHANCES**2).sum()
        self.assertEqual(drawn([float(squares[0]) - 1e-9, float(squares[0]) + 1e-9], temperature=0.5), [0, 1])

    def test_top_p_keeps_the_fewest_likeliest_tokens_that_reach_it(self) -> None:
        numbers = [0.0, 0.3, 0.56, 0.58, 0.99]
        self.assertEqual(drawn(numbers, top_p=0.35), [1, 1, 1, 1, 1])
        # 0.4 and 0.3 remain: the first has 4/7 of the numbers.
        self.assertEqual(drawn(numbers, top_p=0.6), [1, 1, 1, 3, 3])
        self.assertEqual(drawn(numbers, top_p=1.0), drawn(numbers))


if __name__ == "__main__":
    unittest.main()
