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

from trainer.engines.small import internals as small
from trainer.engines.trl import internals as trl
from trainer.tests.support import ROOT

ENGINES = (small, trl)
# Every member that they override, call or stand in for, those that these are called by, and those that keep the
# attributes which they read; with the first 16 digits of the sha256 of its source.
MEMBERS = {
    GRPOTrainer._prepare_inputs: "f824e7fb07147956",
    GRPOTrainer._generate_and_score_completions: "db028931a84025f2",
    GRPOTrainer._generate_single_turn: "03c33ff5cd8342ec",
    GRPOTrainer._get_per_token_logps_and_entropies: "331ae01b88d8e2cf",
    GRPOTrainer._compute_loss: "75bd01badfb43ed6",
    GRPOTrainer._load_optimizer_and_scheduler: "5c1772becdfd7fdb",
    GRPOTrainer._save_checkpoint: "ec91bde123649111",
    GRPOTrainer.compute_loss: "4f555f9407fe50c8",
    GRPOTrainer.training_step: "9e18632f7dd8e8d8",
    SFTTrainer._save_checkpoint: "b6ee0a370c266b6f",
    Trainer._clip_grad_norm: "ebfa9dc91d3088ab",
    Trainer._load_from_checkpoint: "4711d0506786db15",
    Trainer._load_optimizer_and_scheduler: "bdcb956f06c459ab",
    Trainer._load_rng_state: "d5ebdfc0a0884c4b",
    Trainer._save_checkpoint: "a9111e30faa99339",
    Trainer.training_step: "a95f8c94253a5148",
    split_tensor_dict: "b61a5760a03e95db",
}
DOCUMENTED = {"_exit"}
"""What begins with an underscore and is its module's public word all the same."""


def digest(member: object) -> str:
    return hashlib.sha256(inspect.getsource(inspect.unwrap(member)).encode()).hexdigest()[:16]


class InternalsTest(unittest.TestCase):
    def test_the_members_that_they_take_are_those_that_they_were_read_from(self) -> None:
        for member, expected in MEMBERS.items():
            with self.subTest(member.__qualname__):
                self.assertEqual(
                    digest(member),
                    expected,
                    f"{member.__module__}.{member.__qualname__} is another than that of {small.READ_FROM}: read it "
                    "beside the internals.py of trainer/engines/small and trl, mend what differs, compare checkpoints "
                    "of old and new, and write its digest here",
                )

    def test_they_name_the_versions_that_are_installed(self) -> None:
        for engine in ENGINES:
            self.assertEqual({name: version(name) for name in engine.READ_FROM}, engine.READ_FROM)

    def test_no_other_file_of_the_trainer_touches_a_private_member(self) -> None:
        allowed = {Path(engine.__file__) for engine in ENGINES}
        files = [file for file in (ROOT / "trainer").rglob("*.py") if file not in allowed]
        found = [
            f"{file.relative_to(ROOT)}:{node.lineno}: {name}"
            for file in files
            if file.parent.name != "tests"
            for node in ast.walk(ast.parse(file.read_text()))
            for name in [getattr(node, "attr", getattr(node, "name", None))]
            if isinstance(name, str) and name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED
        ]
        self.assertGreater(len(files), 20)
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
