"""The engine verl against the real package, as far as its own code goes without a GPU: `npm run test:long -- verl`.

The configuration composes, verl's own checks pass on it where they need no GPU, our estimator is in its registry and
agrees with verl's GRPO, our manager and callback are found under the names that the job gives them.
"""

import asyncio
import json
import math
import os
import unittest
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy
import torch

from trainer.contract.job import parse_job
from trainer.engines.verl.options import options_of
from trainer.engines.verl.overrides import ESTIMATOR, environment, overrides_of
from trainer.engines.verl.place import Place
from trainer.tests.reward_server import RewardServer, answer_to
from trainer.tests.support import job_value
from trainer.tests.tiny_base import make_base

VARIANTS: list[dict[str, Any]] = [
    {},
    {"klCoef": 0.01, "variant": {"klEstimator": "k3", "lossPer": "sequence"}},
    {"variant": {"lossPer": "constant", "ratio": "sequence", "spread": "none"}},
]


class LongVerlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(TemporaryDirectory()))
        cls.base = make_base(cls.folder / "base")
        cls.rewards = RewardServer()
        cls.enterClassContext(cls.rewards)
        job, place, file = cls.job({"groupSize": 4, "promptsPerStep": 2, "maxUnscorableShare": 1})
        place.work.mkdir(parents=True)
        place.state.mkdir()
        place.token.write_text("secret")
        os.environ.update(environment(job, place, file))
        # Imports the plugin, as each of verl's processes does.
        cls.verl = import_module("verl")
        cls.place = place

    @classmethod
    def job(cls, hyper: dict[str, Any], options: dict[str, Any] | None = None) -> tuple[Any, Place, Path]:
        value = job_value(cls.folder, "grpo", cls.base, **hyper)
        value |= {"engine": "verl", "engineOptions": options or {}}
        value |= {"resources": {"nodes": 2, "gpusPerNode": 8, "wallSeconds": 60}}
        value["reward"]["url"] = cls.rewards.url
        file = cls.folder / "job.json"
        file.write_text(json.dumps(value))
        job = parse_job(value)
        return job, Place(job.output.folder), file

    def composed(self, hyper: dict[str, Any], options: dict[str, Any] | None = None) -> Any:
        from hydra import compose, initialize_config_dir

        job, place, file = self.job({"promptsPerStep": 8, "groupSize": 4} | hyper, options)
        folder = Path(self.verl.__file__).parent / "trainer" / "config"
        overrides = overrides_of(job, options_of(job), place, file, {"enable_thinking": False})
        with initialize_config_dir(str(folder), version_base=None):
            return compose("ppo_trainer", [each for each in overrides if not each.startswith("hydra.")])

    def test_jobs_compose_to_configurations_that_verls_own_classes_take(self) -> None:
        from verl.utils.config import omega_conf_to_dataclass

        for hyper in VARIANTS:
            with self.subTest(hyper):
                config = self.composed(hyper, {"lora": {"rank": 16}, "tensorParallel": 2, "offload": True})
                actor = omega_conf_to_dataclass(config.actor_rollout_ref.actor)
                actor.validate(16, config.data.train_batch_size, config.actor_rollout_ref.model)
                self.assertEqual((actor.clip_ratio_low, actor.clip_ratio_high), (0.2, 0.28))
                algorithm = omega_conf_to_dataclass(config.algorithm)
                self.assertEqual(algorithm.adv_estimator, ESTIMATOR)
                self.assertEqual(config.data.apply_chat_template_kwargs.enable_thinking, False)
                self.assertEqual(config.trainer.default_local_dir, str(self.place.state))

    def test_verls_own_check_of_the_whole_configuration_passes(self) -> None:
        from verl.trainer.ppo.utils import need_critic, need_reference_policy
        from verl.utils.config import validate_config

        for hyper in VARIANTS:
            with self.subTest(hyper):
                config = self.composed(hyper)
                held = need_reference_policy(config)
                self.assertEqual(held, bool(hyper.get("klCoef")))
                validate_config(config, use_reference_policy=held, use_critic=need_critic(config))

    def test_our_estimator_is_in_the_registry_and_agrees_with_verls_grpo_where_all_is_scored(self) -> None:
        from verl.trainer.ppo.core_algos import compute_grpo_outcome_advantage, get_adv_estimator_fn

        rewards = torch.zeros(8, 5)
        rewards[:, -1] = torch.tensor([1.0, 0.0, 0.5, 1.0, 0.0, 0.0, 1.0, 0.25])
        mask, index = torch.ones(8, 5), numpy.array(list("aabbabab"), dtype=object)
        theirs, _ = compute_grpo_outcome_advantage(rewards.clone(), mask, index)
        ours, _ = get_adv_estimator_fn(ESTIMATOR)(rewards, mask, index=index, config=None)
        # Theirs adds 1e-6 to the spread, the contract's 1e-4.
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
        rewards[3, -1] = math.nan
        ours, _ = get_adv_estimator_fn(ESTIMATOR)(rewards, mask, index=index, config=None)
        self.assertFalse(ours.isnan().any())
        self.assertTrue((ours[3] == 0).all())
        others = [0, 1, 2, 4, 5, 6, 7]
        theirs, _ = compute_grpo_outcome_advantage(rewards[others].clone(), mask[others], index[others])
        torch.testing.assert_close(ours[others], theirs, rtol=1e-3, atol=1e-4)

    def test_our_reward_manager_is_found_and_asks_the_reward_service(self) -> None:
        from tensordict import TensorDict
        from transformers import AutoTokenizer
        from verl import DataProto
        from verl.trainer.ppo.reward import load_reward_manager

        config = self.composed({})
        tokenizer = AutoTokenizer.from_pretrained(self.base)
        ids = tokenizer("L1 = 2 <eos>", add_special_tokens=False)["input_ids"]
        responses = torch.tensor([[*ids, 0, 0]])
        row = {"itemId": "row-1", "thinks": False, "thought": False, "index": 0}
        data = DataProto(
            batch=TensorDict(
                {
                    "prompts": torch.ones(1, 2, dtype=torch.int64),
                    "responses": responses,
                    "attention_mask": torch.tensor([[1, 1] + [1] * len(ids) + [0, 0]]),
                },
                batch_size=1,
            ),
            non_tensor_batch={"extra_info": numpy.array([row], dtype=object)},
        )

        async def judged() -> dict[str, Any]:
            return await load_reward_manager(config, tokenizer).run_single(data)

        said = asyncio.run(judged())
        [item] = self.rewards.asked[-1]
        self.assertEqual((item["itemId"], item["response"], item["truncated"]), ("row-1", "L1 = 2", False))
        expected = answer_to(item).get("reward")
        self.assertEqual(said["reward_score"], expected)

    def test_our_callback_ends_the_training_at_the_step_that_was_saved(self) -> None:
        from verl.trainer.ppo.checkpoint_callback import build_checkpoint_callback

        config = self.composed({})
        callback = build_checkpoint_callback(config)
        trainer = type("Trainer", (), {"total_training_steps": 100})()
        callback.on_save(trainer=trainer, global_step=7, checkpoint_dir="", async_save=False)
        self.assertEqual(trainer.total_training_steps, 100)
        self.place.stop.write_text("SIGTERM")
        callback.save_this_step()
        callback.on_save(trainer=trainer, global_step=8, checkpoint_dir="", async_save=False)
        self.assertEqual((trainer.total_training_steps, config.trainer.save_freq), (8, 1))
        self.place.stop.unlink()


if __name__ == "__main__":
    unittest.main()
