"""Whole jobs over a model as hubs have them: it thinks, its embeddings are tied, its weights are bf16 in shards."""

import contextlib
import io
import json
import os
import shutil
import signal
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from safetensors.torch import load_file

from trainer import train
from trainer.contract.files import checkpoint_digest, sha256_of
from trainer.contract.progress import Progress
from trainer.contract.states import seal
from trainer.tests.reward_server import RewardServer
from trainer.tests.support import job_value
from trainer.tests.tiny_base import TAGS, TURN, make_thinking_base


class Job:
    """A job of the model, done in this process."""

    def __init__(self, folder: Path, kind: str):
        self.folder = folder
        base = make_thinking_base(folder / "base")
        # One row of the eight is longer than the others, and left out.
        # The service of the tests gives no reward for an empty answer.
        shares = {"maxLongRowShare": 0.125} | ({"maxUnscorableShare": 1} if kind == "grpo" else {})
        self.value = job_value(folder, kind, base, maxSteps=4, checkpointEverySteps=2, **shares)
        self.value["thinking"] = {"open": TAGS[0], "close": TAGS[1], "promptOpens": True}
        self.value["templateKwargs"] = {"prove": {"hard": True}}
        dataset = self.value["datasets"][0]
        rows = [json.loads(line) for line in (folder / "rows.jsonl").read_bytes().split(b"\n")[:-1]]
        rows[3]["prompt"][0]["content"] += " 1" * 80
        for row in rows[::2]:
            row["thinking"] = "L1 2 + 3"
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        dataset["sha256"] = sha256_of(folder / "rows.jsonl")
        self.rewards = RewardServer()
        if kind == "grpo":
            self.value["reward"]["url"] = self.rewards.url

    def run(self, attempt: int) -> dict[str, Any]:
        file = self.folder / "job.json"
        file.write_text(json.dumps({**self.value, "attempt": attempt}))
        train.main([str(file)])
        return json.loads((self.folder / "out" / "result.json").read_text())

    def seal(self, state: Path, progress: Progress) -> None:
        """As a job does, but a copy stays when the next one has it dropped."""
        seal(state, progress)
        shutil.copytree(state, self.folder / "kept" / state.name, dirs_exist_ok=True)

    def forget(self, newest: int) -> None:
        """Leaves the folder as a kill does that meets the job before it has a result, its newest state being this."""
        (self.folder / "out" / "result.json").unlink()
        shutil.rmtree(self.folder / "checkpoints")
        shutil.rmtree(self.folder / "out" / "state")
        name = f"checkpoint-{newest}"
        shutil.copytree(self.folder / "kept" / name, self.folder / "out" / "state" / name)


class ThinkingModelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.enterClassContext(mock.patch.dict(os.environ, {"TEST_REWARD_TOKEN": "secret"}))
        cls.enterClassContext(contextlib.redirect_stdout(io.StringIO()))
        previous = signal.getsignal(signal.SIGTERM)
        cls.addClassCleanup(signal.signal, signal.SIGTERM, previous)
        cls.jobs, cls.results = {}, {}
        for kind in ("grpo", "sft"):
            job = Job(Path(cls.enterClassContext(tempfile.TemporaryDirectory())), kind)
            with job.rewards, mock.patch("trainer.engines.small.common.seal", job.seal):
                first = job.run(1)
                job.forget(4)
                after_last = job.run(2)
                job.forget(2)
                from_middle = job.run(3)
            cls.jobs[kind], cls.results[kind] = job, [first, after_last, from_middle]

    def test_killed_after_its_last_state_or_before_it_comes_to_the_same_checkpoint(self) -> None:
        for kind, results in self.results.items():
            with self.subTest(kind):
                self.assertEqual([result["status"] for result in results], ["succeeded"] * 3, results)
                self.assertEqual(len({result["checkpoint"]["sha256"] for result in results}), 1)

    def test_the_checkpoint_is_tied_and_in_the_precision_of_its_base(self) -> None:
        for kind, results in self.results.items():
            with self.subTest(kind):
                path = Path(results[-1]["checkpoint"]["uri"].removeprefix("file://"))
                self.assertEqual(checkpoint_digest(path), results[-1]["checkpoint"]["sha256"])
                weights = load_file(path / "model.safetensors")
                self.assertNotIn("lm_head.weight", weights)
                self.assertEqual({tensor.dtype for tensor in weights.values()}, {torch.bfloat16})

    def test_the_row_that_was_left_out_is_named(self) -> None:
        for kind, results in self.results.items():
            with self.subTest(kind):
                self.assertEqual(results[0]["longRows"], {"count": 1, "items": ["row-3"]})
                asked = {item["itemId"] for items in self.jobs[kind].rewards.asked for item in items}
                self.assertNotIn("row-3", asked)

    def test_rewards_are_asked_for_the_answer_with_the_thinking_beside_it(self) -> None:
        items = [item for items in self.jobs["grpo"].rewards.asked for item in items]
        closed = [item for item in items if item["response"]]
        never = [item for item in items if item["truncated"] and not item["response"]]
        self.assertGreater(len(closed), 0)
        self.assertGreater(len(never), 0)
        for item in items:
            # What follows the tag that ends the thinking is the answer, whatever other tags it has.
            self.assertNotIn(TAGS[1], item.get("thinking", ""))
            self.assertNotIn("<eos>", item["response"])
        self.assertTrue(all("thinking" in item for item in never))
        lines = (self.jobs["grpo"].folder / "out" / "metrics.jsonl").read_bytes().split(b"\n")[:-1]
        for line in map(json.loads, lines):
            self.assertGreater(line["thinkingTokens"], 0)
            self.assertLessEqual(line["thinkingTokens"], line["completionTokens"])

    def test_every_end_token_of_the_list_ends_an_answer(self) -> None:
        items = [item for items in self.jobs["grpo"].rewards.asked for item in items]
        self.assertTrue(all(TURN not in item["response"] + item.get("thinking", "") for item in items))
        self.assertTrue(any(not item["truncated"] for item in items))


if __name__ == "__main__":
    unittest.main()
