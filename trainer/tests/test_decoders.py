"""Decoders of every kind of checkpoint against transformers' own forward pass."""

import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from transformers import AutoModelForCausalLM

from trainer.engines.small import llama
from trainer.engines.small.llama import FEWEST_ROWS, Llama, columns_for
from trainer.serving.batch import Batch, Call, Room, longest_call
from trainer.serving.chat import Chat
from trainer.serving.decoders import Decoder, Foreign, decoder_of
from trainer.serving.engine import Engine, Model
from trainer.tests.tiny_models import CONFIGS, WORDS, as_torch_file, edit_json, half_precision, make_model

CPU = torch.device("cpu")
BATCHED = ["llama", "llama3-rope", "tied", "qwen2", "qwen3"]
PROMPTS = [[2, 9, 30, 7], list(range(10, 80)), [5]]
ANSWER = [40, 41, 200, 12]


def logits_of(decoder: Decoder) -> torch.Tensor:
    """Logits [tokens, prompts, vocab] after each prompt and after each token of the answer."""
    rows = max(len(PROMPTS), FEWEST_ROWS)
    cache = decoder.new_cache(rows, 128)
    found = [decoder.prefill(PROMPTS, cache, list(range(len(PROMPTS))))]
    positions = torch.zeros(rows, dtype=torch.long)
    positions[: len(PROMPTS)] = torch.tensor([len(prompt) for prompt in PROMPTS])
    for token in ANSWER:
        tokens = torch.full((rows,), token)
        found.append(decoder.step(tokens, positions, cache, columns_for(int(positions.max()) + 1))[: len(PROMPTS)])
        positions[: len(PROMPTS)] += 1
    return torch.stack(found)


