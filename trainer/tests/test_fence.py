"""The fence of contract/fence.py: an attempt that was followed ends without a word more in the job's folder."""

import subprocess
import sys
import textwrap
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from trainer.contract.fence import STATUS, Fence
from trainer.tests.courses import STEPS, Course, ended
from trainer.tests.support import ROOT
from trainer.tests.tiny_base import make_base


class WriterTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(TemporaryDirectory()))

    def write(self, statement: str, turn: str | None) -> int:
        """The exit status of a process of attempt 2 that does this, told whose turn it is."""
        if turn is not None:
            (self.folder / "attempt").write_text(turn)
        program = f"""
            from pathlib import Path
            from trainer.contract import fence
            from trainer.contract.metrics import Metrics, MetricsLine
            from trainer.contract.progress import Progress
            from trainer.contract.result import Stopped, write_result
            from trainer.contract.states import seal
            folder = Path({str(self.folder)!r})
            fence.hold(folder, 2)
            {statement}
        """
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, stderr=subprocess.DEVNULL, timeout=60
        ).returncode

    WRITERS = (
        ('Metrics(folder / "metrics.jsonl").write(MetricsLine(step=1, step_seconds=1))', "metrics.jsonl"),
        ('write_result(folder, Stopped(job_key="a", attempt=2, step=1))', "result.json"),
        ('(folder / "state/checkpoint-1").mkdir(parents=True); '
         'seal(folder / "state/checkpoint-1", Progress(step=1))', "state/checkpoint-1/progress.json"),
    )  # fmt: skip

    def test_an_attempt_that_was_followed_writes_no_line_no_state_and_no_result(self) -> None:
        for statement, file in self.WRITERS:
            with self.subTest(file):
                self.assertEqual(self.write(statement, "3\n"), STATUS)
                self.assertFalse((self.folder / file).exists())

    def test_whose_turn_it_is_or_where_nobody_says_so_writes(self) -> None:
        for turn in ("2\n", "1\n", "", None):
            with self.subTest(turn), TemporaryDirectory() as folder:
                self.folder = Path(folder)
                for statement, file in self.WRITERS:
                    self.assertEqual(self.write(statement, turn), 0)
                    self.assertTrue((self.folder / file).exists())

    def test_a_turn_that_cannot_be_read_is_nobodys(self) -> None:
        (self.folder / "attempt").write_text("tw")
        self.assertIsNone(Fence(self.folder, 1).turn())


class SuccessorTest(unittest.TestCase):
    def test_a_ghost_ends_when_its_successor_is_submitted_and_the_successor_waits_for_it(self) -> None:
        folder = Path(self.enterContext(TemporaryDirectory()))
        course = Course(folder / "job", "small", "sft", make_base(folder / "base"))
        with course.rewards:
            ghost = course.start(1)
            course.reach(ghost, 60)
            (course.output / "attempt").write_text("2\n")
            successor = course.start(2)
            self.assertEqual(ended(ghost), STATUS)
            self.assertEqual(ended(successor), 0)
            self.assertEqual(course.result()["attempt"], 2)
            self.assertEqual([line["step"] for line in course.steps()], list(range(1, STEPS["sft"] + 1)))
            # A copy that comes back later is refused as well.
            written = course.result(), course.lines()
            self.assertEqual(course.run(1), STATUS)
            self.assertEqual((course.result(), course.lines()), written)


if __name__ == "__main__":
    unittest.main()
