"""Which folders of jobs a node keeps."""

import fcntl
import os
import time
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from trainer.contract.remote.leftovers import KEPT_SECONDS, clear_leftovers


class LeftoversTest(unittest.TestCase):
    def setUp(self) -> None:
        self.jobs = Path(self.enterContext(TemporaryDirectory()))

    def job(self, name: str, age: float) -> Path:
        folder = self.jobs / name
        (folder / "state").mkdir(parents=True)
        (folder / ".lock").touch()
        os.utime(folder / ".lock", (time.time() - age,) * 2)
        return folder

    def test_what_nobody_has_begun_to_work_in_for_a_week_goes_and_what_is_held_stays(self) -> None:
        own, old = self.job("own", 2 * KEPT_SECONDS), self.job("old", 2 * KEPT_SECONDS)
        fresh, held = self.job("fresh", KEPT_SECONDS / 2), self.job("held", 2 * KEPT_SECONDS)
        with open(held / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            clear_leftovers(own)
        self.assertEqual([folder.exists() for folder in (own, old, fresh, held)], [True, False, True, True])


if __name__ == "__main__":
    unittest.main()
