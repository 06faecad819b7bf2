"""GRPO's variants by their arithmetic, and the watches over a training."""

import json
import os
import statistics
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from trainer import train
from trainer.contract.advantages import EPSILON, advantages, flat_groups, other_rows
from trainer.contract.failures import JobFailure
from trainer.contract.job import GrpoVariant, parse_job
from trainer.contract.metrics import MetricsLine
from trainer.contract.progress import Progress
from trainer.contract.watches import look, refuse_blind
from trainer.tests.reward_server import RewardServer
from trainer.tests.support import job_value
from trainer.tests.training import FakeClient, make_training

REWARDS = [1.0, 0.0, None, 0.5, 0.25, 0.25, 0.75, 1.0, None, None, 0.7, None, 0.0, 0.0, 0.0, 1.0]


class AdvantagesTest(unittest.TestCase):
    def test_with_the_groups_mean_they_are_what_trl_computes(self) -> None:
        for spread in ("group", "step", "none"):
            with self.subTest(spread):
                client = FakeClient()
                client.values = REWARDS
                trainer = make_training(type(self), client, variant={"spread": spread}, maxUnscorableShare=0.75)
                trainer.model.train()
                inputs = [{"prompt": str(row)} for row in range(4) for _ in range(4)]
                batch = trainer._generate_and_score_completions(inputs)
                own = advantages(REWARDS, 4, trainer.run.job.hyper.variant)
                for got, expected in zip(batch["advantages"].tolist(), own, strict=True):
                    self.assertAlmostEqual(got, expected, places=4)

    def test_leave_one_out_measures_each_by_the_mean_of_the_others_that_have_a_reward(self) -> None:
        got = advantages(REWARDS, 4, GrpoVariant(baseline="leaveOneOut", spread="none"))
        for start in range(0, len(REWARDS), 4):
            group = REWARDS[start : start + 4]
            for place, (reward, advantage) in enumerate(zip(group, got[start : start + 4], strict=True)):
                others = [each for index, each in enumerate(group) if index != place and each is not None]
                expected = reward - statistics.mean(others) if reward is not None and others else 0.0
                self.assertAlmostEqual(advantage, expected)

    def test_leave_one_out_is_divided_by_the_spread_that_is_asked_for(self) -> None:
        plain = advantages([1.0, 0.0], 2, GrpoVariant(baseline="leaveOneOut", spread="none"))
        self.assertEqual(plain, [1.0, -1.0])
        divided = advantages([1.0, 0.0], 2, GrpoVariant(baseline="leaveOneOut", spread="group"))
        self.assertAlmostEqual(divided[0], 1 / (statistics.stdev([1.0, 0.0]) + EPSILON))

    def test_a_flat_group_is_one_whose_rewards_are_all_equal_or_missing(self) -> None:
        self.assertEqual(flat_groups([1, 1, None, None, 0, 1, 0, 0], 2), [0, 1, 3])

    def test_other_rows_are_of_the_order_and_the_same_again(self) -> None:
        rows = other_rows([4, 4, 9], [1, 2, 3], 50)
        self.assertEqual(rows, other_rows([4, 4, 9], [1, 2, 3], 50))
        self.assertEqual({*rows}, {4, 9})
        self.assertGreater(rows.count(4), rows.count(9))


