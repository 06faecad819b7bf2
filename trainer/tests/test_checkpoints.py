"""A checkpoint is read whole or refused by the file's name, and a trained one has no weights but its own."""

import json
import shutil
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from trainer.contract.checkpoints import export_checkpoint, verify_checkpoint
from trainer.contract.failures import JobFailure
from trainer.contract.files import checkpoint_digest
from trainer.contract.job import Artifact
from trainer.contract.loading import load_checkpoint, name_ends, stop_ids_of
from trainer.tests.tiny_base import make_base
from trainer.tests.tiny_models import edit_json, make_model

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


class CheckpointTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.base = make_base(Path(cls.enterClassContext(tempfile.TemporaryDirectory())) / "base")

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.copy = self.folder / "copy"
        shutil.copytree(self.base, self.copy)

    def edit(self, name: str, **fields: object) -> None:
        value = json.loads((self.copy / name).read_text()) | fields
        kept = {field: each for field, each in value.items() if each is not None}
        (self.copy / name).write_text(json.dumps(kept))

    def shard(self) -> None:
        model = AutoModelForCausalLM.from_pretrained(self.copy)
        (self.copy / WEIGHTS).unlink()
        model.save_pretrained(self.copy, max_shard_size="12KB")

    def refused(self, *named: str) -> None:
        with self.assertRaises(JobFailure) as caught:
            verify_checkpoint(Artifact(uri=self.copy.as_uri(), sha256=checkpoint_digest(self.copy)))
            load_checkpoint(self.copy)
        self.assertEqual(caught.exception.failure_class, "data")
        for text in named:
            self.assertIn(text, str(caught.exception))

    def export(self, model: torch.nn.Module | None = None) -> Path:
        return export_checkpoint(model or load_checkpoint(self.copy)[0], self.copy, self.folder / "checkpoints")[0]


class WholeTest(CheckpointTest):
    def test_a_git_lfs_pointer_is_named(self) -> None:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1815000\n"
        for name in (WEIGHTS, "tokenizer.json"):
            text = (self.base / name).read_bytes()
            (self.copy / name).write_text(pointer)
            self.refused(name, "Git LFS")
            (self.copy / name).write_bytes(text)

    def test_cut_weights_are_named(self) -> None:
        whole = (self.base / WEIGHTS).read_bytes()
        for part in (whole[:-1], whole[:100], whole[:4], b"", b"\xff" * 8 + whole, whole[:8] + b"!" * (len(whole) - 8)):
            (self.copy / WEIGHTS).write_bytes(part)
            self.refused(WEIGHTS)

    def test_a_shard_that_is_missing_is_named(self) -> None:
        self.shard()
        shard = sorted(self.copy.glob("model-*.safetensors"))[-1]
        shard.unlink()
        self.refused(shard.name, "missing")

    def test_files_that_nothing_reads_may_be_pointers(self) -> None:
        (self.copy / "pytorch_model.bin").write_text("version https://git-lfs.github.com/spec/v1\n")
        verify_checkpoint(Artifact(uri=self.copy.as_uri(), sha256=checkpoint_digest(self.copy)))

    def test_an_index_that_is_none_is_named(self) -> None:
        (self.copy / WEIGHTS).unlink()
        for text in ("[]", "{", '{"weight_map": 1}'):
            (self.copy / INDEX).write_text(text)
            self.refused(INDEX)

    def test_weights_that_are_not_all_there_are_named(self) -> None:
        self.edit("config.json", num_hidden_layers=2)
        self.refused("model.layers.1.")

    def test_a_tokenizer_that_cannot_be_read_is_refused(self) -> None:
        (self.copy / "tokenizer.json").write_text("{")
        self.refused(str(self.copy))

    def test_shards_are_read_as_one_file_of_weights_is(self) -> None:
        self.shard()
        self.assertGreater(len(list(self.copy.glob("model-*.safetensors"))), 1)
        model, _ = load_checkpoint(self.copy)
        base = load_file(self.base / WEIGHTS)
        for name, tensor in model.state_dict().items():
            self.assertTrue(torch.equal(tensor, base[name]), name)


