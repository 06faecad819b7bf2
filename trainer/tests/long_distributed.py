"""Two ranks against one on the CPU, a rank that is killed, and a model that is spread over ranks: minutes, not seconds.

Run by test/long/distributed.test.ts.
"""

import json
import os
import signal
import unittest
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import torch
from safetensors.torch import load_file

from trainer import train
from trainer.contract.attempt import StopRequest
from trainer.distributed import run_ranks
from trainer.engines import trl
from trainer.tests.courses import Course, ended
from trainer.tests.reward_server import RewardServer, answer_to
from trainer.tests.support import job_value
from trainer.tests.tiny_base import make_base
from trainer.tests.tiny_models import make_model

REAL = "FLYWHEEL_TEST_MODEL"
"""Names the folder of a language model that people use."""


class Stored:
    """A job over stored completions, in this process and its ranks."""

    def __init__(self, folder: Path, base: Path, options: dict[str, Any], kind: str = "grpo", **hyper: Any):
        self.folder = folder
        folder.mkdir()
        self.rewards = RewardServer()
        limits = {"maxPromptTokens": 128, **hyper}
        self.value = job_value(folder, kind, base, **limits)
        self.value |= {"engine": "trl", "engineOptions": options}
        if kind == "grpo":
            self.value["reward"]["url"] = self.rewards.url

    def run(self, attempt: int = 1, **environment: str) -> dict[str, Any]:
        file = self.folder / "job.json"
        file.write_text(json.dumps({**self.value, "attempt": attempt}))
        changes = {"TEST_REWARD_TOKEN": "secret", **environment}
        with (
            mock.patch.dict(os.environ, changes),
            mock.patch.object(trl, "RANK", "trainer.tests.stored_rank"),
        ):
            train.main([str(file)])
        return json.loads((self.folder / "out" / "result.json").read_text())

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "out" / "metrics.jsonl").read_text().splitlines()]

    def rewarded(self) -> dict[int, list[Any]]:
        """The items of each step and their rewards."""
        steps: dict[int, list[Any]] = {}
        for item in (item for asked in self.rewards.asked for item in asked):
            scored = (item["itemId"], item["response"], answer_to(item).get("reward"))
            steps.setdefault(item["step"], []).append(scored)
        return {step: sorted(items, key=str) for step, items in steps.items()}


def children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


class StoredCase(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(TemporaryDirectory()))

    def stored(self, name: str, *arguments: Any, **hyper: Any) -> Stored:
        job = Stored(self.folder / name, *arguments, **hyper)
        self.enterContext(job.rewards)
        return job

    def assert_near(self, got: float, expected: float, relative: float) -> None:
        # A loss of zero by its making, as of advantages that sum to it, is rounding and no more.
        self.assertLessEqual(abs(got - expected), max(relative * abs(expected), 1e-6), (got, expected))


