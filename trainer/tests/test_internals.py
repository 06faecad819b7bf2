"""What internals.py takes from TRL and transformers beyond their documents is what it was read from."""

import ast
import hashlib
import inspect
import unittest
from importlib.metadata import version
from pathlib import Path

from transformers import Trainer
from trl import GRPOTrainer, SFTTrainer
from trl.trainer.utils import split_tensor_dict

from trainer.engines.small import internals
from trainer.tests.support import ROOT

# Every member that internals.py overrides, calls or stands in for, those that it is called by, and those that keep the
# attributes which it reads; with the first 16 digits of the sha256 of its source.
MEMBERS = {
    GRPOTrainer._prepare_inputs: "f824e7fb07147956",
    GRPOTrainer._generate_and_score_completions: "db028931a84025f2",
    GRPOTrainer._get_per_token_logps_and_entropies: "331ae01b88d8e2cf",
    GRPOTrainer._compute_loss: "75bd01badfb43ed6",
    GRPOTrainer._save_checkpoint: "ec91bde123649111",
    GRPOTrainer.training_step: "9e18632f7dd8e8d8",
    SFTTrainer._save_checkpoint: "b6ee0a370c266b6f",
    Trainer._load_from_checkpoint: "4711d0506786db15",
    Trainer._save_checkpoint: "a9111e30faa99339",
    Trainer.training_step: "a95f8c94253a5148",
    split_tensor_dict: "b61a5760a03e95db",
}


def digest(member: object) -> str:
    return hashlib.sha256(inspect.getsource(inspect.unwrap(member)).encode()).hexdigest()[:16]


class InternalsTest(unittest.TestCase):
    def test_the_members_that_it_takes_are_those_that_it_was_read_from(self) -> None:
        versions = {name: version(name) for name in internals.READ_FROM}
        for member, expected in MEMBERS.items():
            with self.subTest(member.__qualname__):
                self.assertEqual(
                    digest(member),
                    expected,
                    f"{member.__module__}.{member.__qualname__} of {versions} is another than that of "
                    f"{internals.READ_FROM}: read it beside trainer/engines/small/internals.py, mend what differs, "
                    "compare checkpoints of old and new, and write its digest here",
                )

    def test_it_names_the_versions_that_are_installed(self) -> None:
        self.assertEqual({name: version(name) for name in internals.READ_FROM}, internals.READ_FROM)

    def test_no_other_file_of_the_trainer_touches_a_private_member(self) -> None:
        files = [file for file in (ROOT / "trainer").rglob("*.py") if file != Path(internals.__file__)]
        found = [
            f"{file.relative_to(ROOT)}:{node.lineno}: {name}"
            for file in files
            if file.parent.name != "tests"
            for node in ast.walk(ast.parse(file.read_text()))
            for name in [getattr(node, "attr", getattr(node, "name", None))]
            if isinstance(name, str) and name.startswith("_") and not name.startswith("__")
        ]
        self.assertGreater(len(files), 20)
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
