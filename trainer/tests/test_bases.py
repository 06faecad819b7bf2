"""Bases fetched from a hub on this machine, and inspected as transformers sees them."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any

from trainer.bases import inspect, wanted
from trainer.tests.fake_hub import make_hub
from trainer.tests.support import BASE, ROOT
from trainer.tests.tiny_models import as_torch_file, edit_json, make_model, make_tokenizer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def ask(*arguments: str, **environment: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "trainer.bases", *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, check=True)
    return json.loads(done.stdout)


class FetchTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.environment = {
            "HF_HOME": self.enterContext(tempfile.TemporaryDirectory()),
            "HF_HUB_OFFLINE": "0",
            "HF_ENDPOINT": "http://127.0.0.1:9",
        }

    def serve(self) -> None:
        make_model(self.folder)
        (self.folder / "model.gguf").write_text("another program's")
        (self.folder / "original").mkdir()
        (self.folder / "original" / "params.json").write_text("{}")
        hub = make_hub(self.folder, COMMIT)
        thread = threading.Thread(target=hub.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(hub.server_close)
        self.addCleanup(hub.shutdown)
        self.environment["HF_ENDPOINT"] = f"http://127.0.0.1:{hub.server_port}"

    def fetch(self, name: str, revision: str) -> dict[str, Any]:
        return ask("fetch", name, revision, **self.environment)

    def test_a_branch_becomes_its_commit_and_what_is_fetched_is_the_checkpoint_alone(self) -> None:
        self.serve()
        fetched = self.fetch("test/tiny", "main")
        self.assertEqual(fetched["commit"], COMMIT)
        got = {path.name: path.read_bytes() for path in Path(fetched["folder"]).iterdir()}
        there = {path.name: path.read_bytes() for path in self.folder.iterdir() if path.suffix in (".json", ".jinja")}
        self.assertEqual(got, {**there, "model.safetensors": (self.folder / "model.safetensors").read_bytes()})

    def test_what_was_fetched_by_its_commit_needs_no_hub_afterwards_and_a_branch_does(self) -> None:
        self.serve()
        fetched = self.fetch("test/tiny", COMMIT)
        self.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"
        self.assertEqual(self.fetch("test/tiny", COMMIT), fetched)
        self.assertIn(
            "test/tiny@main at http://127.0.0.1:9 cannot be fetched", self.fetch("test/tiny", "main")["refused"]
        )

    def test_a_refusal_says_what_was_tried_and_what_to_do(self) -> None:
        self.serve()
        for name, revision, reason in (
            ("test/none", "main", "there is no model test/none"),
            ("test/tiny", "v9", "test/tiny has no revision v9"),
            ("test/gated", "main", "is gated: accept its terms there, and set HF_TOKEN"),
        ):
            with self.subTest(name):
                self.assertIn(reason, self.fetch(name, revision)["refused"])
        for endpoint, more in (("http://127.0.0.1:9", {}), ("https://hub.invalid", {"HF_HUB_OFFLINE": "1"})):
            self.environment |= {"HF_ENDPOINT": endpoint, **more}
            refused = self.fetch("test/tiny", COMMIT)["refused"]
            self.assertIn(f"at {endpoint} cannot be fetched", refused)
            self.assertIn("as imports/<name>", refused)

    def test_of_several_formats_the_one_is_fetched_that_is_read(self) -> None:
        small = ["config.json", "tokenizer.model", "merges.txt", "chat_template.jinja", "LICENSE", "README.md"]
        others = [".gitattributes", "NEWS.md", "consolidated.safetensors", "model.onnx", "onnx/model.onnx", "a.png"]
        torch_files = ["pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"]
        safe = ["model-00001-of-00002.safetensors", "model.safetensors.index.json"]
        self.assertEqual(wanted([*small, *others, *torch_files, *safe]), [*small, *safe])
        self.assertEqual(wanted([*small, *others[:2], *torch_files]), [*small, *torch_files])


class InspectTest(unittest.TestCase):
    def folder(self) -> Path:
        return Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_a_base_that_can_be_trained_and_served_has_no_faults(self) -> None:
        self.assertEqual(ask("inspect", str(BASE)), {"faults": []})
        for name in ("qwen3", "gpt-neox"):
            self.assertEqual(inspect(make_model(self.folder(), name, max_shard_size="20KB")), {"faults": []})
        old = make_model(self.folder(), "tied")
        as_torch_file(old)
        self.assertEqual(inspect(old), {"faults": []})

    def test_what_transformers_cannot_do_with_a_base_is_said_by_the_file(self) -> None:
        unknown = self.folder()
        make_tokenizer(unknown)
        edit_json(unknown / "config.json", model_type="of-tomorrow")
        edit_json(unknown / "tokenizer_config.json", eos_token=...)
        (fault, ends) = inspect(unknown)["faults"]
        self.assertIn("config.json is of model type 'of-tomorrow', which transformers", fault)
        self.assertIn("no eos_token_id", ends)
        no_writer = self.folder()
        make_tokenizer(no_writer, chat_template="{{ raise_exception('tools only') }}")
        edit_json(no_writer / "config.json", model_type="clip")
        (fault, refusal) = inspect(no_writer)["faults"]
        self.assertIn("config.json is of model type 'clip', which is no model that writes", fault)
        self.assertIn("the model's chat template refused the messages: tools only", refusal)
        other = make_model(self.folder(), "gpt-neox")
        edit_json(other / "config.json", hidden_size=64)
        (fault,) = inspect(other)["faults"]
        self.assertRegex(fault, r"^model.safetensors has gpt_neox\.\S+ of \[.*32.*\], config.json makes it \[.*64.*\]$")
        broken = self.folder()
        make_tokenizer(broken)
        edit_json(broken / "config.json", model_type="llama")
        (broken / "tokenizer.json").write_text("{}")
        (fault,) = inspect(broken)["faults"]
        self.assertIn("tokenizer.json", fault)


if __name__ == "__main__":
    unittest.main()
