"""A Llama decoder for many short rows at once: static key-value rows, fused projections, few operations a token.

What a row computes depends on that row alone, bit for bit, however many others are beside it (tests hold it to that on
the CPU): every row's keys start at column 0, row counts are kept off the matrix kernels' small special cases, and the
columns read are a multiple of 32.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
import torch.nn.functional as functional
from torch import Tensor

from trainer.engines.small.shape import Shape, weights_in

# Fewer rows than this take other matrix kernels, whose sums are in another order.
FEWEST_ROWS = 8
# Columns are read in multiples of this, so that sums over them are grouped alike.
COLUMN_BLOCK = 32


# Numbers of a cache whose memory is taken as rows are written, not at once: a gibibyte as float32.
LARGE = 2**28


def untouched(size: tuple[int, ...]) -> Tensor:
    """Zeros that take no memory until they are written, aligned as torch's own."""
    count = math.prod(size)
    raw = numpy.zeros(count + 16, numpy.float32)
    start = -raw.ctypes.data % 64 // raw.itemsize
    return torch.from_numpy(raw[start : start + count]).view(size)


def columns_for(length: int) -> int:
    """Columns to read for that many tokens."""
    return -(-length // COLUMN_BLOCK) * COLUMN_BLOCK


@dataclass
class Layer:
    qkv: Tensor
    """[(heads + 2 kv_heads) · head_dim, width], norm weight and score scale folded in, q and k rows in rotary pairs."""
    bias: Tensor | None
    """[(heads + 2 kv_heads) · head_dim], in the order of `qkv`."""
    head_norm: Tensor | None
    """[heads + kv_heads, head_dim], in that order: norm weights of queries and keys, score scale folded in."""
    out: Tensor
    """[heads · head_dim, width], transposed."""
    gate_up: Tensor
    """[2 · hidden, width], norm weight folded in."""
    down: Tensor
    """[hidden, width], transposed."""


class Cache:
    """Key-value rows: per layer [2, rows, kv_heads, columns, head_dim], and which columns each row may read."""

    def __init__(self, shape: Shape, rows: int, columns: int, device: torch.device):
        self.rows = rows
        # One block more than asked where that avoids rows a power of two apart, which would share few cache lines.
        blocks = -(-columns // COLUMN_BLOCK)
        self.columns = COLUMN_BLOCK * (blocks + (blocks % 2 == 0))
        self.kv_heads = shape.kv_heads
        size = (2, rows, shape.kv_heads, self.columns, shape.head_dim)
        large = device.type == "cpu" and shape.layers * math.prod(size) > LARGE
        self.layers = [untouched(size) if large else torch.zeros(size, device=device) for _ in range(shape.layers)]
        # Added to scores: 0 where a row may look, -inf elsewhere; repeated per head so that no step has to expand it.
        self.mask = torch.full((rows, shape.kv_heads, self.columns), float("-inf"), device=device)
        self.mask[:, :, 0] = 0.0
        self.every_row = torch.arange(rows, device=device)

    def move(self, source: int, target: int, columns: int) -> None:
        """Copies one row's first columns over another row."""
        columns = min(columns_for(columns), self.columns)
        for layer in self.layers:
            layer[:, target, :, :columns] = layer[:, source, :, :columns]
        self.mask[target] = self.mask[source]


class Llama:
    """The forward pass over weights named as in transformers' LlamaForCausalLM."""

    def __init__(
        self,
        shape: Shape,
        weights: Mapping[str, Tensor],
        device: torch.device | str = "cpu",
    ):
        self.shape = shape
        self.device = torch.device(device)
        pairs = torch.stack(
            [torch.arange(shape.head_dim // 2), torch.arange(shape.head_dim // 2) + shape.head_dim // 2], 1
        ).flatten()
        self.pairs = pairs.to(self.device)
        angles = torch.outer(torch.arange(shape.max_context, dtype=torch.float64), shape.frequencies())
        self.turns = torch.polar(torch.ones_like(angles), angles).to(torch.complex64).unsqueeze(1).to(self.device)
        self.load(weights)

    @staticmethod
    def from_folder(folder: Path, device: torch.device | str = "cpu") -> "Llama":
        """Loads an HF folder. Raises OtherDecoder, or ValueError where a file cannot be read."""
        shape = Shape.of(json.loads((folder / "config.json").read_text(encoding="utf-8")))
        return Llama(shape, weights_in(folder), device)

    @property
    def vocab(self) -> int:
        return self.shape.vocab

    @property
    def max_context(self) -> int:
        return self.shape.max_context

    def new_cache(self, rows: int, columns: int) -> Cache:
        return Cache(self.shape, rows, columns, self.device)

    def row_bytes(self, columns: int) -> int:
        shape = self.shape
        return 2 * shape.layers * shape.kv_heads * shape.head_dim * columns * torch.float32.itemsize

    @torch.no_grad()
    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Takes over weights; called again after each training step."""
        shape = self.shape

        def take(name: str) -> Tensor:
            return weights[name].detach().to(self.device, torch.float32)

        self.layers = [self.layer(f"model.layers.{index}.", take) for index in range(shape.layers)]
        embed = take("model.embed_tokens.weight")
        head = embed if shape.tied or "lm_head.weight" not in weights else take("lm_head.weight")
        self.embed = embed
        self.head = head * take("model.norm.weight")

    def layer(self, prefix: str, take: Callable[[str], Tensor]) -> Layer:
        shape = self.shape
        scale = shape.head_dim**-0.5
        # A norm undoes the scale of what it is given: where heads have norms, the scale is theirs.
        turning = (("q_proj", shape.heads, 1 if shape.qk_norm else scale), ("k_proj", shape.kv_heads, 1))

        def projected(part: str) -> Tensor:
            turned = [
                self.in_pairs(take(f"{prefix}self_attn.{name}.{part}"), heads) * by for name, heads, by in turning
            ]
            return torch.cat([*turned, take(f"{prefix}self_attn.v_proj.{part}")])

        def norms() -> Tensor:
            queries, keys = (take(f"{prefix}self_attn.{name}_norm.weight")[self.pairs] for name in "qk")
            return torch.cat([(queries * scale).expand(shape.heads, -1), keys.expand(shape.kv_heads, -1)])

        gate_up = torch.cat([take(prefix + "mlp.gate_proj.weight"), take(prefix + "mlp.up_proj.weight")])
        return Layer(
            projected("weight") * take(prefix + "input_layernorm.weight"),
            projected("bias") if shape.qkv_bias else None,
            norms() if shape.qk_norm else None,
            take(prefix + "self_attn.o_proj.weight").t().contiguous(),
            gate_up * take(prefix + "post_attention_layernorm.weight"),
            take(prefix + "mlp.down_proj.weight").t().contiguous(),
        )

    def in_pairs(self, weight: Tensor, heads: int) -> Tensor:
        """Reorders each head's rows so that the two halves that rotate together are neighbours."""
        return weight.view(heads, self.shape.head_dim, -1)[:, self.pairs].reshape(weight.shape)

    def scale(self, x: Tensor) -> Tensor:
        """1 / root mean square of each row; the norms' weights are folded into what follows them."""
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        return torch.rsqrt(length.square_().div_(x.shape[-1]).add_(self.shape.epsilon))

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[Sequence[int]], cache: Cache, rows: Sequence[int]) -> Tensor:
        """Reads prompts into cache rows; logits [n, vocab] after each prompt's last token.

        Prompts lie end to end for the matrix products, so that none pays for a longer neighbour, and side by side for
        attention.
        """
        shape = self.shape
        device = self.device
        lengths = [len(prompt) for prompt in prompts]
        count, total, columns = len(prompts), sum(lengths), columns_for(max(lengths))
        # Spare tokens at the end keep the products off the kernels for few rows.
        spare = max(0, FEWEST_ROWS - total)
        ids = torch.tensor([token for prompt in prompts for token in prompt] + [0] * spare, device=device)
        which = torch.repeat_interleave(torch.arange(count), torch.tensor(lengths)).to(device)
        positions = torch.cat([torch.arange(length) for length in lengths]).to(device)
        slots = torch.tensor(rows, device=device)[which]
        last = torch.tensor(lengths, device=device).cumsum(0) - 1
        readable = torch.arange(cache.columns, device=device) < torch.tensor(lengths, device=device).unsqueeze(1)
        cache.mask[rows] = torch.where(readable, 0.0, float("-inf")).unsqueeze(1)
        future = torch.ones(columns, columns, dtype=torch.bool, device=device).triu(1)
        group = shape.heads // shape.kv_heads
        turns = functional.pad(self.turns[positions], (0, 0, 0, 0, 0, spare))
        padded = torch.zeros(count, columns, shape.heads, shape.head_dim, device=device)
        x = self.embed[ids]
        for index, (layer, kv) in enumerate(zip(self.layers, cache.layers, strict=True)):
            qkv = self.project(x, layer, turns)[:total]
            kv[:, slots, :, positions] = qkv[:, shape.heads :].view(total, 2, shape.kv_heads, shape.head_dim)
            padded[which, positions] = qkv[:, : shape.heads]
            keys, values = kv[:, rows, :, :columns]
            queries = padded.view(count, columns, shape.kv_heads, group, shape.head_dim).permute(0, 2, 3, 1, 4)
            scores = torch.matmul(queries, keys.unsqueeze(2).transpose(-1, -2)).masked_fill_(future, float("-inf"))
            seen = torch.matmul(torch.softmax(scores, -1), values.unsqueeze(2)).permute(0, 3, 1, 2, 4).flatten(2)
            if index + 1 < shape.layers:
                x = self.rest(x, functional.pad(seen[which, positions], (0, 0, 0, spare)), layer)
            else:
                # Only the last tokens are read on; the last layer's other rows would be computed for nobody.
                ends = torch.cat([last, last[-1:].expand(max(0, FEWEST_ROWS - count))])
                x = self.rest(x[ends], seen[which[ends], positions[ends]], layer)
        return self.logits(x)[:count]

    @torch.inference_mode()
    def read_on(self, ids: Sequence[int], start: int, cache: Cache, row: int) -> Tensor:
        """Reads tokens into a cache row that holds those before `start`; the stream [rows, width] after the last one.

        The caller sees to the row's mask. All rows of the result are the same.
        """
        shape, device, count = self.shape, self.device, len(ids)
        end, columns, group = start + count, columns_for(start + count), shape.heads // shape.kv_heads
        spare = max(0, FEWEST_ROWS - count)
        turns = functional.pad(self.turns[start:end], (0, 0, 0, 0, 0, spare))
        future = torch.arange(columns, device=device) > torch.arange(start, end, device=device).unsqueeze(1)
        x = self.embed[torch.tensor([*ids, *[0] * spare], device=device)]
        for layer, kv in zip(self.layers, cache.layers, strict=True):
            qkv = self.project(x, layer, turns)[:count]
            new = qkv[:, shape.heads :].view(count, 2, shape.kv_heads, shape.head_dim)
            kv[:, row, :, start:end] = new.permute(1, 2, 0, 3)
            keys, values = kv[:, row, :, :columns]
            queries = qkv[:, : shape.heads].view(count, shape.kv_heads, group, shape.head_dim).permute(1, 2, 0, 3)
            scores = torch.matmul(queries, keys.unsqueeze(1).transpose(-1, -2)).masked_fill_(future, float("-inf"))
            seen = torch.matmul(torch.softmax(scores, -1), values.unsqueeze(1)).permute(2, 0, 1, 3).flatten(1)
            x = self.rest(x, functional.pad(seen, (0, 0, 0, spare)), layer)
        return x[count - 1].expand(FEWEST_ROWS, -1)

    @torch.inference_mode()
    def step(self, tokens: Tensor, positions: Tensor, cache: Cache, columns: int) -> Tensor:
        """Reads one token into each of the first len(tokens) cache rows at its position; logits [n, vocab].

        `columns` bounds all positions and is a multiple of COLUMN_BLOCK.
        """
        shape = self.shape
        count = tokens.shape[0]
        batch = count * shape.kv_heads
        group = shape.heads // shape.kv_heads
        rows = cache.every_row[:count]
        turns = self.turns[positions]
        cache.mask[rows, :, positions] = 0.0
        mask = cache.mask.view(-1, cache.columns)[:batch, :columns].unsqueeze(1)
        x = self.embed[tokens]
        for layer, kv in zip(self.layers, cache.layers, strict=True):
            qkv = self.project(x, layer, turns)
            kv[:, rows, :, positions] = qkv[:, shape.heads :].view(count, 2, shape.kv_heads, shape.head_dim)
            keys, values = kv.view(2, -1, cache.columns, shape.head_dim)[:, :batch, :columns]
            queries = qkv[:, : shape.heads].reshape(batch, group, shape.head_dim)
            weights = torch.softmax(torch.baddbmm(mask, queries, keys.transpose(1, 2)), -1)
            x = self.rest(x, torch.bmm(weights, values).view(count, -1), layer)
        return self.logits(x)

    def project(self, x: Tensor, layer: Layer, turns: Tensor) -> Tensor:
        """Queries, keys and values [rows, heads + 2 kv_heads, head_dim] of a layer, at their positions."""
        qkv = functional.linear(x, layer.qkv).mul_(self.scale(x))
        if layer.bias is not None:
            qkv.add_(layer.bias)
        qkv = qkv.view(x.shape[0], -1, self.shape.head_dim)
        turning = qkv[:, : self.shape.heads + self.shape.kv_heads]
        if layer.head_norm is not None:
            turning.mul_(self.scale(turning)).mul_(layer.head_norm)
        torch.view_as_complex(turning.unflatten(-1, (-1, 2))).mul_(turns)
        return qkv

    def rest(self, x: Tensor, seen: Tensor, layer: Layer) -> Tensor:
        """The residual stream after attention's output and the feed-forward block."""
        x = torch.addmm(x, seen, layer.out)
        gate, up = functional.linear(x, layer.gate_up).mul_(self.scale(x)).chunk(2, -1)
        return torch.addmm(x, functional.silu(gate).mul_(up), layer.down)

    def logits(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.head).mul_(self.scale(x))
