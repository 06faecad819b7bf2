"""Sampling from a Llama: how a token is drawn, and whole batches of completions for training."""

from collections.abc import Sequence

import numpy
import torch
from torch import Tensor

from trainer.engines.small.llama import FEWEST_ROWS, Cache, Llama, columns_for


def draw(logits: Tensor, temperatures: Tensor | float, uniforms: Tensor, top_p: Tensor | None = None) -> Tensor:
    """Draws a token per row by inverting the cumulative distribution in float64 at the row's uniform number.

    Temperature 0 takes the likeliest token. `top_p` [n] keeps the fewest likeliest tokens that reach that mass.
    """
    scores = logits.double()
    if isinstance(temperatures, Tensor):
        greedy = temperatures == 0
        scores = scores / torch.where(greedy, 1.0, temperatures).unsqueeze(1)
    else:
        greedy = None
        scores = scores / temperatures
    chances = torch.softmax(scores, -1)
    if top_p is not None:
        ranked, order = chances.sort(dim=-1, descending=True, stable=True)
        beyond = ranked.cumsum(-1) - ranked >= top_p.unsqueeze(1)
        chances = chances.masked_fill(torch.zeros_like(beyond).scatter_(1, order, beyond), 0.0)
    totals = chances.cumsum(-1)
    tokens = (
        torch.searchsorted(totals, (uniforms * totals[:, -1]).unsqueeze(1), right=True)
        .squeeze(1)
        .clamp_(max=logits.shape[1] - 1)
    )
    return tokens if greedy is None else torch.where(greedy, logits.argmax(-1), tokens)


# Prompts read at once: more do not fit a core's cache, and are slower for it.
PREFILL_ROWS = 16


@torch.inference_mode()
def sample(
    llama: Llama,
    prompts: Sequence[Sequence[int]],
    copies: int,
    uniforms: numpy.ndarray,
    temperature: float,
    stop_ids: Sequence[int],
) -> list[list[int]]:
    """`copies` completions of every prompt, neighbours in the result.

    Each goes up to and including a stop id, or has `uniforms.shape[1]` tokens. `uniforms` [len(prompts) · copies,
    tokens] decide every draw, so that equal weights and uniforms give equal completions.
    """
    total = len(prompts) * copies
    most = uniforms.shape[1]
    longest = max(len(prompt) for prompt in prompts) + most
    if longest > llama.shape.max_context:
        raise ValueError(f"expected prompts and completions of at most {llama.shape.max_context} tokens, got {longest}")
    device = llama.device
    cache = Cache(llama.shape, max(total, FEWEST_ROWS), longest, device)
    first = torch.empty(len(prompts), llama.shape.vocab, device=device)
    for start in range(0, len(prompts), PREFILL_ROWS):
        chunk = prompts[start : start + PREFILL_ROWS]
        first[start : start + len(chunk)] = llama.prefill(
            chunk, cache, [copies * index for index in range(start, start + len(chunk))]
        )
        columns = columns_for(max(len(prompt) for prompt in chunk))
        for layer in cache.layers:
            rows = layer[:, start * copies : (start + len(chunk)) * copies].unflatten(1, (len(chunk), copies))
            rows[:, :, 1:, :, :columns] = rows[:, :, :1, :, :columns]
        masks = cache.mask[start * copies : (start + len(chunk)) * copies].unflatten(0, (len(chunk), copies))
        masks[:, 1:] = masks[:, :1]
    chances = torch.from_numpy(uniforms).to(device)
    sampled = torch.zeros(total, most, dtype=torch.int64, device=device)
    stops = torch.tensor(list(stop_ids), device=device)
    # Row r of the cache works on completion owner[r]; finished rows are filled from the end.
    owner = torch.arange(total, device=device)
    positions = torch.tensor([len(prompt) for prompt in prompts], device=device).repeat_interleave(copies)
    furthest = int(positions.max())
    logits = first.repeat_interleave(copies, 0)
    lengths_done = torch.full((total,), most, device=device)
    for index in range(most):
        tokens = draw(logits[: owner.shape[0]], temperature, chances[owner, index])
        sampled[owner, index] = tokens
        ended = torch.isin(tokens, stops)
        if bool(ended.any()):
            lengths_done[owner[ended]] = index + 1
            owner, positions, tokens = drop(ended, owner, positions, tokens, cache, furthest + index)
        if owner.shape[0] == 0 or index + 1 == most:
            break
        count = max(owner.shape[0], FEWEST_ROWS)
        idle = count - owner.shape[0]
        logits = llama.step(
            torch.nn.functional.pad(tokens, (0, idle)),
            torch.nn.functional.pad(positions, (0, idle)),
            cache,
            columns_for(furthest + index + 1),
        )
        positions = positions + 1
    return [ids[:length] for ids, length in zip(sampled.tolist(), lengths_done.tolist(), strict=True)]


def drop(
    ended: Tensor, owner: Tensor, positions: Tensor, tokens: Tensor, cache: Cache, length: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Moves the last living rows over the ended ones, so that the living are the first rows of the cache."""
    living = int((~ended).sum())
    holes = torch.nonzero(ended[:living]).flatten().tolist()
    movers = (torch.nonzero(~ended[living:]).flatten() + living).tolist()
    for hole, mover in zip(holes, movers, strict=True):
        cache.move(mover, hole, length)
        owner[hole], positions[hole], tokens[hole] = owner[mover], positions[mover], tokens[mover]
    return owner[:living], positions[:living], tokens[:living]
