"""Checkpoints on their way to a store and from it: torn by a kill, fetched by two at once, changed on a node."""

import os
import subprocess
import sys
import textwrap
import time
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from trainer.contract.files import checkpoint_digest
from trainer.contract.remote import store
from trainer.contract.remote.placed import CHECKPOINTS
from trainer.tests.stores.gateway import Gateway, at
from trainer.tests.stores.slow_road import SlowRoad
from trainer.tests.stores.stored import put_base
from trainer.tests.support import ROOT
from trainer.tests.tiny_base import make_base

PATIENCE_SECONDS = 120


class TransferTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(TemporaryDirectory()))
        self.gateway = self.enterContext(Gateway(self.folder / "s3"))
        self.base = make_base(self.folder / "base")
        self.digest = checkpoint_digest(self.base)
        self.address = at("checkpoints", self.digest)

    def start(self, program: str, port: int | None = None) -> subprocess.Popen[str]:
        changes = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port or self.gateway.port}"}
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)],
            cwd=ROOT,
            env={**self.gateway.environment, **changes, "FLYWHEEL_CACHE": str(self.folder / "cache")},
            stderr=subprocess.PIPE,
            text=True,
        )

    def upload(self, port: int | None = None) -> subprocess.Popen[str]:
        return self.start(
            f"""
            from pathlib import Path
            from trainer.contract.remote import kept, roots
            roots.stand_for(Path({str(self.base)!r}), roots.parsed({str(self.address)!r}))
            kept.checkpoint_written(Path({str(self.base)!r}))
            """,
            port,
        )

    def fetch(self, port: int | None = None) -> subprocess.Popen[str]:
        return self.start(
            f"""
            import logging, sys
            logging.basicConfig(level=logging.INFO, stream=sys.stderr)
            from trainer.contract.job import Artifact
            from trainer.contract.remote.inputs import bring_checkpoint
            from trainer.contract.remote.placed import CHECKPOINTS, artifact
            value = artifact({{"uri": {str(self.address)!r}, "sha256": {self.digest!r}}}, CHECKPOINTS)
            bring_checkpoint(Artifact.model_validate(value))
            """,
            port,
        )

    def ended(self, process: subprocess.Popen[str]) -> str:
        words = process.communicate(timeout=PATIENCE_SECONDS)[1]
        self.assertEqual(process.returncode, 0, words)
        return words

    @property
    def here(self) -> Path:
        return self.folder / "cache" / CHECKPOINTS / self.digest

    def test_an_upload_that_was_torn_leaves_nothing_that_counts_and_the_next_completes_it(self) -> None:
        with SlowRoad(self.gateway.port, 0.3) as road:
            process = self.upload(road.port)
            while not (there := store.listed(self.address)) and process.poll() is None:
                time.sleep(0.01)
            process.kill()
            process.communicate()
        self.assertTrue(there)
        self.assertNotIn("config.json", store.listed(self.address))
        self.ended(self.upload())
        sizes = {path.name: path.stat().st_size for path in self.base.iterdir()}
        self.assertEqual(store.listed(self.address), sizes)
        # What is whole is left alone.
        before = store.read(self.address.below("config.json"))
        self.ended(self.upload())
        self.assertEqual(store.read(self.address.below("config.json")), before)

    def test_of_two_that_need_a_checkpoint_at_once_one_fetches_it(self) -> None:
        put_base(self.base)
        words = [self.ended(process) for process in [self.fetch(), self.fetch()]]
        self.assertEqual("".join(words).count("fetched checkpoint"), 1)
        self.assertEqual(checkpoint_digest(self.here), self.digest)
        self.assertNotIn("fetched checkpoint", self.ended(self.fetch()))

    def test_a_fetch_that_was_killed_leaves_nothing_under_the_digest_and_is_gone_on_with(self) -> None:
        put_base(self.base)
        with SlowRoad(self.gateway.port, 0.3) as road:
            process = self.fetch(road.port)
            draft = self.here.with_name(f".draft-{self.digest}")
            while not any(draft.glob("[!.]*.json*")) and process.poll() is None:
                time.sleep(0.01)
            process.kill()
            process.communicate()
        self.assertTrue(draft.exists())
        self.assertFalse(self.here.exists())
        self.ended(self.fetch())
        self.assertEqual(checkpoint_digest(self.here), self.digest)

    def test_a_cluster_is_proved_at_an_address_as_in_a_folder(self) -> None:
        place = at("doctor/one")
        command = ["-m", "trainer.cluster_probe", str(place), "http://127.0.0.1:9", "TOKEN"]
        first = subprocess.Popen([sys.executable, *command], cwd=ROOT, env={**os.environ, **self.gateway.environment})
        self.addCleanup(first.kill)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "seen.json" not in store.listed(place) and time.monotonic() < deadline:
            time.sleep(0.1)
        first.terminate()
        self.assertEqual(first.wait(PATIENCE_SECONDS), 0)
        second = subprocess.run([sys.executable, *command], cwd=ROOT, env={**os.environ, **self.gateway.environment})
        self.assertEqual(second.returncode, 0)
        self.assertEqual(list(store.listed(place)), ["resumed.json", "saved.json", "seen.json"])

    def test_a_checkpoint_that_was_changed_on_the_node_is_fetched_again(self) -> None:
        put_base(self.base)
        self.ended(self.fetch())
        (self.here / "config.json").write_text("{}")
        self.assertIn("fetched again", self.ended(self.fetch()))
        self.assertEqual(checkpoint_digest(self.here), self.digest)


if __name__ == "__main__":
    unittest.main()
