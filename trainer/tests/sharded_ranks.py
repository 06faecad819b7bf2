"""Ranks over a model that lies in parts on all of them (`fully_shard` on a CPU mesh): train, save, resume, export."""

import os
import sys

from trainer.distributed import die_with_parent, hand_back

WORDS = die_with_parent()

from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import torch  # noqa: E402
from torch.distributed.device_mesh import init_device_mesh  # noqa: E402
from torch.distributed.fsdp import fully_shard  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

from trainer.contract.checkpoints import export_checkpoint  # noqa: E402
from trainer.engines.trl.ranks import Ranks  # noqa: E402
from trainer.engines.trl.sharded import full_weights, load_state, save_state  # noqa: E402


def sharded(base: Path) -> tuple[Any, torch.optim.Optimizer]:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    mesh = init_device_mesh("cpu", (int(os.environ["WORLD_SIZE"]),))
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model, torch.optim.AdamW(model.parameters(), lr=1e-3)


def step(model: Any, optimizer: torch.optim.Optimizer, number: int) -> None:
    generator = torch.Generator().manual_seed(number)
    ids = torch.randint(8, model.config.vocab_size, (4, 12), generator=generator)
    half = ids.chunk(ranks.count)[ranks.number]
    model(input_ids=half, labels=half).loss.backward()
    optimizer.step()
    optimizer.zero_grad()


base, folder = Path(sys.argv[1]), Path(sys.argv[2])
ranks = Ranks(gpus=False)
torch.use_deterministic_algorithms(True)
calm, optimizer = sharded(base)
for number in range(4):
    step(calm, optimizer, number)
    if number == 1:
        save_state(folder / "state", calm, optimizer)
        ranks.meet()
resumed, optimizer = sharded(base)
load_state(folder / "state", resumed, optimizer)
for number in (2, 3):
    step(resumed, optimizer, number)
expected, weights = full_weights(calm), full_weights(resumed)
parts = sum(parameter.to_local().numel() for parameter in resumed.parameters())
outcome: dict[str, Any] = {}
if ranks.first:
    path, digest = export_checkpoint(resumed, base, folder / "checkpoints", weights)
    whole = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    outcome = {
        "digest": digest,
        "expected": export_checkpoint(calm, base, folder / "checkpoints", expected)[1],
        "same": all(torch.equal(weights[name], tensor) for name, tensor in whole.state_dict().items()),
        "parts": parts,
        "whole": sum(parameter.numel() for parameter in whole.parameters()),
        "files": len(list((folder / "state").glob("*.distcp"))),
    }
ranks.meet()
hand_back(WORDS, outcome)
# As rank.py ends: at the interpreter's own end gloo's threads may abort the process.
os._exit(0)
