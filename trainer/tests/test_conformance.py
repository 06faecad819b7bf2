"""The six duties of trainer/contract/README.md, of every engine and kind: jobs run as processes, seen from outside."""

import unittest
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from trainer.engines import MODULES, load_engine
from trainer.tests.courses import STEPS, Course
from trainer.tests.reward_server import answer_to
from trainer.tests.tiny_base import make_base

# Of a job, by engine and kind.
OPTIONS = {"trl grpo": {"processesPerNode": 2}}


class Pair:
    """A job undisturbed, and the same job through every trouble that it has to survive."""

    def __init__(self, folder: Path, engine: str, kind: str, base: Path, course: Callable[..., Course] = Course):
        self.name = f"{engine} {kind}"
        self.kind = kind
        options = OPTIONS.get(self.name)
        self.calm = course(folder / "calm", engine, kind, base, options)
        self.troubled = course(folder / "troubled", engine, kind, base, options)
        self.wrong = course(folder / "wrong", engine, kind, base)

    def all(self) -> list[Course]:
        return [self.calm, self.troubled, self.wrong]

    def run(self) -> "Pair":
        with self.calm.rewards, self.troubled.rewards, self.wrong.rewards:
            self.wrong_status = self.wrong.run(1, engineOptions={"noSuchOption": 1})
            self.calm_status = self.calm.run(1)
            self.trouble(self.troubled, STEPS[self.kind] // 10)
        return self

    def trouble(self, course: Course, tenth: int) -> None:
        # Killed, in the middle of a line.
        first = course.start(1)
        course.reach(first, 2 * tenth)
        first.kill()
        first.wait()
        self.after_kill = course.result()
        self.killed_at = course.last_step()
        course.tear('{"step": 7, "rew')
        course.move()
        # Met by a second process, and asked to stop.
        second = course.start(2)
        course.stop_midway(second, 5 * tenth)
        self.intruder_status = course.run(3)
        self.after_intruder = course.result()
        self.stop_status = course.go_on_to_stop(second)
        self.after_stop = course.result()
        self.stopped_at = course.last_step()
        # Kept waiting for its rewards, and then let be.
        course.rewards.refusals = [(503, {"retry-after": "0"}), (502, {})]
        course.move()
        self.last_status = course.run(4)


class ConformanceTest(unittest.TestCase):
    @classmethod
    def courses(cls, folder: Path) -> Callable[..., Course]:
        """What makes the courses, which have their files in the folder."""
        return Course

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(TemporaryDirectory()))
        base = make_base(folder / "base")
        course = cls.courses(folder)
        pairs = [
            Pair(folder / engine / kind, engine, kind, base, course)
            for engine in MODULES
            for kind in load_engine(engine).KINDS
        ]
        with ThreadPoolExecutor(2) as runners:
            cls.pairs = list(runners.map(Pair.run, pairs))

    def test_1_it_reads_the_job_file_alone_and_writes_in_its_own_two_folders(self) -> None:
        for pair in self.pairs:
            with self.subTest(pair.name):
                self.assertEqual(pair.calm_status, 0, pair.calm.result())
                self.assertEqual(list(pair.calm.workplace.iterdir()), [])
                names = {entry.name for entry in pair.calm.folder.iterdir()}
                self.assertEqual(names, {"job-1.json", "rows.jsonl", "workplace", "out", "checkpoints"})

    def test_1_what_is_wrong_with_the_job_file_is_a_result_that_names_it(self) -> None:
        for pair in self.pairs:
            with self.subTest(pair.name):
                self.assertEqual(pair.wrong_status, 1)
                message = pair.wrong.result().pop("message")
                identity = {"jobKey": "test/lap-0001/generator", "attempt": 1}
                expected = {"status": "failed", **identity, "class": "app", "message": message}
                self.assertEqual(pair.wrong.result(), expected)
                self.assertIn("noSuchOption", message)

    def test_2_a_second_process_in_its_output_folder_is_refused_and_changes_nothing(self) -> None:
        for pair in self.pairs:
            with self.subTest(pair.name):
                self.assertNotEqual(pair.intruder_status, 0)
                self.assertIsNone(pair.after_intruder)

    def test_3_there_is_a_line_a_step_and_a_torn_one_is_cut(self) -> None:
        for pair in self.pairs:
            with self.subTest(pair.name):
                for course in (pair.calm, pair.troubled):
                    text = (course.read("metrics.jsonl") or b"").decode()
                    self.assertEqual(len(course.lines()), text.count("\n"))
                    self.assertEqual([line["step"] for line in course.steps()], list(range(1, STEPS[pair.kind] + 1)))
                for line in pair.calm.lines():
                    self.assertLessEqual({"step", "reward", "stepSeconds"}, line.keys())

    def test_4_after_a_kill_it_goes_on_from_its_state_to_the_same_steps_and_the_same_checkpoint(self) -> None:
        for pair in self.pairs:
            with self.subTest(pair.name):
                self.assertGreater(pair.killed_at, 0)
                self.assertLess(pair.killed_at, STEPS[pair.kind])
                self.assertEqual([line["step"] for line in pair.troubled.lines()].count(1), 1)
                self.assertEqual(pair.troubled.steps(), pair.calm.steps())
                self.assertEqual(pair.troubled.checkpoint(), pair.calm.checkpoint())

    def test_5_asked_to_stop_it_saves_its_state_and_says_so_within_the_grace(self) -> None:
        for pair in self.pairs:
            with self.subTest(pair.name):
                expected = {"status": "preempted", "jobKey": "test/lap-0001/generator", "attempt": 2}
                self.assertEqual((pair.stop_status, pair.after_stop), (0, {**expected, "step": pair.stopped_at}))
                self.assertLess(pair.stopped_at, STEPS[pair.kind])
                steps = [line["step"] for line in pair.troubled.lines()]
                self.assertEqual(steps.count(pair.stopped_at), 1)

    def test_6_its_result_comes_last_is_whole_and_its_own(self) -> None:
        for pair in self.pairs:
            with self.subTest(pair.name):
                self.assertIsNone(pair.after_kill)
                result = pair.troubled.result()
                self.assertEqual((pair.last_status, result["status"], result["attempt"]), (0, "succeeded", 4))
                self.assertEqual((result["steps"], result["stopReason"]), (STEPS[pair.kind], "maxSteps"))
                named, found = pair.troubled.checkpoint()
                self.assertEqual(named, found)
                self.assertTrue(result["checkpoint"]["uri"].endswith(f"/checkpoints/{named}"))

    def test_an_item_without_a_reward_is_no_reward_of_0(self) -> None:
        for pair in (pair for pair in self.pairs if pair.kind == "grpo"):
            with self.subTest(pair.name):
                # Of one step there may be several batches.
                items = [item for asked in pair.calm.rewards.asked for item in asked]
                answers = {step: [] for step in range(1, STEPS[pair.kind] + 1)}
                for item in items:
                    answers[item["step"]].append(answer_to(item).get("reward"))
                for line in pair.calm.lines():
                    scored = [reward for reward in answers[line["step"]] if reward is not None]
                    self.assertAlmostEqual(line["reward"], sum(scored) / len(scored))
                self.assertGreater(sum(rewards.count(None) for rewards in answers.values()), 0)

    def test_an_outage_of_the_reward_service_is_waited_for(self) -> None:
        for pair in (pair for pair in self.pairs if pair.kind == "grpo"):
            with self.subTest(pair.name):
                self.assertEqual((pair.troubled.rewards.refusals, pair.last_status), ([], 0))


if __name__ == "__main__":
    unittest.main()
