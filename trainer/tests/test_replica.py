"""The launcher of a pool's replica: its record, its end, and that of its engine."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

ENGINE = [sys.executable, "-u", "-m", "http.server", "--bind", "{host}", "{port}"]


class ReplicaTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.record = Path(self.folder.name) / "below" / "address.json"
        self.launchers: list[subprocess.Popen[bytes]] = []

    def tearDown(self) -> None:
        for launcher in self.launchers:
            launcher.kill()
            launcher.wait()
            if launcher.stderr is not None:
                launcher.stderr.close()
        self.folder.cleanup()

    def launch(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "trainer.serving.replica", "--record", str(self.record), *words]
        launcher = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
        self.launchers.append(launcher)
        return launcher

    def told(self) -> dict:
        while not self.record.exists():
            time.sleep(0.02)
        return json.loads(self.record.read_text())

    def answer(self) -> int:
        told = self.told()
        while True:
            try:
                with urllib.request.urlopen(f"http://{told['host']}:{told['port']}/", timeout=5) as reply:
                    return reply.status
            except OSError:
                time.sleep(0.05)

    def test_an_engine_is_told_where_to_listen_and_the_record_says_it(self) -> None:
        self.launch("--", *ENGINE)
        self.assertEqual(self.answer(), 200)
        self.assertEqual(self.told()["host"], "127.0.0.1")

    def test_sigterm_is_handed_on_and_its_end_is_the_launchers(self) -> None:
        launcher = self.launch("--", *ENGINE)
        self.answer()
        launcher.send_signal(signal.SIGTERM)
        self.assertEqual(launcher.wait(20), 128 + signal.SIGTERM)

    def test_an_engine_that_ends_ends_its_launcher_with_its_status(self) -> None:
        self.assertEqual(self.launch("--", sys.executable, "-c", "raise SystemExit(7)").wait(20), 7)

    def test_an_engine_that_is_killed_ends_its_launcher(self) -> None:
        launcher = self.launch("--", *ENGINE)
        os.kill(self.told()["pid"], signal.SIGKILL)
        self.assertEqual(launcher.wait(20), 128 + signal.SIGKILL)

    @unittest.skipUnless(sys.platform == "linux", "Linux alone ends a child with its parent")
    def test_an_engine_ends_with_a_launcher_that_is_killed(self) -> None:
        launcher = self.launch("--", *ENGINE)
        self.answer()
        engine = self.told()["pid"]
        launcher.kill()
        launcher.wait()
        while Path(f"/proc/{engine}").exists() and " Z " not in Path(f"/proc/{engine}/stat").read_text():
            time.sleep(0.02)

    def test_a_program_that_is_not_there_is_named(self) -> None:
        launcher = self.launch("--", "no-such-engine", "{port}")
        self.assertEqual(launcher.wait(20), 127)
        assert launcher.stderr is not None
        self.assertIn("Expected no-such-engine to be a program", launcher.stderr.read().decode())
        self.assertFalse(self.record.exists())

    def test_ports_that_are_all_taken_are_named(self) -> None:
        self.launch("--", *ENGINE)
        port = self.told()["port"]
        self.answer()
        self.record.unlink()
        taken = self.launch("--ports", f"{port}-{port}", "--", *ENGINE)
        self.assertNotEqual(taken.wait(20), 0)
        assert taken.stderr is not None
        self.assertIn(f"one of the ports {port} to {port} of 127.0.0.1", taken.stderr.read().decode())


if __name__ == "__main__":
    unittest.main()