class ExportTest(CheckpointTest):
    def test_no_weights_but_the_new_ones_and_no_code_are_in_a_trained_checkpoint(self) -> None:
        kept = {path.name for path in self.base.iterdir()}
        self.shard()
        old = ["consolidated.00.pth", "pytorch_model.bin", "pytorch_model.bin.index.json", "model-Q4.gguf"]
        old += ["consolidated.safetensors", "tf_model.h5", "flax_model.msgpack", "rng_state.pt", "modeling_own.py"]
        old += [".gitattributes", "original/consolidated.00.pth", "original/params.json", "onnx/model.onnx"]
        old += ["onnx/config.json", ".cache/huggingface/download/config.json.metadata"]
        new = ["chat_template.jinja", "additional_chat_templates/tool_use.jinja", "merges.txt", "tokenizer.model"]
        new += ["LICENSE", "special_tokens_map.json", "qwen.tiktoken", "tokenizer.model.v3"]
        model = load_checkpoint(self.copy)[0]
        for name in [*old, *new]:
            (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
            (self.copy / name).write_text("{}")
        target = self.export(model)
        self.assertEqual(
            {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}, {*kept, *new}
        )
        self.assertEqual(target.name, checkpoint_digest(target))

    def test_tied_weights_stay_one_in_every_precision(self) -> None:
        for dtype in ("float32", "bfloat16"):
            self.edit("config.json", tie_word_embeddings=True, dtype=dtype)
            weights = load_file(self.base / WEIGHTS)
            del weights["lm_head.weight"]
            save_file(weights, self.copy / WEIGHTS, metadata={"format": "pt"})
            model = AutoModelForCausalLM.from_pretrained(self.copy, dtype=torch.float32)
            target = self.export(model)
            stored = load_file(target / WEIGHTS)
            self.assertEqual(set(stored), set(weights))
            self.assertEqual({str(tensor.dtype) for tensor in stored.values()}, {f"torch.{dtype}"})
            again = load_checkpoint(target)[0]
            self.assertTrue(torch.equal(again.lm_head.weight, again.model.embed_tokens.weight))


class EndTest(CheckpointTest):
    def stops(self) -> list[str]:
        model, tokenizer = load_checkpoint(self.copy)
        return tokenizer.convert_ids_to_tokens(stop_ids_of(model, tokenizer))

    def test_end_tokens_are_found_wherever_they_stand(self) -> None:
        pad, eos, unk = "<pad>", "<eos>", "<unk>"
        self.assertEqual(self.stops(), [eos])
        self.edit("generation_config.json", eos_token_id=[1, 2])
        self.assertEqual(self.stops(), [eos, unk])
        (self.copy / "generation_config.json").unlink()
        self.edit("config.json", eos_token_id=[0, 1])
        self.assertEqual(self.stops(), [pad, eos])
        self.edit("tokenizer_config.json", eos_token=None)
        self.assertEqual(self.stops(), [pad, eos])

    def test_a_list_in_the_configuration_counts_where_the_generation_settings_say_nothing(self) -> None:
        self.edit("config.json", eos_token_id=[1, 2])
        self.edit("generation_config.json", eos_token_id=None)
        self.assertEqual(self.stops(), ["<eos>", "<unk>"])

    def test_end_and_pad_tokens_that_the_model_has_no_embedding_of_are_not_used(self) -> None:
        base = make_model(self.folder / "qwen2", "qwen2")
        edit_json(base / "tokenizer_config.json", eos_token=..., pad_token=...)
        model, tokenizer = load_checkpoint(base)
        self.assertEqual(tokenizer.pad_token, "<|endoftext|>")  # as Qwen2's have it, which is no word of this model's
        stops = stop_ids_of(model, tokenizer)
        self.assertEqual(tokenizer.convert_ids_to_tokens(stops), ["<eos>"])
        name_ends(tokenizer, stops, model.get_input_embeddings().num_embeddings)
        self.assertEqual((tokenizer.eos_token, tokenizer.pad_token), ("<eos>", "<eos>"))

    def test_templates_in_files_of_their_own_are_read(self) -> None:
        self.edit("tokenizer_config.json", chat_template=None)
        (self.copy / "chat_template.jinja").write_text("default {{ messages[0].content }}")
        (self.copy / "additional_chat_templates").mkdir()
        (self.copy / "additional_chat_templates" / "tool_use.jinja").write_text("tools")
        self.assertEqual(self.said(), "default prove")
        (self.copy / "chat_template.jinja").unlink()
        shutil.rmtree(self.copy / "additional_chat_templates")
        (self.copy / "chat_template.json").write_text('{"chat_template": "json {{ messages[0].content }}"}')
        self.assertEqual(self.said(), "json prove")

    def said(self) -> str:
        return load_checkpoint(self.copy)[1].apply_chat_template([{"role": "user", "content": "prove"}], tokenize=False)


if __name__ == "__main__":
    unittest.main()
