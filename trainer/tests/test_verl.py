"""The engine verl's pure parts: a job in verl's names, a step's advantages, rewards gathered, metrics read."""

import asyncio
import json
import math
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet

from trainer.contract.advantages import advantages
from trainer.contract.batches import Scored
from trainer.contract.failures import JobFailure
from trainer.contract.job import GrpoVariant, parse_job
from trainer.contract.rows import Row
from trainer.engines.verl.child import Child
from trainer.engines.verl.course import Course, progress_of, read_records
from trainer.engines.verl.data import table_row, write_rows
from trainer.engines.verl.judging import Gatherer
from trainer.engines.verl.lines import Tail, line_of
from trainer.engines.verl.options import options_of
from trainer.engines.verl.overrides import overrides_of, refuse, template_kwargs, written
from trainer.engines.verl.place import Place
from trainer.tests.support import job_value

GPUS = {"nodes": 2, "gpusPerNode": 8, "wallSeconds": 60}


class VerlTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(TemporaryDirectory()))

    def job(self, options: dict[str, Any] | None = None, **hyper: Any) -> Any:
        value = job_value(self.folder, "grpo", **hyper) | {"engine": "verl", "resources": GPUS}
        return parse_job(value | {"engineOptions": options or {}})

    def place(self) -> Place:
        place = Place(self.folder / "out")
        place.work.mkdir(parents=True, exist_ok=True)
        place.state.mkdir(exist_ok=True)
        return place

    def settings(self, job: Any, kwargs: dict[str, Any] | None = None) -> dict[str, str]:
        said = overrides_of(job, options_of(job), self.place(), self.folder / "job.json", kwargs or {})
        return dict(each.split("=", 1) for each in said)


class OverridesTest(VerlTest):
    def test_the_default_variant_is_grpo_over_all_tokens_with_its_clip_and_no_second_one(self) -> None:
        said = self.settings(self.job())
        actor = "actor_rollout_ref.actor"
        self.assertEqual(said[f"{actor}.loss_agg_mode"], "'token-mean'")
        self.assertEqual(said[f"{actor}.policy_loss.loss_mode"], "'vanilla'")
        self.assertEqual((said[f"{actor}.clip_ratio_low"], said[f"{actor}.clip_ratio_high"]), ("0.2", "0.28"))
        self.assertGreater(float(said[f"{actor}.clip_ratio_c"]), 1e6)
        self.assertEqual(said[f"{actor}.use_kl_loss"], "false")
        self.assertEqual((said["trainer.nnodes"], said["trainer.n_gpus_per_node"]), ("2", "8"))
        self.assertEqual((said["data.train_batch_size"], said[f"{actor}.ppo_mini_batch_size"]), ("4", "4"))

    def test_variants_that_verl_has_become_its_settings(self) -> None:
        actor = "actor_rollout_ref.actor"
        variant = {"lossPer": "constant", "ratio": "sequence", "klEstimator": "k3"}
        said = self.settings(self.job(variant=variant, klCoef=0.01))
        self.assertEqual(said[f"{actor}.loss_agg_mode"], "'seq-mean-token-sum-norm'")
        self.assertEqual(said[f"{actor}.loss_scale_factor"], "16")
        self.assertEqual(said[f"{actor}.policy_loss.loss_mode"], "'gspo'")
        self.assertEqual((said[f"{actor}.use_kl_loss"], said[f"{actor}.kl_loss_coef"]), ("true", "0.01"))
        self.assertEqual(said[f"{actor}.kl_loss_type"], "'low_var_kl'")
        sequence = self.settings(self.job(variant={"lossPer": "sequence"}))
        self.assertEqual(sequence[f"{actor}.loss_agg_mode"], "'seq-mean-token-mean'")

    def test_what_verl_cannot_do_is_refused_by_name(self) -> None:
        cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
            ({"variant": {"resampleFlat": 2}}, {}, "resampleFlat"),
            ({"variant": {"stepsPerSampling": 2}}, {}, "stepsPerSampling"),
            ({"klCoef": 0.1}, {}, "klEstimator"),
            ({}, {"tensorParallel": 3}, "tensorParallel"),
        ]
        for hyper, options, named in cases:
            with self.subTest(named), self.assertRaisesRegex(JobFailure, named):
                job = self.job(options, **hyper)
                refuse(job, options_of(job))
        with self.assertRaisesRegex(JobFailure, "engineOptions.memoryShare to be less than 1, got 1.5"):
            options_of(self.job({"memoryShare": 1.5}))

    def test_options_lay_the_training_out_and_overrides_come_last(self) -> None:
        job = self.job({"tensorParallel": 2, "lora": {"rank": 16}, "overrides": ["trainer.logger=[console]"]})
        said = overrides_of(job, options_of(job), self.place(), self.folder / "job.json", {})
        self.assertIn("actor_rollout_ref.rollout.tensor_model_parallel_size=2", said)
        self.assertIn("actor_rollout_ref.model.lora_alpha=32", said)
        self.assertEqual(said[-1], "trainer.logger=[console]")

    def test_the_token_is_on_no_command_line(self) -> None:
        place = self.place()
        place.token.write_text("a secret")
        self.assertNotIn("a secret", json.dumps(self.settings(self.job())))

    def test_template_settings_are_those_of_all_tasks_or_refused(self) -> None:
        rows = [[Row(itemId="a", task="prove", prompt=[{"role": "user", "content": "x"}], meta={})]]
        rows.append([Row(itemId="b", task="verify", prompt=[{"role": "user", "content": "x"}], meta={})])
        value = job_value(self.folder) | {"resources": GPUS}
        same = {"prove": {"enable_thinking": False}, "verify": {"enable_thinking": False}}
        kwargs = template_kwargs(parse_job(value | {"templateKwargs": same}), rows)
        self.assertEqual(self.settings(self.job(), kwargs)["+data.apply_chat_template_kwargs.enable_thinking"], "false")
        with self.assertRaisesRegex(JobFailure, "templateKwargs that differ between the tasks prove, verify"):
            template_kwargs(parse_job(value | {"templateKwargs": {"prove": {"enable_thinking": False}}}), rows)

    def test_texts_are_quoted_so_that_no_character_of_a_path_means_anything(self) -> None:
        self.assertEqual(written("/a b/{c},=$d"), "'/a b/{c},=$d'")
        self.assertEqual(written(["it's", None, True, 1e-6]), r"['it\'s',null,true,1e-06]")


