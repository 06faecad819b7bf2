"""A store that goes away, hangs and is slow in mid-training, and two copies of one job: minutes, not seconds."""

import signal
import time
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from trainer.contract.fence import STATUS
from trainer.contract.remote import store
from trainer.tests.courses import GRACE_SECONDS, STEPS, ended
from trainer.tests.stores.gateway import Gateway
from trainer.tests.stores.slow_road import SlowRoad
from trainer.tests.stores.stored import StoredCourse
from trainer.tests.tiny_base import make_base

OUTAGE_SECONDS = 20
AWAY = 5
"""Exit status of an attempt that has no store to leave a result in."""


class FaultTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(TemporaryDirectory()))
        cls.gateway = cls.enterClassContext(Gateway(cls.folder / "s3"))
        cls.base = make_base(cls.folder / "base")
        calm = cls.made("calm")
        assert calm.run(1) == 0, calm.result()
        cls.calm = calm

    @classmethod
    def made(cls, name: str, **hyper: int) -> StoredCourse:
        course = StoredCourse(cls.gateway, cls.folder / name, "small", "sft", cls.base)
        course.value["hyper"] |= hyper
        return course

    def assert_as_calm(self, course: StoredCourse) -> None:
        self.assertEqual((course.result() or {}).get("status"), "succeeded", course.result())
        self.assertEqual(course.steps(), self.calm.steps())
        self.assertEqual(course.checkpoint(), self.calm.checkpoint())

    def log(self, course: StoredCourse, attempt: int) -> str:
        return (course.read(f"attempt-{attempt}.log") or b"").decode()

    def test_a_store_that_is_killed_and_comes_back_is_waited_for(self) -> None:
        course = self.made("killed")
        process = course.start(1)
        course.reach(process, 60)
        self.gateway.kill()
        time.sleep(OUTAGE_SECONDS)
        self.assertIsNone(process.poll())
        self.gateway.start()
        self.assertEqual(ended(process), 0)
        self.assert_as_calm(course)
        self.assertIn("the store does not answer, and is waited for", self.log(course, 1))

    def test_a_store_that_hangs_is_waited_for(self) -> None:
        course = self.made("hanging")
        process = course.start(1)
        course.reach(process, 60)
        self.gateway.hold_up()
        time.sleep(OUTAGE_SECONDS)
        self.gateway.go_on()
        self.assertEqual(ended(process), 0)
        self.assert_as_calm(course)

    def test_asked_to_stop_while_the_store_is_away_it_ends_within_the_grace_and_the_next_goes_on(self) -> None:
        course = self.made("stopped")
        process = course.start(1)
        course.reach(process, 60)
        self.gateway.kill()
        process.send_signal(signal.SIGTERM)
        try:
            self.assertEqual(ended(process, GRACE_SECONDS), AWAY)
        finally:
            self.gateway.start()
        self.assertIsNone(course.result())
        self.assertEqual(course.run(2), 0)
        self.assert_as_calm(course)
        self.assertIn("on from step 50", self.log(course, 2))

    def test_a_slow_store_changes_nothing_but_the_time(self) -> None:
        straight, slow = self.made("straight", maxSteps=20), self.made("slow", maxSteps=20)
        self.assertEqual(straight.run(1), 0)
        with SlowRoad(self.gateway.port, 0.05) as road:
            slow.endpoint = f"http://127.0.0.1:{road.port}"
            self.assertEqual(slow.run(1), 0)
        self.assertEqual((slow.steps(), slow.checkpoint()), (straight.steps(), straight.checkpoint()))

    def test_a_ghost_of_a_lost_node_writes_nothing_once_its_successor_has_begun(self) -> None:
        course = self.made("ghost")
        ghost = course.start(1)
        self.addCleanup(ghost.kill)
        course.reach(ghost, 60)
        ghost.send_signal(signal.SIGSTOP)
        store.write(course.place.below("attempt"), b"2\n")
        course.move()
        # After a minute, in which the ghost has renewed nothing.
        self.assertEqual(course.run(2), 0)
        self.assert_as_calm(course)
        self.assertIn("was not renewed and is ours now", self.log(course, 2))
        written = course.result(), course.lines()
        ghost.send_signal(signal.SIGCONT)
        self.assertEqual(ended(ghost), STATUS)
        self.assertEqual((course.result(), course.lines()), written)

    def test_an_attempt_that_was_followed_makes_room_at_once(self) -> None:
        course = self.made("followed")
        first = course.start(1)
        course.reach(first, 60)
        store.write(course.place.below("attempt"), b"2\n")
        course.move()
        second = course.start(2)
        self.assertEqual(ended(first), STATUS)
        self.assertEqual(ended(second), 0)
        self.assert_as_calm(course)

    def test_a_second_copy_of_an_attempt_on_another_node_is_refused_and_changes_nothing(self) -> None:
        course = self.made("twice", maxSteps=100 * STEPS["sft"])
        first = course.start(1)
        course.reach(first, 60)
        course.move()
        self.assertEqual(course.run(1), 3)
        self.assertIsNone(course.result())
        first.terminate()
        self.assertEqual(ended(first, GRACE_SECONDS), 0)
        self.assertEqual((course.result() or {}).get("status"), "preempted")

    def test_what_is_not_in_the_store_or_is_another_is_said_by_its_address(self) -> None:
        course = self.made("wrong")
        address = course.value["initCheckpoint"]["uri"]
        status = course.run(1, initCheckpoint={"uri": address, "sha256": "0" * 64})
        self.assertEqual((status, course.result()["class"]), (1, "data"))
        self.assertIn(f"checkpoint {address} has digest", course.result()["message"])
        rows = {**course.value["datasets"][0], "uri": f"{address}/no-rows.jsonl", "sha256": "0" * 64}
        self.assertEqual((course.run(2, datasets=[rows]), course.result()["class"]), (1, "data"))
        self.assertIn(f"cannot read dataset {address}/no-rows.jsonl", course.result()["message"])


if __name__ == "__main__":
    unittest.main()
