"""The engine verl as a program, seen from outside: `npm run test:long -- verl`. In verl's place stands fake_verl.py."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trainer.contract.files import checkpoint_digest
from trainer.tests.courses import ended
from trainer.tests.reward_server import RewardServer, answer_to
from trainer.tests.support import ROOT, job_value
from trainer.tests.tiny_base import make_base

STEPS, EVERY = 12, 4


class Verl:
    """One job, and the attempts at it."""

    def __init__(self, folder: Path, base: Path, **hyper: Any):
        self.folder = folder
        folder.mkdir(parents=True)
        self.output = folder / "out"
        self.rewards = RewardServer()
        steps = {"maxSteps": STEPS, "checkpointEverySteps": EVERY, "promptsPerStep": 2, "groupSize": 4}
        self.value = job_value(folder, "grpo", base, **{**steps, **hyper})
        self.value |= {"engine": "verl", "resources": self.value["resources"] | {"gpusPerNode": 8, "nodes": 2}}
        self.value["reward"]["url"] = self.rewards.url
        self.python = folder / "python"
        self.python.write_text(f'#!/bin/sh\nexec {sys.executable} -m trainer.tests.fake_verl "$@"\n')
        self.python.chmod(0o755)

    def start(self, attempt: int, **changes: Any) -> subprocess.Popen[bytes]:
        file = self.folder / f"job-{attempt}.json"
        file.write_text(json.dumps({**self.value, "attempt": attempt, **changes}))
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        variables = {"TEST_REWARD_TOKEN": "secret", "FLYWHEEL_VERL_PYTHON": str(self.python), "OMP_NUM_THREADS": "1"}
        variables |= {"RAY_ADDRESS": "127.0.0.1:6379"}
        return subprocess.Popen(
            [sys.executable, "-m", "trainer.engines.verl", str(file)],
            env={**kept, "PYTHONPATH": str(ROOT), **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, attempt: int, **changes: Any) -> int:
        return ended(self.start(attempt, **changes))

    def result(self) -> dict[str, Any]:
        return json.loads((self.output / "result.json").read_text())

    def lines(self) -> dict[int, dict[str, Any]]:
        """The last line of each step, without what it took."""
        text = (self.output / "metrics.jsonl").read_text()
        lines = {line["step"]: line for line in map(json.loads, text.splitlines())}
        return {step: {k: v for k, v in line.items() if not k.endswith("Seconds")} for step, line in lines.items()}


class VerlRunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(TemporaryDirectory()))
        cls.base = make_base(cls.folder / "base")
        cls.calm = Verl(cls.folder / "calm", cls.base)
        with cls.calm.rewards:
            cls.status = cls.calm.run(1)

    def test_a_job_becomes_steps_rewards_metrics_and_a_checkpoint_under_its_digest(self) -> None:
        result = self.calm.result()
        self.assertEqual((self.status, result["status"], result["steps"]), (0, "succeeded", STEPS), result)
        folder = Path(result["checkpoint"]["uri"].removeprefix("file://"))
        self.assertEqual(checkpoint_digest(folder), result["checkpoint"]["sha256"])
        self.assertTrue((folder / "tokenizer.json").exists())
        lines = self.calm.lines()
        self.assertEqual(list(lines), list(range(1, STEPS + 1)))
        asked = [item for batch in self.calm.rewards.asked for item in batch]
        self.assertEqual(len(asked), STEPS * 2 * 4)
        self.assertEqual([item["step"] for item in asked], [step for step in range(1, STEPS + 1) for _ in range(8)])
        answers = [answer_to(item).get("reward") for item in asked]
        scored = [reward for reward in answers if reward is not None]
        self.assertEqual(sum(line["unscorable"] for line in lines.values()), answers.count(None))
        self.assertGreater(answers.count(None), 0)
        weighted = [line["reward"] * (8 - line["unscorable"]) for line in lines.values()]
        self.assertAlmostEqual(sum(weighted), sum(scored))
        self.assertFalse((self.calm.output / "verl" / "token").exists())

    def test_killed_and_stopped_it_comes_to_the_same_steps_and_the_same_checkpoint(self) -> None:
        troubled = Verl(self.folder / "troubled", self.base)
        with troubled.rewards:
            first = troubled.start(1)
            troubled.rewards.held.clear()
            while len(troubled.rewards.asked) < 6:
                self.assertIsNone(first.poll())
            troubled.rewards.hold()
            first.kill()
            first.wait()
            self.assertFalse((troubled.output / "result.json").exists())
            troubled.rewards.let_go()
            second = troubled.start(2)
            before = len(troubled.rewards.asked)
            while len(troubled.rewards.asked) < before + 2:
                self.assertIsNone(second.poll())
            second.terminate()
            self.assertEqual(ended(second, 20), 0)
            stopped = troubled.result()
            self.assertEqual(stopped["status"], "preempted", stopped)
            self.assertIn(stopped["step"], troubled.lines())
            troubled.rewards.refusals = [(503, {"retry-after": "0"}), (502, {})]
            self.assertEqual(troubled.run(3), 0, troubled.result())
        self.assertEqual(troubled.lines(), self.calm.lines())
        self.assertEqual(troubled.result()["checkpoint"]["sha256"], self.calm.result()["checkpoint"]["sha256"])
        self.assertEqual(troubled.result()["tokens"], self.calm.result()["tokens"])

    def test_a_saturated_stage_ends_with_the_step_that_saturates_it(self) -> None:
        saturated = Verl(self.folder / "saturated", self.base, saturationReward=0.01, saturationWindow=3)
        with saturated.rewards:
            self.assertEqual(saturated.run(1), 0)
        result = saturated.result()
        self.assertEqual((result["stopReason"], result["steps"], max(saturated.lines())), ("saturated", 3, 3))

    def test_a_watch_that_stops_the_stage_does_so_at_the_next_step(self) -> None:
        watches = [{"metric": "gradientNorm", "above": 0.0001, "steps": 2, "policy": "stop"}]
        watched = Verl(self.folder / "watched", self.base, watches=watches, maxSteps=200)
        with watched.rewards:
            self.assertEqual(watched.run(1), 0, watched.result())
        result = watched.result()
        self.assertEqual(result["stopReason"], "watch")
        self.assertIn("mean gradientNorm of the last 2 steps", result["watched"][0])

    def test_too_many_items_without_a_reward_end_the_job_in_class_reward(self) -> None:
        strict = Verl(self.folder / "strict", self.base, maxUnscorableShare=0)
        with strict.rewards:
            self.assertEqual(strict.run(1), 1)
        result = strict.result()
        self.assertEqual((result["status"], result["class"]), ("failed", "reward"))
        self.assertIn("maxUnscorableShare 0", result["message"])

    def test_what_is_wrong_with_the_job_file_is_named_before_verl_starts(self) -> None:
        for number, (changes, problem) in enumerate(
            [
                ({"engineOptions": {"noSuchOption": 1}}, "noSuchOption"),
                ({"engine": "small"}, "expected engine to be verl"),
                ({"resources": {"nodes": 1, "gpusPerNode": 0, "wallSeconds": 60}}, "gpusPerNode is 0"),
            ]
        ):
            with self.subTest(problem):
                wrong = Verl(self.folder / f"wrong-{number}", self.base)
                with wrong.rewards:
                    self.assertEqual(wrong.run(1, **changes), 1)
                self.assertIn(problem, wrong.result()["message"])


if __name__ == "__main__":
    unittest.main()
