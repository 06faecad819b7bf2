"""Ranks that are started, watched and ended together, whatever becomes of one of them."""

import os
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from trainer.contract.attempt import StopRequest
from trainer.contract.failures import JobFailure, Preempted
from trainer.distributed import run_ranks
from trainer.tests.support import ROOT


def alive(folder: Path) -> list[int]:
    """Processes that were given this folder, but this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            gone = (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if not gone and b"trainer.tests.toy_rank" in words and str(folder).encode() in words:
            found.append(int(process.name))
    return found


class RanksTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(TemporaryDirectory()))
        self.stop = StopRequest()

    def run_toys(self, what: str, count: int = 2) -> dict[str, Any]:
        return run_ranks(("trainer.tests.toy_rank", what, str(self.folder)), count, self.folder, self.stop)

    def test_a_ranks_place_is_what_its_parent_says_whatever_the_environment_says(self) -> None:
        outside = {
            "RANK": "5",
            "WORLD_SIZE": "64",
            "MASTER_ADDR": "10.0.0.1",
            "ACCELERATE_USE_FSDP": "1",
            "NODE_RANK": "3",
        }
        with mock.patch.dict(os.environ, outside):
            place = self.run_toys("place")["place"]
        inside = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
        self.assertEqual(place, {**inside, "ACCELERATE_USE_FSDP": None, "NODE_RANK": None})

    def test_a_killed_rank_ends_the_others_and_is_named_with_its_signal(self) -> None:
        with self.assertRaises(JobFailure) as caught:
            self.run_toys("killed")
        self.assertEqual(caught.exception.failure_class, "infra")
        self.assertIn("rank 1 of 2 was killed by SIGKILL", str(caught.exception))
        self.assertEqual(alive(self.folder), [])

    def test_a_rank_that_ends_without_a_word_is_named(self) -> None:
        with self.assertRaises(JobFailure) as caught:
            self.run_toys("mute")
        self.assertIn("rank 1 of 2 ended with status 3", str(caught.exception))

    def test_of_several_failures_the_first_counts(self) -> None:
        with self.assertRaises(JobFailure) as caught:
            self.run_toys("fails")
        self.assertEqual((caught.exception.failure_class, str(caught.exception)), ("infra", "the disk is full"))
        self.assertEqual(caught.exception.notes, {"rows": 1})

    def test_a_request_to_stop_goes_to_all_ranks(self) -> None:
        def ask() -> None:
            while len(alive(self.folder)) < 2:
                time.sleep(0.01)
            self.stop.asked = True

        threading.Thread(target=ask, daemon=True).start()
        with self.assertRaises(Preempted) as caught:
            self.run_toys("stops")
        self.assertEqual(caught.exception.args, (7,))

    def test_ranks_end_with_their_parent_and_no_other_attempt_starts_before(self) -> None:
        source = (
            "import sys; from pathlib import Path; from trainer.contract.attempt import StopRequest; "
            "from trainer.distributed import run_ranks; folder = Path(sys.argv[1]); "
            "run_ranks(('trainer.tests.toy_rank', 'waits', sys.argv[1]), 2, folder, StopRequest())"
        )
        command = [sys.executable, "-c", source, str(self.folder)]
        parent = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            while len(alive(self.folder)) < 2:
                self.assertIsNone(parent.poll())
                time.sleep(0.01)
        finally:
            parent.kill()
            parent.wait()
        self.run_toys("place")
        self.assertEqual(alive(self.folder), [])


if __name__ == "__main__":
    unittest.main()