class DecodersTest(unittest.TestCase):
    def folder(self) -> Path:
        return Path(self.enterContext(tempfile.TemporaryDirectory()))

    def check(self, folder: Path, kind: type[Any]) -> None:
        decoder = decoder_of(folder, CPU)
        self.assertIsInstance(decoder, kind)
        self.assertEqual(decoder.vocab, WORDS)
        reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        ours = logits_of(decoder)
        for row, prompt in enumerate(PROMPTS):
            with torch.inference_mode():
                theirs = reference(torch.tensor([prompt + ANSWER])).logits[0, len(prompt) - 1 :]
            self.assertLess(float((ours[:, row] - theirs).abs().max()), 1e-3, f"prompt {row}")

    def test_logits_are_those_of_transformers_whatever_the_architecture(self) -> None:
        for name in CONFIGS:
            with self.subTest(name):
                self.check(make_model(self.folder(), name), Llama if name in BATCHED else Foreign)

    def test_weights_are_read_in_shards_in_half_precision_and_in_torchs_format(self) -> None:
        sharded = make_model(self.folder(), "qwen3", max_shard_size="20KB")
        self.assertGreater(len(list(sharded.glob("*.safetensors"))), 2)
        self.check(sharded, Llama)
        self.check(make_model(self.folder(), "tied", dtype=torch.bfloat16), Llama)
        halves = make_model(self.folder(), "llama")
        half_precision(halves)
        self.check(halves, Llama)
        old = make_model(self.folder(), "llama")
        as_torch_file(old)
        self.check(old, Foreign)

    def test_a_large_cache_takes_memory_as_it_is_written_and_changes_no_bit(self) -> None:
        decoder = decoder_of(make_model(self.folder(), "llama"), CPU)
        ours = logits_of(decoder)
        with mock.patch.object(llama, "LARGE", 0):
            self.assertTrue(torch.equal(ours, logits_of(decoder)))
            cache = decoder.new_cache(8, 128)
        self.assertEqual([layer.data_ptr() % 64 for layer in cache.layers], [0] * len(cache.layers))
        self.assertTrue(all(bool((layer == 0).all()) for layer in cache.layers))

    def test_a_llama_that_differs_in_a_detail_is_run_by_transformers(self) -> None:
        for details in (
            {"attention_bias": True},
            {"hidden_act": "gelu"},
            {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}},
        ):
            with self.subTest(str(details)):
                folder = make_model(self.folder(), "llama")
                model = AutoModelForCausalLM.from_config(
                    type(CONFIGS["llama"]()).from_pretrained(folder, **details), dtype=torch.float32
                )
                model.save_pretrained(folder)
                self.check(folder, Foreign)

    def test_what_cannot_be_run_is_refused_by_what_is_wrong(self) -> None:
        unknown = make_model(self.folder(), "llama")
        edit_json(unknown / "config.json", model_type="of-tomorrow")
        with self.assertRaisesRegex(ValueError, "of-tomorrow"):
            decoder_of(unknown, CPU)
        cut = make_model(self.folder(), "llama")
        (cut / "model.safetensors").write_bytes((cut / "model.safetensors").read_bytes()[:-5])
        with self.assertRaisesRegex(ValueError, "model.safetensors cannot be read"):
            decoder_of(cut, CPU)
        other = make_model(self.folder(), "gpt-neox")
        edit_json(other / "config.json", num_hidden_layers=3)
        with self.assertRaisesRegex(ValueError, "its weights lack gpt_neox.layers.2"):
            decoder_of(other, CPU)

    def test_calls_whose_contexts_would_take_more_memory_than_there_is_run_fewer_at_once(self) -> None:
        folder = make_model(self.folder(), "qwen3")
        decoder, chat = decoder_of(folder, CPU), Chat(folder)
        row = decoder.row_bytes(256)
        self.assertEqual(row, decoder.new_cache(1, 224).layers[0].nbytes * decoder.shape.layers * 256 // 224)
        for given, slots in ((row * 1000, 128), (row * 40, 40), (1, 1)):
            batch = Batch(decoder, chat, Room(128, 10_000, given))
            self.assertEqual((batch.slots, batch.free, batch.context), (slots, slots, 256))

    def test_room_grows_with_what_calls_need_and_no_answer_depends_on_it(self) -> None:
        folder = make_model(self.folder(), "llama")
        edit_json(folder / "config.json", max_position_embeddings=4096)

        def answers(room: Room, lengths: list[int]) -> tuple[list[list[int]], Model]:
            model = Model("m", folder, CPU, room)
            engine = Engine(folder.parent, CPU, room, 1, lambda done: None)
            calls = [Call([5 + length % 7] * length, 8, 1.0, 1.0, 3, [], None) for length in lengths]
            model.waiting.extend(calls)
            done: list[Any] = []
            while model.busy:
                done += engine.advance(model)
            self.assertEqual(len(done), len(calls))
            return [call.said for call in calls], model

        lengths = [40, 500, 1000, 30, 900]
        grown, model = answers(Room(4, None, 2**26), lengths)
        self.assertEqual((model.batch.context, model.batch.most), (1024, 4096))
        self.assertEqual(grown, answers(Room(4, 2048, 2**26), lengths)[0])
        # Room for 1,024 tokens each leaves it for fewer.
        row = model.batch.decoder.row_bytes(512)
        self.assertEqual(answers(Room(4, None, 4 * row), [40])[1].batch.slots, 4)
        self.assertEqual(answers(Room(4, None, 4 * row), lengths)[1].batch.slots, 2)

    def test_the_longest_call_is_what_was_said_or_the_model_takes_and_half_of_that_of_a_small_one(self) -> None:
        for said, positions, most in (
            (None, 8192, 8192),
            (None, 1024, 512),
            (None, 256, 256),
            (2048, 8192, 2048),
            (2048, 1024, 1024),
        ):
            self.assertEqual(longest_call(Room(4, said, 1), positions), most)

    def test_a_row_that_is_nobodys_costs_nothing_and_a_moved_one_goes_on(self) -> None:
        decoder = decoder_of(make_model(self.folder(), "gpt-neox"), CPU)
        cache = decoder.new_cache(4, 128)
        first = decoder.prefill([[5, 6], [7, 8, 9]], cache, [0, 1])
        alone = decoder.new_cache(4, 128)
        decoder.prefill([[7, 8, 9]], alone, [0])
        cache.move(1, 0, 3)
        step = decoder.step(torch.tensor([10, 11]), torch.tensor([3, 0]), cache, 32)
        self.assertTrue(torch.equal(step[0], decoder.step(torch.tensor([10]), torch.tensor([3]), alone, 32)[0]))
        self.assertEqual(first.shape, (2, WORDS))
        self.assertIsNone(cache.kept[1])


if __name__ == "__main__":
    unittest.main()
