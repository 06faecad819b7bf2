"""What a job file may not say, and how the job ends that says it."""

import contextlib
import io
import json
import os
import signal
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from trainer import train
from trainer.contract.failures import JobFailure
from trainer.contract.job import parse_job
from trainer.tests.support import job_value


def at(*path: Any, value: Any) -> Callable[[Any], None]:
    def change(job: Any) -> None:
        for key in path[:-1]:
            job = job[key]
        job[path[-1]] = value

    return change


def without(*path: Any) -> Callable[[Any], None]:
    def change(job: Any) -> None:
        for key in path[:-1]:
            job = job[key]
        del job[path[-1]]

    return change


BAD_FIELDS: list[tuple[str, Callable[[Any], None]]] = [
    ("jobKey", at("jobKey", value="")),
    ("attempt", at("attempt", value=0)),
    ("attempt", at("attempt", value=True)),
    ("kind", at("kind", value="ppo")),
    ("kind", without("kind")),
    ("initCheckpoint", at("initCheckpoint", value="base")),
    ("initCheckpoint.sha256", at("initCheckpoint", "sha256", value="abc")),
    ("initCheckpoint.uri", at("initCheckpoint", "uri", value="rehearsal/base")),
    ("datasets", at("datasets", value=[])),
    ("datasets[0].weight", at("datasets", 0, "weight", value=0)),
    ("datasets[0].rows", at("datasets", 0, "rows", value=1.5)),
    ("datasets[0].uri", at("datasets", 0, "uri", value="https://example.org/rows")),
    ("reward", without("reward")),
    ("reward.url", at("reward", "url", value="127.0.0.1")),
    ("hyper.groupSize", at("hyper", "groupSize", value=1)),
    ("hyper.learningRate", at("hyper", "learningRate", value=0)),
    ("hyper.learningRate", at("hyper", "learningRate", value=float("nan"))),
    ("hyper.learningRate", at("hyper", "learningRate", value=10**400)),
    ("hyper.temperature", at("hyper", "temperature", value="1")),
    ("hyper.maxSteps", without("hyper", "maxSteps")),
    ("hyper.maxUnscorableShare", at("hyper", "maxUnscorableShare", value=1.1)),
    ("hyper.batchSize", at("hyper", "batchSize", value=4)),
    ("resources.gpusPerNode", at("resources", "gpusPerNode", value=None)),
    ("output.checkpoints", at("output", "checkpoints", value="s3://bucket")),
    ("resume", at("resume", value="never")),
    ("engine", at("engine", value="")),
    ("engineOptions", at("engineOptions", value=[])),
    ("thinking.close", at("thinking", value={"open": "<think>"})),
    ("thinking.open", at("thinking", value={"open": " ", "close": "</think>"})),
    ("thinking", at("thinking", value="field")),
    ("templateKwargs.prove", at("templateKwargs", value={"prove": True})),
    ("hyper.maxLongRowShare", at("hyper", "maxLongRowShare", value=2)),
    ("colour", at("colour", value="red")),
]
BAD_SFT_FIELDS: list[tuple[str, Callable[[Any], None]]] = [
    ("hyper.rowsPerStep", without("hyper", "rowsPerStep")),
    ("hyper.groupSize", at("hyper", "groupSize", value=4)),
    ("reward", at("reward", value={"url": "http://127.0.0.1", "recipeSha256": "b" * 64, "tokenEnv": "TOKEN"})),
]


class JobTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.value = job_value(self.folder)
        self.enterContext(mock.patch.dict(os.environ, {"TEST_REWARD_TOKEN": "secret"}))
        previous = signal.getsignal(signal.SIGTERM)
        self.addCleanup(signal.signal, signal.SIGTERM, previous)

    def run_job(self) -> tuple[int, dict[str, Any]]:
        file = self.folder / "job.json"
        file.write_text(json.dumps(self.value))
        with contextlib.redirect_stderr(io.StringIO()), self.assertLogs("trainer"):
            status = train.main([str(file)])
        return status, json.loads((self.folder / "out" / "result.json").read_text())

    def assert_failed(self, failure_class: str, *named: str) -> None:
        status, result = self.run_job()
        self.assertEqual(status, 1)
        self.assertEqual(
            {**result, "message": ""},
            {
                "status": "failed",
                "jobKey": "test/lap-0001/generator",
                "attempt": 1,
                "class": failure_class,
                "message": "",
            },
        )
        for text in named:
            self.assertIn(text, result["message"])

    def test_a_well_formed_job_is_read(self) -> None:
        job = parse_job(self.value)
        self.assertEqual((job.hyper.group_size, job.datasets[0].rows, job.output.folder), (4, 8, self.folder / "out"))

    def test_a_bad_field_is_refused_by_its_name(self) -> None:
        for kind, fields in (("grpo", BAD_FIELDS), ("sft", BAD_SFT_FIELDS)):
            for name, change in fields:
                value = job_value(self.folder, kind)
                change(value)
                with self.subTest(name, kind=kind), self.assertRaises(JobFailure) as caught:
                    parse_job(value)
                self.assertEqual(caught.exception.failure_class, "app")
                self.assertIn(f" {name} ", str(caught.exception).replace(":", " "))

    def test_a_job_with_a_bad_field_ends_in_a_result_of_class_app_that_names_it(self) -> None:
        self.value["hyper"]["groupSize"] = 1
        self.assert_failed("app", "hyper.groupSize", "at least 2", "1")

    def test_an_engine_that_is_not_there_and_an_option_it_does_not_have_are_refused_by_name(self) -> None:
        self.value["engine"] = "large"
        self.assert_failed("app", "engine", "small", "large")
        self.value |= {"engine": "small", "engineOptions": {"loraRank": 16}}
        self.assert_failed("app", "engineOptions.loraRank")

    def test_a_missing_token_ends_in_class_app_and_names_the_variable(self) -> None:
        with mock.patch.dict(os.environ):
            del os.environ["TEST_REWARD_TOKEN"]
            self.assert_failed("app", "TEST_REWARD_TOKEN")

    def test_a_changed_dataset_ends_in_class_data(self) -> None:
        rows = self.folder / "rows.jsonl"
        rows.write_text(rows.read_text().replace("prove", "prose", 1))
        self.assert_failed("data", str(rows), self.value["datasets"][0]["sha256"])

    def test_a_cut_dataset_ends_in_class_data(self) -> None:
        self.value["datasets"][0]["rows"] = 9
        self.assert_failed("data", "8 rows", "expects 9")

    def test_a_missing_dataset_ends_in_class_data(self) -> None:
        (self.folder / "rows.jsonl").unlink()
        self.assert_failed("data", "rows.jsonl")

    def test_a_checkpoint_that_is_not_the_one_named_ends_in_class_data(self) -> None:
        self.value["initCheckpoint"]["sha256"] = "0" * 64
        self.assert_failed("data", "0" * 64)

    def test_a_file_that_is_no_job_leaves_no_result(self) -> None:
        for text in ("{", "[]", '{"output": {"uri": "relative"}}'):
            file = self.folder / "job.json"
            file.write_text(text)
            with contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertEqual(train.main([str(file)]), 2)
            self.assertIn("failed: ", said.getvalue())


if __name__ == "__main__":
    unittest.main()
