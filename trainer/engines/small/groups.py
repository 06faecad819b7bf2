"""Log probabilities of grouped completions, with gradients, for a plain Llama.

GRPO samples many completions of each prompt; a forward pass over whole rows reads the prompt again for every one of
them, and that is most of a step where prompts are longer than answers. Here a group's prompt is read once, and no
padding is multiplied: tokens lie end to end for everything that is done token by token, and side by side for attention
alone. Equal to the model's own forward pass up to rounding (a test compares values and gradients).
"""

from functools import partial
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from trainer.contract.chances import LOGITS_AT_ONCE
from trainer.engines.small.llama import Shape

LOOKS_KEPT = 2**27
"""Weights of attention that are kept for the gradients, by all heads of all layers; more are computed again: they would
take most of a step's memory, and are some percent of its time."""


class Arrange(torch.autograd.Function):
    """Rows of `x` in the order of `places`; `places_back` is the inverse. A place of len(x) is a row of zeros."""

    @staticmethod
    def forward(context: Any, x: Tensor, places: Tensor, places_back: Tensor) -> Tensor:
        context.save_for_backward(places_back)
        return pick(x, places)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (places_back,) = context.saved_tensors
        return pick(gradient.contiguous(), places_back), None, None


def pick(x: Tensor, places: Tensor) -> Tensor:
    return functional.pad(x, (0, 0) * (x.dim() - 1) + (0, 1)).index_select(0, places)


class Normalize(torch.autograd.Function):
    """x divided by its root mean square, row by row."""

    @staticmethod
    def forward(context: Any, x: Tensor, epsilon: float) -> Tensor:
        scale = torch.rsqrt(torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(epsilon))
        y = x * scale
        context.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        y, scale = context.saved_tensors
        along = torch.linalg.vecdot(gradient, y).div_(-y.shape[-1]).unsqueeze(-1)
        return torch.addcmul(gradient, y, along).mul_(scale), None


class Gate(torch.autograd.Function):
    """silu(first half) · second half of each row."""

    @staticmethod
    def forward(context: Any, both: Tensor) -> Tensor:
        context.save_for_backward(both)
        gate, up = both.chunk(2, -1)
        return functional.silu(gate).mul_(up)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (both,) = context.saved_tensors
        gate, up = both.chunk(2, -1)
        result = torch.empty_like(both)
        for_gate, for_up = result.chunk(2, -1)
        share = torch.sigmoid(gate)
        silu = gate * share
        torch.mul(gradient, silu, out=for_up)
        # d silu = share + silu · (1 − share)
        torch.addcmul(silu, silu, share, value=-1, out=for_gate)
        for_gate.add_(share).mul_(up).mul_(gradient)
        return result


class Side:
    """Where tokens that lie end to end stand side by side: `rows` sequences of at most `columns` tokens."""

    def __init__(self, lengths: list[int]):
        self.rows, self.columns = len(lengths), max(lengths)
        counts = torch.tensor(lengths)
        self.total = int(counts.sum())
        row = torch.repeat_interleave(torch.arange(self.rows), counts)
        self.column = torch.arange(self.total) - torch.repeat_interleave(counts.cumsum(0) - counts, counts)
        self.places = row * self.columns + self.column
        self.back = torch.full((self.rows * self.columns,), self.total)
        self.back[self.places] = torch.arange(self.total)

    def apart(self, x: Tensor) -> Tensor:
        """[total, …] → [rows, columns, …], zeros where there is no token."""
        return Arrange.apply(x, self.back, self.places).unflatten(0, (self.rows, self.columns))

    def together(self, x: Tensor) -> Tensor:
        """[rows, columns, …] → [total, …]."""
        return Arrange.apply(x.flatten(0, 1), self.places, self.back)


