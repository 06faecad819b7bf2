"""Job files with addresses of a store: what stands for what on a node, and what of an error is an outage."""

import os
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from trainer.contract.failures import JobFailure
from trainer.contract.job import parse_job
from trainer.contract.remote import patience, roots
from trainer.contract.remote.placed import placed
from trainer.contract.remote.roots import Address
from trainer.tests.support import job_value

DIGEST, OTHER = "a" * 64, "b" * 64


class StoreCase(unittest.TestCase):
    def setUp(self) -> None:
        self.enterContext(mock.patch.dict(os.environ, {"FLYWHEEL_CACHE": "/node/cache"}))
        self.enterContext(mock.patch.object(roots, "roots", []))


class PlacedTest(StoreCase):
    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.enterContext(TemporaryDirectory()))
        self.value = job_value(folder)
        self.local = job_value(folder)
        self.value["initCheckpoint"] = {"uri": f"s3://bucket/team/checkpoints/{DIGEST}", "sha256": DIGEST}
        self.value["datasets"][0] |= {"uri": "s3://bucket/team/laps/rows.jsonl", "sha256": OTHER}
        self.value["output"] = {"uri": "s3://bucket/team/jobs/main/v1", "checkpoints": "s3://bucket/team/checkpoints"}

    def test_an_engine_reads_files_whatever_the_store(self) -> None:
        job = parse_job(placed(self.value))
        self.assertEqual(job.init_checkpoint.path, Path("/node/cache/files/checkpoints") / DIGEST)
        self.assertEqual(job.datasets[0].path, Path("/node/cache/datasets") / OTHER)
        self.assertEqual(job.output.checkpoints, Path("/node/cache/files/checkpoints"))
        self.assertEqual(job.output.folder.parent, Path("/node/cache/jobs"))

    def test_what_lies_below_a_folder_of_the_store_has_its_address(self) -> None:
        job = parse_job(placed(self.value))
        output, made = job.output.folder, job.output.checkpoints / OTHER
        self.assertEqual(roots.uri_of(output / "state/x"), "s3://bucket/team/jobs/main/v1/state/x")
        self.assertEqual(roots.uri_of(made), f"s3://bucket/team/checkpoints/{OTHER}")
        self.assertEqual(roots.uri_of(Path("/elsewhere/x")), "file:///elsewhere/x")
        said = roots.by_address(f"cannot read dataset {job.datasets[0].path} of {made}")
        self.assertEqual(
            said, f"cannot read dataset s3://bucket/team/laps/rows.jsonl of s3://bucket/team/checkpoints/{OTHER}"
        )

    def test_equal_addresses_are_one_folder_and_others_are_others(self) -> None:
        first, again = placed(self.value), placed(self.value)
        self.value["output"]["uri"] += "2"
        other = placed(self.value)
        self.assertEqual(first["output"], again["output"])
        self.assertNotEqual(first["output"]["uri"], other["output"]["uri"])

    def test_a_job_of_folders_is_left_as_it_is(self) -> None:
        self.assertEqual(placed(self.local), self.local)
        self.assertEqual(roots.roots, [])

    def test_what_is_no_address_is_refused_by_its_field(self) -> None:
        for uri in ("s3://bucket", "s3:///key", "https://bucket/key", 7):
            with self.subTest(uri), self.assertRaisesRegex(JobFailure, "expected initCheckpoint.uri to be an absolute"):
                parse_job(placed({**self.value, "initCheckpoint": {"uri": uri, "sha256": DIGEST}}))
        with self.assertRaisesRegex(JobFailure, "expected initCheckpoint.sha256 to be a text matching"):
            parse_job(placed({**self.value, "initCheckpoint": {"uri": "s3://bucket/key", "sha256": "../x"}}))

    def test_processes_that_a_job_starts_know_its_folders(self) -> None:
        job = parse_job(placed(self.value))
        known = list(roots.roots)
        roots.roots.clear()
        roots.inherit()
        self.assertEqual(roots.roots, known)
        self.assertIsNotNone(roots.address_of(job.output.folder))


class PatienceTest(StoreCase):
    def refused(self, status: int, code: str) -> ClientError:
        return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")

    def test_silence_and_trouble_of_the_store_are_an_outage_and_a_refusal_is_none(self) -> None:
        waits = [self.refused(500, "InternalError"), self.refused(503, "SlowDown"), ConnectionResetError()]
        waits += [self.refused(409, "ConditionalRequestConflict"), EndpointConnectionError(endpoint_url="x")]
        ends = [self.refused(403, "AccessDenied"), self.refused(404, "NoSuchBucket"), NoCredentialsError(), KeyError()]
        for error in waits:
            self.assertTrue(patience.is_outage(error), error)
        for error in ends:
            self.assertFalse(patience.is_outage(error), error)

    def test_a_refusal_ends_the_job_and_says_what_to_see_to(self) -> None:
        for error, failure_class, words in (
            (self.refused(403, "AccessDenied"), "app", "credentials"),
            (self.refused(400, "ExpiredToken"), "infra", "ExpiredToken"),
            (NoCredentialsError(), "app", "AWS_ACCESS_KEY_ID"),
        ):
            with self.subTest(words), self.assertRaisesRegex(JobFailure, words) as caught:
                patience.waited("write x", mock.Mock(side_effect=error))
            self.assertEqual(caught.exception.failure_class, failure_class)

    def test_who_does_not_wait_is_told_that_the_store_is_away(self) -> None:
        with self.assertRaisesRegex(patience.Away, "cannot write x: the store does not answer"):
            patience.waited("write x", mock.Mock(side_effect=ConnectionResetError()), waits=False)


class AddressTest(unittest.TestCase):
    def test_an_address_has_a_bucket_and_a_key(self) -> None:
        self.assertEqual(roots.parsed("s3://bucket/a/b/"), Address("bucket", "a/b"))
        self.assertEqual(str(Address("bucket", "a").below("b")), "s3://bucket/a/b")
        for uri in ("s3://bucket/", "file:///a", "/a/s3://b/c", None):
            self.assertIsNone(roots.parsed(uri))


if __name__ == "__main__":
    unittest.main()