class SmallVariantsTest(unittest.TestCase):
    """Whole trainings of the engine small, in this process."""

    def train(self, values: list[float], **hyper: Any) -> Any:
        client = FakeClient()
        client.values = values
        trainer = make_training(type(self), client, **hyper)
        trainer.train()
        return trainer

    def test_every_variant_trains_and_its_figures_are_in_the_metrics(self) -> None:
        values = [float(number % 3) for number in range(16)]
        for variant in (
            {"lossPer": "sequence"},
            {"lossPer": "constant", "spread": "none"},
            {"ratio": "sequence", "klEstimator": "k3"},
            {"baseline": "leaveOneOut", "spread": "step"},
        ):
            with self.subTest(str(variant)):
                trainer = self.train(values, variant=variant, klCoef=0.05)
                line = trainer.run.line
                self.assertEqual(trainer.run.progress.step, 2)
                self.assertGreater(line["entropy"], 0)
                self.assertGreater(line["kl"], 0)
                self.assertGreater(line["gradient_norm"], 0)
                self.assertEqual(line["clip_share"], 0)

    def test_a_sampling_may_be_for_several_steps_those_after_the_first_are_off_policy(self) -> None:
        values = [float(number % 3) for number in range(32)]
        trainer = self.train(values, variant={"stepsPerSampling": 2}, maxSteps=4)
        self.assertEqual(trainer.run.progress.step, 4)
        self.assertEqual(len(trainer.client.asked), 32)
        self.assertEqual({item["step"] for item in trainer.client.asked}, {3})
        self.assertEqual(trainer.run.progress.rewards, [sum(values) / len(values)] * 4)
        self.assertGreater(trainer.run.line["clip_share"], 0)

    def test_a_job_that_is_resumed_within_a_sampling_goes_on_with_what_was_sampled(self) -> None:
        folder = Path(self.enterContext(TemporaryDirectory()))
        rewards = self.enterContext(RewardServer())
        self.enterContext(mock.patch.dict(os.environ, {"TEST_REWARD_TOKEN": "secret"}))
        results = {}
        for name, ends in (("calm", (6,)), ("resumed", (2, 6))):
            (folder / name).mkdir()
            value = job_value(folder / name, variant={"stepsPerSampling": 3}, maxUnscorableShare=0.75)
            value["reward"]["url"] = rewards.url
            for steps in ends:
                value["hyper"]["maxSteps"] = steps
                (folder / "job.json").write_text(json.dumps(value))
                self.assertEqual(train.main([str(folder / "job.json")]), 0)
            results[name] = json.loads((folder / name / "out" / "result.json").read_text())
        for field in ("reward", "tokens", "steps"):
            self.assertEqual(results["resumed"][field], results["calm"][field])
        digests = [result["checkpoint"]["sha256"] for result in results.values()]
        self.assertEqual(*digests)

    def test_flat_groups_are_sampled_anew_from_other_prompts_as_often_as_is_asked_for(self) -> None:
        asked: list[int] = []

        class Client(FakeClient):
            def score(self, items: list[dict[str, Any]]) -> Any:
                asked.append(len(items))
                # The first group of any asking is flat, others are not.
                self.values = [0.5 if place < 4 else float(place % 2) for place in range(len(items))]
                return super().score(items)

        trainer = make_training(type(self), Client(), variant={"resampleFlat": 2}, maxSteps=1)
        trainer.train()
        self.assertEqual(asked, [16, 4, 4])
        self.assertEqual(trainer.run.line["resampled_groups"], 2)
        self.assertEqual(trainer.run.line["flat_group_share"], 0.25)


class WatchTest(unittest.TestCase):
    def progress(self, values: list[float], **watch: Any) -> Progress:
        with TemporaryDirectory() as folder:
            watches = [{"metric": "entropy", "steps": 2, **watch}]
            job = parse_job(job_value(Path(folder), watches=watches))
        progress = Progress()
        for step, value in enumerate(values, start=1):
            look(progress, job.hyper.watches, MetricsLine(step=step, step_seconds=0.0, entropy=value))
        return progress

    def test_a_watch_strikes_when_the_mean_of_its_last_steps_is_beyond_a_bound(self) -> None:
        self.assertEqual(self.progress([0.1, 3.0], below=0.5, policy="warn").watched, {})
        progress = self.progress([0.1], below=0.5, policy="stop")
        self.assertEqual((progress.watched, progress.stopped), ({}, False))
        progress = self.progress([3.0, 0.4, 0.2], below=0.5, policy="stop")
        said = "step 3: the mean entropy of the last 2 steps is 0.3, below 0.5"
        self.assertEqual((progress.watched, progress.stopped), ({0: said}, True))

    def test_a_warning_is_said_once_and_ends_nothing(self) -> None:
        progress = self.progress([2.0, 2.0, 2.0, 5.0], above=1, policy="warn")
        said = "step 2: the mean entropy of the last 2 steps is 2, above 1"
        self.assertEqual((progress.watched, progress.stopped), ({0: said}, False))

    def test_what_watches_have_seen_survives_a_restart(self) -> None:
        progress = self.progress([2.0, 2.0], above=1, policy="warn")
        self.assertEqual(Progress.model_validate_json(progress.model_dump_json()), progress)

    def test_a_watch_may_fail_the_job(self) -> None:
        with self.assertRaises(JobFailure) as caught:
            self.progress([2.0, 2.0], above=1, policy="fail")
        self.assertEqual(caught.exception.failure_class, "app")
        self.assertIn("at step 2: the mean entropy", str(caught.exception))

    def test_a_watch_of_what_is_not_measured_is_refused(self) -> None:
        with TemporaryDirectory() as folder:
            job = parse_job(job_value(Path(folder), watches=[{"metric": "kl", "above": 1.0, "policy": "warn"}]))
        with self.assertRaises(JobFailure) as caught:
            refuse_blind(job.hyper, {})
        self.assertIn("hyper.watches[0] is of kl, which is not measured: hyper.klCoef is 0", str(caught.exception))

    def test_a_training_that_a_watch_stops_ends_there_with_what_it_has(self) -> None:
        client = FakeClient()
        client.values = [float(number % 3) for number in range(16)]
        watch = {"metric": "gradientNorm", "above": 0.0, "steps": 2, "policy": "stop"}
        trainer = make_training(type(self), client, watches=[watch], maxSteps=9)
        trainer.train()
        self.assertEqual(trainer.run.progress.step, 2)


if __name__ == "__main__":
    unittest.main()
