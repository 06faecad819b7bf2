"""What a model makes of given tokens, a part of the places at a time, where all of their logits would be too many.

A row of 65,536 tokens has 13 GB of them over a vocabulary of 49,152, and its gradient as much again. Here the model's
head gives two numbers a place instead, within its own pass, so that whatever wraps the model (DDP, FSDP2) sees one; the
logits of a part are computed anew for its gradient.
"""

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint
from trl.trainer.utils import entropy_from_logits, selective_log_softmax

LOGITS_AT_ONCE = 2**26
"""256 MB of them, as much of their softmax, and twice that with the gradient. Ours."""
SCALED = ("final_logit_softcapping", "logit_scale", "logits_scaling")
"""Fields of a config by which a model changes its logits after its head."""


def too_many(model: Any, rows: int, places: int) -> bool:
    """Whether the logits of so many places are to be had in parts alone, and can be. `model`: without what wraps it."""
    config = model.config.get_text_config()
    plain = all(getattr(config, field, None) in (None, 1, 1.0) for field in SCALED)
    return plain and rows * (places + 1) * config.vocab_size > LOGITS_AT_ONCE


def token_chances(
    model: Any, head: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor, count: int, temperature: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Log probabilities of each row's last `count` tokens, and the entropies where they stand, without a gradient.

    `head` is the model's output layer; `model` may be wrapped.
    """
    following = torch.nn.functional.pad(ids[:, 1:], (0, 1))[:, -count - 1 :]
    with in_parts(head, following, temperature):
        said = model(input_ids=ids, attention_mask=mask, logits_to_keep=count + 1, use_cache=False).logits
    chances, entropies = said[:, :-1].unbind(-1)
    return chances, entropies.detach()


@contextlib.contextmanager
def in_parts(head: torch.nn.Module, following: torch.Tensor, temperature: float) -> Iterator[None]:
    """Has the head answer with the log probability of the token that follows each place, and the entropy there."""
    logits_of, patched = head.forward, head.__dict__.get("forward")

    def part(hidden: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        logits = logits_of(hidden).float() / temperature
        with torch.no_grad():
            entropies = entropy_from_logits(logits)
        return torch.stack([selective_log_softmax(logits, tokens), entropies], -1)

    def forward(hidden: torch.Tensor) -> torch.Tensor:
        places = max(1, LOGITS_AT_ONCE // head.weight.shape[0])
        pairs = zip(hidden.flatten(0, 1).split(places), following.flatten().split(places), strict=True)
        read = partial(checkpoint, part, use_reentrant=False) if torch.is_grad_enabled() else part
        return torch.cat([read(*pair) for pair in pairs]).unflatten(0, following.shape)

    head.forward = forward
    try:
        yield
    finally:
        if patched is None:
            del head.forward
        else:
            head.forward = patched
