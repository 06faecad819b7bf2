"""States and weights of a model that lies whole on every rank, or in parts over all (`fully_shard`), alike.

States are torch.distributed's checkpoints, which other numbers of ranks may read as well.
"""

from pathlib import Path
from typing import Any

import torch
from torch import distributed
from torch.distributed import checkpoint
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

# Frozen weights are those of the initial checkpoint.
TRAINED = StateDictOptions(ignore_frozen_params=True, strict=False)
WEIGHTS, OPTIMIZER = "weights", "optimizer"


def save_state(folder: Path, model: Any, optimizer: torch.optim.Optimizer) -> None:
    """What is trained of a model, and its optimizer's state; all ranks together."""
    state = {
        WEIGHTS: get_model_state_dict(model, options=TRAINED),
        OPTIMIZER: get_optimizer_state_dict(model, optimizer, options=TRAINED),
    }
    checkpoint.save(state, checkpoint_id=folder, no_dist=not distributed.is_initialized())


def load_state(folder: Path, model: Any, optimizer: torch.optim.Optimizer | None) -> None:
    """Into the model and its optimizer where one is given; all ranks together."""
    no_dist = not distributed.is_initialized()
    state: dict[str, Any] = {WEIGHTS: get_model_state_dict(model, options=TRAINED)}
    if optimizer is not None:
        state[OPTIMIZER] = get_optimizer_state_dict(model, optimizer, options=TRAINED)
    checkpoint.load(state, checkpoint_id=folder, no_dist=no_dist)
    set_model_state_dict(model, state[WEIGHTS], options=TRAINED)
    if optimizer is not None:
        set_optimizer_state_dict(model, optimizer, state[OPTIMIZER], options=TRAINED)


def full_weights(model: Any) -> dict[str, torch.Tensor]:
    """All weights, whole, on the CPU of the first rank; nothing on others. All ranks together.

    Tied weights stay one.
    """
    weights = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    names: dict[int, str] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        bare = name.removeprefix("module.")
        first = names.setdefault(id(parameter), bare)
        if first != bare and first in weights:
            weights[bare] = weights[first]
    return weights