class CourseTest(VerlTest):
    def course(self, **hyper: Any) -> Course:
        return Course(self.job(**{"groupSize": 2, "promptsPerStep": 2, **hyper}), self.place())

    def test_advantages_are_those_of_the_contract_in_whatever_order_verl_has_them(self) -> None:
        scores, groups = [1.0, 0.0, math.nan, 0.5], ["a", "b", "a", "b"]
        got = self.course().advantages(scores, groups, 40)
        expected = advantages([1.0, None, 0.0, 0.5], 2, GrpoVariant())
        self.assertEqual(got, [expected[0], expected[2], expected[1], expected[3]])
        self.assertEqual((got[0], got[2]), (0.0, 0.0))

    def test_a_completion_that_verl_lost_is_one_without_a_reward(self) -> None:
        got = self.course().advantages([1.0, 0.0, 0.5], ["a", "b", "b"], 40)
        self.assertEqual(
            got, [value for value in advantages([1.0, None, 0.0, 0.5], 2, GrpoVariant()) if True][:1] + got[1:]
        )
        with self.assertRaisesRegex(JobFailure, "groups of at most 2 completions of verl, got one of 3"):
            self.course().advantages([1.0, 0.0, 0.5], ["a", "a", "a"], 40)

    def test_a_step_is_taken_down_and_what_lies_after_the_saved_state_is_forgotten(self) -> None:
        self.assertEqual(self.place().step_under_way(), 1)
        course = self.course()
        for step in range(3):
            course.advantages([1.0, 0.0, math.nan, 0.5], ["a", "a", "b", "b"], 40 + step)
        self.assertEqual(course.place.step_under_way(), 4)
        record = read_records(course.place)[0]
        self.assertEqual((record["reward"], record["unscorable"], record["flatGroupShare"]), (0.5, 1, 0.5))
        (course.place.state / "latest_checkpointed_iteration.txt").write_text("2")
        resumed = self.course()
        self.assertEqual((resumed.step, [record["step"] for record in resumed.records]), (2, [1, 2]))
        self.assertEqual(progress_of(resumed.records, 2).tokens, 81)

    def test_too_many_without_a_reward_are_a_failure_of_class_reward(self) -> None:
        with self.assertRaisesRegex(JobFailure, "3 of 4 items of step 1 were unscorable") as raised:
            self.course().advantages([math.nan] * 3 + [1.0], ["a", "a", "b", "b"], 40)
        self.assertEqual(raised.exception.failure_class, "reward")

    def test_it_ends_when_it_is_saturated_or_asked_to_stop(self) -> None:
        course = self.course(saturationReward=0.9, saturationWindow=2)
        ends = []
        for _ in range(2):
            course.advantages([1.0, 1.0, 1.0, 1.0], ["a", "a", "b", "b"], 4)
            ends.append(course.ends())
        self.assertEqual(ends, [False, True])
        other = self.course()
        self.assertFalse(other.ends())
        other.place.stop.write_text("SIGTERM")
        self.assertTrue(other.ends())


