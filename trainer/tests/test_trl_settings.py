"""What the engine trl asks of TRL and accelerate for GPUs, as far as that can be said without one."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from trainer.contract.failures import JobFailure
from trainer.contract.job import GrpoJob, parse_job
from trainer.engines.trl import lora, settings
from trainer.engines.trl.options import Options, options_of
from trainer.tests.support import job_value


class SettingsTest(unittest.TestCase):
    def job(self, options: dict[str, Any], gpus: int = 2, **hyper: Any) -> tuple[GrpoJob, Options]:
        value = job_value(Path(self.enterContext(TemporaryDirectory())), **hyper)
        value |= {"engine": "trl", "engineOptions": options}
        value["resources"] |= {"gpusPerNode": gpus}
        job = parse_job(value)
        return job, options_of(job)

    def found(self, *names: str) -> None:
        self.enterContext(mock.patch.object(settings, "find_spec", lambda name: name if name in names else None))

    def test_fsdp2_spreads_by_the_models_own_layers_and_saves_in_parts(self) -> None:
        job, options = self.job({"sharding": "fsdp2", "precision": "fp32", "sampling": {"by": "transformers"}})
        with mock.patch("torch.cuda.is_available", return_value=False):
            plugin = settings.grpo_config(job, options, 2, [1]).fsdp_plugin_args
        self.assertEqual(plugin["fsdp_version"], 2)
        self.assertEqual(plugin["auto_wrap_policy"], "TRANSFORMER_BASED_WRAP")
        self.assertEqual(plugin["state_dict_type"], "SHARDED_STATE_DICT")
        self.assertTrue(plugin["reshard_after_forward"])

    def test_on_gpus_vllm_samples_on_the_same_ones_unless_the_job_says_otherwise(self) -> None:
        self.found("vllm")
        job, options = self.job({})
        got = settings.vllm_settings(job, options, [1, 7])
        self.assertEqual((got["vllm_mode"], got["vllm_max_model_length"]), ("colocate", 64 + 16))
        self.assertEqual(got["generation_kwargs"], {"stop_token_ids": [1, 7]})
        job, options = self.job({"sampling": {"by": "vllmServer", "url": "http://127.0.0.1:8000"}})
        self.assertEqual(settings.vllm_settings(job, options, [1])["vllm_server_base_url"], "http://127.0.0.1:8000")
        job, options = self.job({"sampling": {"by": "transformers"}})
        self.assertEqual(settings.vllm_settings(job, options, [1]), {})
        job, options = self.job({}, gpus=0)
        self.assertEqual(settings.vllm_settings(job, options, [1]), {})

    def test_a_package_that_is_missing_is_named(self) -> None:
        self.found()
        job, options = self.job({})
        with self.assertRaises(JobFailure) as caught:
            settings.vllm_settings(job, options, [1])
        self.assertIn("the package vllm, which is not installed", str(caught.exception))
        _, options = self.job({"lora": {"rank": 8}}, gpus=0)
        with mock.patch.dict("sys.modules", {"peft": None}), self.assertRaises(JobFailure) as caught:
            lora.adapters(options.lora)
        self.assertIn("the package peft, which is not installed", str(caught.exception))

    def test_fewer_gpus_than_the_job_was_given_are_no_fault_of_the_job(self) -> None:
        job, _ = self.job({})
        with mock.patch("torch.cuda.device_count", return_value=1), self.assertRaises(JobFailure) as caught:
            settings.check_gpus(job, 2)
        self.assertEqual(caught.exception.failure_class, "infra")
        self.assertIn("a GPU for each of 2 processes, as resources.gpusPerNode says, got 1", str(caught.exception))

    def test_the_loss_that_measures_no_entropy_is_not_taken_where_entropy_is_watched(self) -> None:
        self.found("liger_kernel")
        self.assertTrue(settings.fused(self.job({})[0]))
        self.assertFalse(settings.fused(self.job({}, gpus=0)[0]))
        watch = {"metric": "entropy", "below": 0.1, "policy": "stop"}
        self.assertFalse(settings.fused(self.job({}, watches=[watch])[0]))


if __name__ == "__main__":
    unittest.main()