class Groups:
    """The layout of one batch: `copies` completions of every prompt, neighbours; results are `width` tokens wide.

    Of each completion the first `unasked` tokens are read and not asked for.
    """

    def __init__(
        self, prompts: list[list[int]], completions: list[list[int]], width: int, unasked: list[int] | None = None
    ):
        self.copies = len(completions) // len(prompts)
        self.prompt = Side([len(prompt) for prompt in prompts])
        # The last token of a completion predicts nothing that is asked for.
        self.completion = Side([max(len(completion) - 1, 1) for completion in completions])
        inputs = [*prompts, *([*completion[:-1]] or completion for completion in completions)]
        self.ids = torch.tensor([token for sequence in inputs for token in sequence])
        starts = torch.tensor([len(prompt) for prompt in prompts]).repeat_interleave(self.copies)
        self.positions = torch.cat(
            [self.prompt.column, self.completion.column + starts[self.completion.places // self.completion.columns]]
        )
        # What each asked token is predicted from: the prompt's last token, or the completion's token before it.
        ends = torch.tensor([len(prompt) for prompt in prompts]).cumsum(0) - 1
        first = self.prompt.total
        sources = []
        skipped = unasked or [0] * len(completions)
        asked = [completion[skip:] for completion, skip in zip(completions, skipped, strict=True)]
        self.targets = torch.tensor([token for completion in asked for token in completion])
        self.asked = torch.zeros(len(completions), width, dtype=torch.bool)
        for index, (completion, skip) in enumerate(zip(completions, skipped, strict=True)):
            self.asked[index, skip : len(completion)] = True
            if skip == 0:
                sources.append(ends[index // self.copies].view(1))
            sources.append(torch.arange(first + max(skip - 1, 0), first + len(completion) - 1))
            first += max(len(completion) - 1, 1)
        self.sources = torch.cat(sources)
        self.looks = self.completion.rows * self.completion.columns * (self.prompt.columns + self.completion.columns)
        """Places that a head of attention has a weight for."""
        # No completion may look at the columns that fill up shorter prompts.
        self.beyond = torch.arange(self.prompt.columns) >= torch.tensor([len(prompt) for prompt in prompts]).view(
            -1, 1, 1, 1
        )


def log_probabilities(model: Any, shape: Shape, groups: Groups, temperature: float) -> tuple[Tensor, Tensor]:
    """Log probability of every completion token, and the entropy it was drawn from.

    Both [completions, width], 0 beyond a completion's end.
    """
    weights = dict(model.named_parameters())
    x = functional.embedding(groups.ids, weights["model.embed_tokens.weight"], model.get_input_embeddings().padding_idx)
    frequencies = shape.rope_theta ** (-torch.arange(0, shape.head_dim, 2, dtype=torch.float64) / shape.head_dim)
    angles = torch.outer(groups.positions.double(), frequencies)
    turn = torch.cat([angles, angles], -1).unsqueeze(1)
    cosines, sines = turn.cos().float(), turn.sin().float()
    prompts = groups.prompt.total
    heads, kv_heads, size = shape.heads, shape.kv_heads, shape.head_dim
    large = shape.layers * heads * groups.looks > LOOKS_KEPT
    attend = partial(checkpoint, attend_completions, use_reentrant=False) if large else attend_completions
    for index in range(shape.layers):
        layer = {name: weights[f"model.layers.{index}.{name}.weight"] for name in LAYER_WEIGHTS}
        projections = torch.cat([layer[f"self_attn.{name}_proj"] for name in "qkv"]) * layer["input_layernorm"]
        qkv = functional.linear(Normalize.apply(x, shape.epsilon), projections).unflatten(-1, (-1, size))
        turning, values = qkv.split([heads + kv_heads, kv_heads], 1)
        first, second = turning.chunk(2, -1)
        turned = turning * cosines + torch.cat([-second, first], -1) * sines
        queries, keys = turned.split([heads, kv_heads], 1)
        prompt_side = attend_prompts(groups, queries[:prompts], keys[:prompts], values[:prompts])
        completion_side = attend(groups, queries, keys, values)
        seen = torch.cat([groups.prompt.together(prompt_side), groups.completion.together(completion_side)])
        x = x + functional.linear(seen, layer["self_attn.o_proj"])
        gates = torch.cat([layer["mlp.gate_proj"], layer["mlp.up_proj"]]) * layer["post_attention_layernorm"]
        hidden = Gate.apply(functional.linear(Normalize.apply(x, shape.epsilon), gates))
        x = x + functional.linear(hidden, layer["mlp.down_proj"])
    head = weights["model.embed_tokens.weight"] if shape.tied else weights["lm_head.weight"]
    final = Normalize.apply(x.index_select(0, groups.sources), shape.epsilon)
    head = head * weights["model.norm.weight"]
    most = max(1, LOGITS_AT_ONCE // len(head))
    parts = list(zip(final.split(most), groups.targets.split(most), strict=True))
    read = partial(checkpoint, chances_in, use_reentrant=False) if len(parts) > 1 else chances_in
    said = [read(head, places, tokens, temperature) for places, tokens in parts]
    chosen, entropies = (torch.cat(each) for each in zip(*said, strict=True))
    return fill(groups.asked, chosen), fill(groups.asked, entropies)


def chances_in(head: Tensor, places: Tensor, tokens: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Log probability of each place's token, and the entropy there."""
    logs = functional.log_softmax(functional.linear(places, head) / temperature, -1)
    chosen = logs.gather(1, tokens.unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        entropies = -(logs.exp() * logs).sum(-1)
    return chosen, entropies


LAYER_WEIGHTS = (
    "input_layernorm",
    *(f"self_attn.{name}_proj" for name in "qkvo"),
    "post_attention_layernorm",
    *(f"mlp.{name}_proj" for name in ("gate", "up", "down")),
)


def fill(where: Tensor, values: Tensor) -> Tensor:
    return torch.zeros(where.shape, dtype=values.dtype).masked_scatter(where, values)


def attend_prompts(groups: Groups, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Causal attention within each prompt: [prompts, columns, heads · head_dim]."""
    side = groups.prompt
    q, k, v = (side.apart(x).transpose(1, 2) for x in (queries, keys, values))
    seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=q.shape[1] != k.shape[1])
    return seen.transpose(1, 2).flatten(2)


def attend_completions(groups: Groups, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention of completions to their group's prompt and to themselves: [completions, columns, heads · head_dim]."""
    prompts, copies, columns = groups.prompt.rows, groups.copies, groups.completion.columns
    edge = groups.prompt.total
    kv_heads, size = keys.shape[1:]
    share = queries.shape[1] // kv_heads
    # [prompts, kv_heads, copies · columns · share, size], and the same sorted by completion.
    q = groups.completion.apart(queries[edge:]).view(prompts, copies, columns, kv_heads, share, size)
    by_group = q.permute(0, 3, 1, 2, 4, 5).reshape(prompts, kv_heads, copies * columns * share, size)
    by_row = q.permute(0, 1, 3, 2, 4, 5).reshape(prompts * copies, kv_heads, columns * share, size)
    prompt_keys, prompt_values = (groups.prompt.apart(x[:edge]).transpose(1, 2) for x in (keys, values))
    own_keys, own_values = (groups.completion.apart(x[edge:]).transpose(1, 2) for x in (keys, values))
    to_prompt = torch.matmul(by_group * size**-0.5, prompt_keys.transpose(-1, -2)).masked_fill(
        groups.beyond, float("-inf")
    )
    to_prompt = (
        to_prompt.view(prompts, kv_heads, copies, columns * share, -1)
        .transpose(1, 2)
        .reshape(prompts * copies, kv_heads, columns * share, -1)
    )
    later = torch.ones(columns, columns, dtype=torch.bool).triu(1).repeat_interleave(share, 0)
    to_own = torch.matmul(by_row * size**-0.5, own_keys.transpose(-1, -2)).masked_fill(later, float("-inf"))
    weights = torch.softmax(torch.cat([to_prompt, to_own], -1), -1)
    on_prompt, on_own = weights.split([to_prompt.shape[-1], to_own.shape[-1]], -1)
    on_prompt = (
        on_prompt.view(prompts, copies, kv_heads, columns * share, -1)
        .transpose(1, 2)
        .reshape(prompts, kv_heads, copies * columns * share, -1)
    )
    from_prompt = (
        torch.matmul(on_prompt, prompt_values)
        .view(prompts, kv_heads, copies, columns, share, size)
        .permute(0, 2, 3, 1, 4, 5)
    )
    from_own = (
        torch.matmul(on_own, own_values).view(prompts, copies, kv_heads, columns, share, size).permute(0, 1, 3, 2, 4, 5)
    )
    return (from_prompt + from_own).reshape(prompts * copies, columns, -1)
