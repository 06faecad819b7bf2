"""A training step of other architectures than the shipped base's, by the sampler that serves them if there is one."""

import tempfile
import unittest
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from trainer.contract.failures import JobFailure
from trainer.engines.small.internals import load_weights
from trainer.tests.tiny_models import make_model
from trainer.tests.training import FakeClient, make_training

STEP = {"maxSteps": 1, "maxPromptTokens": 200, "maxCompletionTokens": 8}


class ArchitecturesTest(unittest.TestCase):
    def check(self, name: str, batched: bool) -> None:
        client = FakeClient()
        client.values = [float(number % 3 == 0) for number in range(16)]
        base = make_model(Path(self.enterContext(tempfile.TemporaryDirectory())), name)
        trainer = make_training(type(self), client, base, **STEP)
        self.assertEqual(trainer.shape is not None, batched)
        model = trainer.model
        before = {key: value.clone() for key, value in model.state_dict().items()}
        likelihoods = trainer._get_per_token_logps_and_entropies
        off = []

        def watched(model: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor, kept: int, *more, **named):
            found = likelihoods(model, ids, mask, kept, *more, **named)
            with torch.inference_mode():
                logits = model(ids, attention_mask=mask).logits[:, -kept - 1 : -1] / trainer.temperature
            logs = torch.log_softmax(logits, -1).gather(2, ids[:, -kept:].unsqueeze(2)).squeeze(2)
            off.append(float(((found[0].detach() - logs) * mask[:, -kept:]).abs().max()))
            return found

        trainer._get_per_token_logps_and_entropies = watched
        trainer.train()
        self.assertEqual(trainer.run.progress.step, 1)
        self.assertTrue(off)
        self.assertLess(max(off), 1e-3)
        self.assertFalse(all(torch.equal(value, before[key]) for key, value in model.state_dict().items()))

    def test_a_step_of_any_architecture_learns_from_likelihoods_that_are_the_models_own(self) -> None:
        for name, batched in (("llama3-rope", True), ("qwen2", True), ("qwen3", True), ("gpt-neox", False)):
            with self.subTest(name):
                self.check(name, batched)

    def test_a_state_is_loaded_whole_whatever_names_its_weights_have_in_files(self) -> None:
        for name in ("gpt-neox", "tied", "llama"):
            with self.subTest(name):
                base = make_model(Path(self.enterContext(tempfile.TemporaryDirectory())), name)
                trainer = make_training(type(self), FakeClient(), base, **STEP)
                state = Path(self.enterContext(tempfile.TemporaryDirectory()))
                trainer.save_model(str(state))
                saved = {key: value.clone() for key, value in trainer.model.state_dict().items()}
                with torch.no_grad():
                    for weight in trainer.model.parameters():
                        weight.zero_()
                trainer._load_from_checkpoint(str(state))
                for key, value in trainer.model.state_dict().items():
                    self.assertTrue(torch.equal(value, saved[key]), key)

    def test_a_state_that_lacks_a_weight_is_not_gone_on_from(self) -> None:
        base = make_model(Path(self.enterContext(tempfile.TemporaryDirectory())), "llama")
        trainer = make_training(type(self), FakeClient(), base, **STEP)
        weights = load_file(base / "model.safetensors")
        del weights["lm_head.weight"]
        save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
        with self.assertRaisesRegex(JobFailure, "lacks the weights lm_head.weight"):
            load_weights(trainer.model, base)


if __name__ == "__main__":
    unittest.main()