class DistributedTest(StoredCase):
    def test_two_ranks_earn_the_rewards_of_one_process_and_have_its_loss(self) -> None:
        base = make_model(self.folder / "base", "qwen3")
        variants: dict[str, Any] = {
            "tokens": {},
            "sequence": {"lossPer": "sequence", "ratio": "sequence", "baseline": "leaveOneOut", "spread": "step"},
            "constant": {"lossPer": "constant", "spread": "none", "klEstimator": "k3", "stepsPerSampling": 2},
        }
        for name, variant in variants.items():
            with self.subTest(name):
                hyper = {"klCoef": 0.05, "maxSteps": 3, "variant": variant, "learningRate": 1e-4}
                # Groups of four over two ranks of ten: one is split.
                hyper |= {"maxUnscorableShare": 0.75, "promptsPerStep": 6 if name == "constant" else 5}
                one = self.stored(f"{name}-1", base, {}, **hyper)
                two = self.stored(f"{name}-2", base, {"processesPerNode": 2, "microBatchTokens": 250}, **hyper)
                for job in (one, two):
                    self.assertEqual(job.run()["status"], "succeeded")
                self.assertEqual(two.rewarded(), one.rewarded())
                for got, expected in zip(two.lines(), one.lines(), strict=True):
                    self.assertGreater(got["microBatches"], expected["microBatches"])
                    self.assertEqual(got["reward"], expected["reward"])
                    self.assertEqual(got["unscorable"], expected["unscorable"])
                    for figure in ("loss", "gradientNorm", "entropy", "kl"):
                        if expected[figure]:
                            self.assert_near(got[figure], expected[figure], 1e-4)
                print(name, [(line["loss"], line["gradientNorm"]) for line in (*one.lines(), *two.lines())])

    def test_ranks_that_are_resumed_within_a_sampling_go_on_with_what_was_sampled(self) -> None:
        base = make_model(self.folder / "base", "llama")
        hyper = {"variant": {"stepsPerSampling": 2}, "maxUnscorableShare": 0.75}
        calm = self.stored("calm", base, {"processesPerNode": 2}, **hyper, maxSteps=4)
        resumed = self.stored("resumed", base, {"processesPerNode": 2}, **hyper, maxSteps=1)
        expected = calm.run()
        self.assertEqual(resumed.run()["status"], "succeeded")
        resumed.value["hyper"]["maxSteps"] = 4
        got = resumed.run(2)
        self.assertEqual(got["checkpoint"]["sha256"], expected["checkpoint"]["sha256"])
        self.assertEqual(got["reward"], expected["reward"])

    def test_two_ranks_learn_rows_as_one_process_does(self) -> None:
        base = make_model(self.folder / "base", "qwen3")
        one = self.stored("one", base, {}, "sft")
        two = self.stored("two", base, {"processesPerNode": 2, "microBatchTokens": 60}, "sft")
        for job in (one, two):
            self.assertEqual(job.run()["status"], "succeeded")
        for got, expected in zip(two.lines(), one.lines(), strict=True):
            self.assertEqual(got["completionTokens"], expected["completionTokens"])
            for figure in ("loss", "gradientNorm"):
                self.assert_near(got[figure], expected[figure], 1e-4)

    def test_memory_that_runs_out_is_answered_by_a_smaller_micro_batch_and_not_by_the_same(self) -> None:
        """Out of memory is a fake here: `stored_rank` raises what torch would."""
        base = make_model(self.folder / "base", "llama")
        job = self.stored("job", base, {"processesPerNode": 2}, maxUnscorableShare=0.75)
        results = [job.run(attempt, FAKE_OUT_OF_MEMORY_ROWS="4") for attempt in (1, 2)]
        first = results[0]
        self.assertEqual((first["status"], first["class"]), ("failed", "capacity"))
        self.assertIn("8 rows", first["message"])
        self.assertIn("the next attempt takes micro-batches of 80 tokens", first["message"])
        self.assertEqual(results[1]["status"], "succeeded", results[1])
        self.assertGreater(job.lines()[-1]["microBatches"], 2)
        none = self.stored("none", base, {"microBatchTokens": 1}, maxUnscorableShare=0.75)
        last = none.run(1, FAKE_OUT_OF_MEMORY_ROWS="1")
        self.assertEqual((last["status"], last["class"]), ("failed", "app"))
        self.assertIn("lower hyper.maxCompletionTokens", last["message"])

    def test_a_job_whose_rank_was_killed_ends_in_the_checkpoint_of_one_that_was_let_be(self) -> None:
        base = make_base(self.folder / "base")
        options = {"processesPerNode": 2}
        calm = Course(self.folder / "calm", "trl", "grpo", base, options)
        killed = Course(self.folder / "killed", "trl", "grpo", base, options)
        for course in (calm, killed):
            course.value["hyper"] |= {"maxSteps": 12, "checkpointEverySteps": 3}
        with calm.rewards, killed.rewards:
            self.assertEqual(calm.run(1), 0, calm.result())
            process = killed.start(1)
            killed.reach(process, 5)
            ranks = children(process.pid)
            self.assertEqual(len(ranks), 2)
            os.kill(ranks[1], signal.SIGKILL)
            self.assertEqual(ended(process), 1)
            result = killed.result()
            self.assertEqual((result["status"], result["class"]), ("failed", "infra"))
            self.assertIn("rank 1 of 2 was killed by SIGKILL", result["message"])
            self.assertFalse(Path(f"/proc/{ranks[0]}").exists())
            self.assertEqual(killed.run(2), 0, killed.result())
        self.assertEqual(killed.checkpoint(), calm.checkpoint())
        self.assertEqual(killed.steps(), calm.steps())

    def test_a_model_that_is_spread_over_ranks_is_saved_resumed_and_exported_whole(self) -> None:
        for name in ("llama", "tied"):
            with self.subTest(name):
                folder = self.folder / name
                folder.mkdir()
                base = make_model(folder / "base", name)
                command = ("trainer.tests.sharded_ranks", str(base), str(folder))
                outcome = run_ranks(command, 2, folder, StopRequest())
                self.assertEqual(outcome["digest"], outcome["expected"])
                self.assertTrue(outcome["same"])
                self.assertLess(outcome["parts"], 0.7 * outcome["whole"])
                self.assertEqual(outcome["files"], 2)


@unittest.skipUnless(REAL in os.environ, f"{REAL} names no folder of a language model")
class RealModelTest(StoredCase):
    def test_two_ranks_earn_and_lose_what_one_process_does(self) -> None:
        hyper = {"maxSteps": 2, "promptsPerStep": 2, "learningRate": 1e-5, "checkpointEverySteps": 9}
        base = Path(os.environ[REAL])
        one = self.stored("real-1", base, {}, **hyper)
        two = self.stored("real-2", base, {"processesPerNode": 2}, **hyper)
        for job in (one, two):
            self.assertEqual(job.run()["status"], "succeeded")
        self.assertEqual(two.rewarded(), one.rewarded())
        for got, expected in zip(two.lines(), one.lines(), strict=True):
            self.assertEqual(got["reward"], expected["reward"])
            for figure in ("loss", "gradientNorm", "entropy"):
                self.assert_near(got[figure], expected[figure], 1e-4)
        print("real", [(line["loss"], line["gradientNorm"]) for line in (*one.lines(), *two.lines())])


@unittest.skipUnless(find_spec("peft"), "peft is not installed")
class LoraTest(StoredCase):
    def test_adapters_learn_and_are_merged_into_the_checkpoint(self) -> None:
        base = make_model(self.folder / "base", "llama")
        options = {"lora": {"rank": 4}, "processesPerNode": 2}
        hyper = {"klCoef": 0.05, "maxUnscorableShare": 0.75, "learningRate": 1e-2}
        whole = self.stored("whole", base, options, **hyper, maxSteps=4)
        first = whole.run()
        self.assertEqual(first["status"], "succeeded", first)
        self.assertGreater(whole.lines()[-1]["kl"], 0)
        trained = load_file(Path(first["checkpoint"]["uri"].removeprefix("file://")) / "model.safetensors")
        before = load_file(base / "model.safetensors")
        self.assertEqual(trained.keys(), before.keys())
        changed = {name for name in before if not torch.equal(trained[name], before[name])}
        self.assertTrue(changed)
        self.assertTrue(all("proj" in name for name in changed), changed)


if __name__ == "__main__":
    unittest.main()
