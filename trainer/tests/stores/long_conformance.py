"""The six duties of trainer/contract/README.md where a job's store is S3: every engine, each trouble elsewhere."""

import functools
import unittest
from collections.abc import Callable
from pathlib import Path

from trainer.contract.remote import store
from trainer.tests import test_conformance
from trainer.tests.courses import Course
from trainer.tests.stores.gateway import Gateway, at
from trainer.tests.stores.stored import StoredCourse


class StoredConformanceTest(test_conformance.ConformanceTest):
    @classmethod
    def courses(cls, folder: Path) -> Callable[..., Course]:
        gateway = cls.enterClassContext(Gateway(folder / "s3"))
        return functools.partial(StoredCourse, gateway)

    def test_1_it_reads_the_job_file_alone_and_writes_in_its_own_two_folders(self) -> None:
        """And on its node in the cache alone, which is left without a state."""
        jobs = {name.split("/")[0] for name in store.listed(at("jobs"))}
        self.assertEqual(jobs, {course.place.key.split("/")[-1] for pair in self.pairs for course in pair.all()})
        for pair in self.pairs:
            with self.subTest(pair.name):
                self.assertEqual(pair.calm_status, 0, pair.calm.result())
                self.assertEqual(list(pair.calm.workplace.iterdir()), [])
                names = {entry.name for entry in pair.calm.folder.iterdir()}
                self.assertEqual(names, {"rows.jsonl", "workplace", "nodes"})
                cache = pair.calm.folder / "nodes" / "1"
                self.assertEqual({entry.name for entry in cache.iterdir()}, {"files", "datasets", "jobs", "locks"})
                kept = {entry.name for folder in (cache / "jobs").iterdir() for entry in folder.iterdir()}
                self.assertEqual(kept, {".lock", ".node"})

    def test_nothing_is_left_of_a_lease_and_each_attempt_has_left_its_log(self) -> None:
        for pair in self.pairs:
            with self.subTest(pair.name):
                names = {name for name in store.listed(pair.troubled.place) if "/" not in name}
                self.assertNotIn("lease.json", names)
                self.assertLessEqual({"attempt-2.log", "attempt-4.log"}, names)
                self.assertIn("on from step", (pair.troubled.read("attempt-4.log") or b"").decode())


if __name__ == "__main__":
    unittest.main()
