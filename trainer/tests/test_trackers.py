"""Trackers without their libraries; `npm run test:long -- trackers` has them with these."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from trainer.contract.failures import JobFailure
from trainer.contract.metrics import Metrics, MetricsLine, last_step
from trainer.contract.trackers import Runs, named_trackers, numbers


class TestTrackers(unittest.TestCase):
    def named(self, names: str) -> list[str]:
        with mock.patch.dict(os.environ, {"FLYWHEEL_TRACKERS": names}):
            return named_trackers()

    def test_by_default_there_are_none(self):
        with mock.patch.dict(os.environ):
            os.environ.pop("FLYWHEEL_TRACKERS", None)
            self.assertEqual(named_trackers(), [])
        self.assertEqual(self.named(" , "), [])

    def test_an_unknown_name_is_refused(self):
        with self.assertRaisesRegex(JobFailure, "FLYWHEEL_TRACKERS to name tensorboard, wandb, mlflow, got 'comet'"):
            self.named("comet")

    def test_a_library_that_is_not_here_is_refused_by_name_with_what_to_install(self):
        with mock.patch.dict("sys.modules", {"wandb": None}), self.assertRaises(JobFailure) as caught:
            self.named("wandb")
        self.assertEqual(caught.exception.failure_class, "app")
        self.assertRegex(str(caught.exception), r"FLYWHEEL_TRACKERS names wandb, .*\(pip install wandb\)")

    def test_mlflow_without_a_server_is_refused(self):
        with mock.patch.dict("sys.modules", {"mlflow": mock.Mock()}), mock.patch.dict(os.environ):
            os.environ.pop("MLFLOW_TRACKING_URI", None)
            with self.assertRaisesRegex(JobFailure, "expected MLFLOW_TRACKING_URI to name an MLflow server"):
                self.named("mlflow")

    def test_a_missing_library_ends_the_job_before_a_line_is_written(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"FLYWHEEL_TRACKERS": "mlflow"}):
            with mock.patch.dict("sys.modules", {"mlflow": None}), self.assertRaises(JobFailure):
                Metrics(Path(folder) / "metrics.jsonl")
            self.assertEqual(os.listdir(folder), [])

    def test_steps_that_are_on_the_file_are_known(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "metrics.jsonl"
            self.assertEqual(last_step(path), 0)
            for step in (1, 2, 3, 2):
                Metrics(path).write(MetricsLine(step=step, step_seconds=1.0))
            path.write_text(path.read_text() + '{"step": 9, "rew')
            Metrics(path)
            self.assertEqual(last_step(path), 3)

    def test_a_run_has_the_name_of_its_job(self):
        self.assertEqual(Runs(Path("/store/jobs/main/lap-0001/generator")).name, "main/lap-0001/generator")
        self.assertEqual(Runs(Path("/elsewhere/output")).name, "output")

    def test_numbers_are_told_by_their_names_and_nothing_else(self):
        line = {"step": 3, "reward": 1, "components": {"format": 0.5}, "kl": None, "names": ["a"], "is": True}
        self.assertEqual(numbers(line), {"reward": 1.0, "components/format": 0.5})


if __name__ == "__main__":
    unittest.main()