class JudgingTest(unittest.TestCase):
    def test_completions_that_come_together_are_asked_for_together_each_with_its_own_answer(self) -> None:
        batches: list[int] = []

        def score(items: list[dict[str, Any]]) -> list[Scored]:
            batches.append(len(items))
            return [Scored(itemId=item["itemId"], status="scored", reward=float(item["itemId"])) for item in items]

        async def run() -> list[Any]:
            gatherer = Gatherer(score, pause=0.02)
            first = [asyncio.create_task(gatherer.ask({"itemId": str(number)})) for number in range(5)]
            await asyncio.sleep(0.05)
            return [await each for each in first] + [await gatherer.ask({"itemId": "9"})]

        answers = asyncio.run(run())
        self.assertEqual([answer.reward for answer in answers], [0, 1, 2, 3, 4, 9])
        self.assertEqual(batches, [5, 1])

    def test_a_failure_is_that_of_all_who_wait(self) -> None:
        def score(items: list[dict[str, Any]]) -> list[Scored]:
            raise JobFailure("infra", "gone")

        async def run() -> list[Any]:
            gatherer = Gatherer(score, pause=0)
            return await asyncio.gather(*(gatherer.ask({"itemId": "a"}) for _ in range(2)), return_exceptions=True)

        self.assertEqual([str(error) for error in asyncio.run(run())], ["gone", "gone"])


class ChildTest(VerlTest):
    def test_what_it_printed_last_decides_the_class(self) -> None:
        cases = [
            ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "capacity"),
            ("ray.exceptions.ActorDiedError: The actor died because its node died", "infra"),
            ("AssertionError: real_train_batch_size must be divisible", "app"),
        ]
        for words, expected in cases:
            with self.subTest(expected):
                child = Child(["sh", "-c", f"echo '{words}'; echo bye; exit 3"], self.folder, {})
                child.process.wait(30)
                failure = child.failure()
                child.end()
                self.assertEqual(failure.failure_class, expected)
                self.assertIn(words, str(failure))
                self.assertIn("status 3", str(failure))


class DataTest(VerlTest):
    def test_the_table_has_the_rows_in_the_order_of_the_steps_as_often_as_they_are_seen(self) -> None:
        class Chats:
            def prompt(self, row: Row) -> Any:
                return type("Prompt", (), {"thinks": row.item_id == "b", "thought": False})

        rows = [
            Row(itemId=name, task="prove", prompt=[{"role": "user", "content": f"prove {name}"}], meta={})
            for name in "ab"
        ]
        path = self.folder / "rows.parquet"
        write_rows(path, rows, [1, 0, 1], Chats())
        table = pyarrow.parquet.read_table(path).to_pylist()
        self.assertEqual([row["extra_info"]["itemId"] for row in table], ["b", "a", "b"])
        self.assertEqual([row["extra_info"]["thinks"] for row in table], [True, False, True])
        self.assertEqual(table[0]["prompt"], [{"role": "user", "content": "prove b"}])
        self.assertEqual(table[0]["reward_model"]["ground_truth"], "b")
        named = Row(itemId="c", task="prove", prompt=[{"role": "user", "content": "x", "name": "Ann"}], meta={})
        with self.assertRaisesRegex(JobFailure, "row c has a message with name"):
            table_row(named, 0, Chats())


RECORD = {"reward": 0.5, "rewardStd": 0.1, "flatGroupShare": 0.25, "unscorable": 1}


class LinesTest(VerlTest):
    def test_a_line_has_what_verl_measured_and_no_number_that_is_none(self) -> None:
        said = {"timing_s/step": 61.5, "actor/grad_norm": 0.2, "actor/entropy": None, "kl_loss": 0.01}
        line = line_of(3, said | {"perf/max_memory_allocated_gb": 2.0, "critic/score/mean": None}, RECORD)
        self.assertEqual((line.step, line.step_seconds, line.reward, line.unscorable), (3, 61.5, 0.5, 1))
        self.assertEqual((line.gradient_norm, line.entropy, line.kl), (0.2, None, 0.01))
        self.assertEqual(line.peak_memory_bytes, 2 * 2**30)

    def test_a_growing_file_is_read_by_whole_lines_each_once(self) -> None:
        path = self.folder / "log.jsonl"
        tail = Tail(path)
        self.assertEqual(list(tail.lines()), [])
        path.write_text('{"step": 1, "data": {"a": 1}}\n{"step": 2, "da')
        self.assertEqual(list(tail.lines()), [(1, {"a": 1})])
        with open(path, "a") as file:
            file.write('ta": {}}\n')
        self.assertEqual(list(tail.lines()), [(2, {})])


if __name__ == "__main__":
    unittest.main()
