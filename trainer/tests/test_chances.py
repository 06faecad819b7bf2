"""Log probabilities in parts are those of the whole, and so is what is learned from them."""

import unittest
from unittest import mock

import torch
from transformers import LlamaConfig, LlamaForCausalLM
from trl.trainer.utils import entropy_from_logits, selective_log_softmax

from trainer.contract import chances

ROWS, WIDTH, COUNT, TEMPERATURE = 2, 24, 17, 0.7


def model() -> LlamaForCausalLM:
    torch.manual_seed(3)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    return LlamaForCausalLM(LlamaConfig(vocab_size=97, max_position_embeddings=64, **sizes))


def learn(parts: bool) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    """The chances, the entropies, and the gradients of a loss over the chances."""
    net = model()
    ids = torch.randint(97, (ROWS, WIDTH))
    mask = torch.ones_like(ids)
    mask[0, :4] = 0
    if parts:
        said, entropies = chances.token_chances(net, net.get_output_embeddings(), ids, mask, COUNT, TEMPERATURE)
    else:
        logits = net(input_ids=ids, attention_mask=mask, logits_to_keep=COUNT + 1).logits[:, :-1] / TEMPERATURE
        said, entropies = selective_log_softmax(logits, ids[:, -COUNT:]), entropy_from_logits(logits.detach())
    (said * torch.linspace(-1, 1, COUNT)).sum().backward()
    return said.detach(), entropies, [each.grad for each in net.parameters()]


class ChancesTest(unittest.TestCase):
    def test_in_parts_of_any_size_chances_entropies_and_gradients_are_those_of_the_whole(self) -> None:
        whole = learn(parts=False)
        for places in (1, 5, 1_000):
            with self.subTest(places=places), mock.patch.object(chances, "LOGITS_AT_ONCE", 97 * places):
                for ours, theirs in zip(learn(parts=True), whole, strict=True):
                    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)

    def test_the_head_is_as_it_was_afterwards(self) -> None:
        net = model()
        ids = torch.randint(97, (ROWS, WIDTH))
        chances.token_chances(net, net.get_output_embeddings(), ids, torch.ones_like(ids), COUNT, TEMPERATURE)
        self.assertEqual(net(input_ids=ids).logits.shape, (ROWS, WIDTH, 97))
        self.assertNotIn("forward", net.get_output_embeddings().__dict__)

    def test_logits_are_parted_where_they_are_many_and_nothing_changes_them_after_the_head(self) -> None:
        net = model()
        self.assertFalse(chances.too_many(net, 1, 1_000))
        self.assertTrue(chances.too_many(net, 16, 65_536))
        net.config.final_logit_softcapping = 30.0
        self.assertFalse(chances.too_many(net, 16, 65_536))


if __name__ == "__main__":
    unittest.main()
