"""A rank of the engine trl whose completions are decided beforehand: equal ones by any number of ranks.

With FAKE_OUT_OF_MEMORY_ROWS in the environment, a pass over that many rows or more raises what torch raises on a GPU
whose memory runs out. It is a fake: nothing is out of memory.
"""

import os
import sys

from trainer.distributed import die_with_parent

WORDS = die_with_parent()

import hashlib  # noqa: E402
from typing import Any  # noqa: E402

import torch  # noqa: E402

from trainer.engines.trl import rank  # noqa: E402
from trainer.engines.trl.grpo import GrpoTraining  # noqa: E402
from trainer.engines.trl.internals import PassTrainer  # noqa: E402


def complete(self: GrpoTraining, prompts: list[list[int]], asked: int) -> tuple[list[list[int]], None]:
    """Words of the prompt's own, 2 to 13 of them, by its digest and the place in its group."""
    copies = self.run.job.hyper.group_size
    first = self.run.ranks.number * len(prompts)
    completions = []
    for place, ids in enumerate(prompts):
        digest = hashlib.sha256(f"{ids} {(first + place) % copies} {self.state.global_step}".encode()).digest()
        completions.append([ids[byte % len(ids)] for byte in digest[: 2 + digest[-1] % 12]] + [self.stop_ids[0]])
    return completions, None


learn = PassTrainer.learn


def learn_with_fake_memory(self: Any, model: Any, parts: list[Any], items: Any) -> torch.Tensor:
    limit = int(os.environ.get("FAKE_OUT_OF_MEMORY_ROWS", "1000000"))
    for _, rows, _ in parts:
        if len(rows) >= limit and self.run.ranks.number == self.run.ranks.count - 1:
            self.run.doing("in a pass", len(rows), len(rows) * 20)
            raise torch.OutOfMemoryError("a fake: CUDA out of memory")
    return learn(self, model, parts, items)


GrpoTraining.complete = complete
PassTrainer.learn = learn_with_fake_memory

if __name__ == "__main__":
    rank.main(sys.argv[1:], WORDS)
