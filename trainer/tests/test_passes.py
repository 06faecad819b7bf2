"""How the engine trl reads a step: in passes by tokens, as many on all ranks; and what it does when memory runs out."""

import json
import random
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from trainer.contract.failures import JobFailure
from trainer.contract.job import parse_job
from trainer.engines.trl.memory import answered, micro_batch_tokens
from trainer.engines.trl.options import options_of
from trainer.engines.trl.passes import Length, dealt, longest, padded, part, plan
from trainer.tests.support import job_value


class PlanTest(unittest.TestCase):
    def test_every_row_is_read_once_within_the_tokens_and_all_ranks_have_as_many_rows_a_pass(self) -> None:
        draw = random.Random(5)
        for _ in range(200):
            ranks = [
                [Length(draw.randint(1, 40), draw.randint(1, 60)) for _ in range(12)] for _ in range(draw.randint(1, 4))
            ]
            tokens = draw.choice((1, 90, 200, 500, 10_000))
            plans = plan(ranks, tokens)
            self.assertEqual(len({tuple(map(len, passes)) for passes in plans}), 1)
            for rows, passes in zip(ranks, plans, strict=True):
                self.assertEqual(sorted(row for each in passes for row in each), list(range(12)))
                for each in passes:
                    self.assertTrue(len(each) == 1 or padded([rows[row] for row in each]) <= tokens)

    def test_a_step_that_fits_is_one_pass(self) -> None:
        self.assertEqual(plan([[Length(2, 3)] * 4, [Length(1, 5)] * 4], 24), [[[0, 1, 2, 3]], [[0, 1, 2, 3]]])

    def test_a_sampling_for_several_steps_is_dealt_so_that_each_step_has_its_rows(self) -> None:
        self.assertEqual(dealt(range(8), 4, 2, 2), [0, 1, 4, 5, 2, 3, 6, 7])
        self.assertEqual(dealt(range(8), 4, 2, 1), list(range(8)))

    def test_a_pass_is_trimmed_to_its_own_longest_prompt_and_completion(self) -> None:
        batch = {
            "prompt_ids": torch.tensor([[0, 0, 5], [1, 2, 3], [0, 7, 8]]),
            "completion_ids": torch.tensor([[9, 0, 0], [9, 9, 9], [9, 9, 0]]),
            "advantages": torch.tensor([1.0, 2.0, 3.0]),
            "importance_sampling_ratio": torch.ones(3, 1),
            "num_items_in_batch": torch.tensor(6),
        }
        taken = part(batch, [2, 0], longest([Length(2, 2), Length(1, 1)]))
        self.assertEqual(taken["prompt_ids"].tolist(), [[7, 8], [0, 5]])
        self.assertEqual(taken["completion_ids"].tolist(), [[9, 9], [9, 0]])
        self.assertEqual(taken["advantages"].tolist(), [3.0, 1.0])
        self.assertEqual(taken["importance_sampling_ratio"].shape, (2, 1))
        self.assertEqual(int(taken["num_items_in_batch"]), 6)


class MemoryTest(unittest.TestCase):
    def setUp(self) -> None:
        self.output = Path(self.enterContext(TemporaryDirectory()))

    def after(self, micro_batch: int, **notes: Any) -> JobFailure:
        return answered(
            self.output, micro_batch, {"doing": "sampling", "rows": 0, "tokens": 0, "longest": 80, **notes}, "OOM"
        )

    def test_a_pass_that_does_not_fit_is_answered_by_half_of_it_the_next_time(self) -> None:
        self.assertEqual(micro_batch_tokens(self.output, 1000), 1000)
        failure = self.after(1000, rows=8, tokens=640)
        self.assertEqual(failure.failure_class, "capacity")
        self.assertIn("8 rows of 640 tokens", str(failure))
        self.assertEqual(micro_batch_tokens(self.output, 1000), 320)
        self.assertEqual(self.after(320, rows=4, tokens=300).failure_class, "capacity")
        self.assertEqual(micro_batch_tokens(self.output, 1000), 150)

    def test_a_single_row_that_does_not_fit_needs_a_person(self) -> None:
        failure = self.after(100, rows=1, tokens=80)
        self.assertEqual(failure.failure_class, "app")
        self.assertIn("hyper.maxCompletionTokens", str(failure))
        self.assertEqual(micro_batch_tokens(self.output, 1000), 1000)

    def test_memory_that_runs_out_elsewhere_is_given_room_until_passes_are_of_a_row(self) -> None:
        self.assertEqual(self.after(1000).failure_class, "capacity")
        self.assertEqual(json.loads((self.output / "microbatch.json").read_text()), {"microBatchTokens": 500})
        failure = self.after(80)
        self.assertEqual(failure.failure_class, "app")
        self.assertIn("while sampling", str(failure))


class OptionsTest(unittest.TestCase):
    def refusal(self, kind: str = "grpo", gpus: int = 0, nodes: int = 1, hyper: Any = None, **options: Any) -> str:
        with TemporaryDirectory() as folder:
            value = job_value(Path(folder), kind, **(hyper or {}))
        value |= {"engine": "trl", "engineOptions": options}
        value["resources"] |= {"gpusPerNode": gpus, "nodes": nodes}
        with self.assertRaises(JobFailure) as caught:
            options_of(parse_job(value))
        self.assertEqual(caught.exception.failure_class, "app")
        return str(caught.exception)

    def test_what_cannot_be_is_refused_by_its_name(self) -> None:
        for said, refusal in (
            ("engineOptions.noSuchOption is not a known field", self.refusal(noSuchOption=1)),
            ("engineOptions.lora.rank to be at least 1", self.refusal(lora={"rank": 0})),
            ("engineOptions.sampling.memoryShare", self.refusal(sampling={"by": "vllmColocate", "memoryShare": 2})),
            ("engineOptions.sharding needs GPUs", self.refusal(sharding="fsdp2")),
            ("engineOptions.sampling.by needs GPUs", self.refusal(sampling={"by": "vllmColocate"})),
            ("resources.nodes to be 1", self.refusal(nodes=2)),
            ("at most resources.gpusPerNode 2, got 3", self.refusal(gpus=2, processesPerNode=3)),
            ("hyper.promptsPerStep · hyper.groupSize to be divisible by the 3", self.refusal(processesPerNode=3)),
            ("hyper.rowsPerStep to be divisible by the 3", self.refusal("sft", processesPerNode=3)),
            (
                "hyper.variant.resampleFlat, to be divisible by the 8",
                self.refusal(processesPerNode=8, hyper={"variant": {"resampleFlat": 1}}),
            ),
        ):
            self.assertIn(said, refusal)


if __name__ == "__main__":
    unittest.main()
