"""What a decoder of the Llama kind is made of, read from a checkpoint's folder: Llama, Qwen2 and Qwen3."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

# What each model type has beside a plain Llama: biases of queries, keys and values; norms of queries and keys.
KINDS = {"llama": (False, False), "qwen2": (True, False), "qwen3": (False, True)}


class OtherDecoder(ValueError):
    """An architecture that is not of the Llama kind, by what it differs."""


@dataclass(frozen=True)
class Rope:
    """Llama 3.1's stretched rotary positions: slow rotations are slowed by `factor`, fast ones stay."""

    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_max_position_embeddings: int

    def stretch(self, frequencies: Tensor) -> Tensor:
        turns = self.original_max_position_embeddings * frequencies / (2 * math.pi)
        share = ((turns - self.low_freq_factor) / (self.high_freq_factor - self.low_freq_factor)).clamp(0, 1)
        return frequencies * (share + (1 - share) / self.factor)


@dataclass(frozen=True)
class Shape:
    vocab: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    epsilon: float
    rope_theta: float
    tied: bool
    max_context: int
    rope: Rope | None = None
    """None: plain rotary positions."""
    qkv_bias: bool = False
    qk_norm: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is a Llama's, with nothing beside."""
        return self.rope is None and not self.qkv_bias and not self.qk_norm

    @staticmethod
    def of(config: Mapping[str, Any]) -> "Shape":
        """Reads config.json's fields. Raises OtherDecoder."""
        kind = config.get("model_type")
        if kind not in KINDS:
            raise OtherDecoder(f"expected model_type {', '.join(KINDS)}, got {kind!r}")
        if config.get("hidden_act", "silu") != "silu" or config.get("attention_bias") or config.get("mlp_bias"):
            raise OtherDecoder("expected silu activations and no biases")
        if config.get("use_sliding_window") or {*(config.get("layer_types") or ())} - {"full_attention"}:
            raise OtherDecoder("expected full attention in every layer")
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        heads = int(config["num_attention_heads"])
        qkv_bias, qk_norm = KINDS[kind]
        return Shape(
            vocab=int(config["vocab_size"]),
            width=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or config["hidden_size"] // heads),
            epsilon=float(config.get("rms_norm_eps", 1e-6)),
            rope_theta=float(rope.get("rope_theta") or config.get("rope_theta") or 10000.0),
            tied=bool(config.get("tie_word_embeddings", False)),
            max_context=int(config.get("max_position_embeddings", 2048)),
            rope=rope_of(rope),
            qkv_bias=qkv_bias,
            qk_norm=qk_norm,
        )

    def frequencies(self) -> Tensor:
        """Radians a position, of each pair that rotates together; float64."""
        plain = self.rope_theta ** (-torch.arange(0, self.head_dim, 2, dtype=torch.float64) / self.head_dim)
        return plain if self.rope is None else self.rope.stretch(plain)


def shape_of(config: Any) -> Shape | None:
    """Of a model's config; None where it is no decoder of the Llama kind."""
    try:
        return Shape.of(config.to_dict())
    except ValueError:
        return None


def rope_of(parameters: Mapping[str, Any]) -> Rope | None:
    """Raises OtherDecoder where positions are told in another way than Llama's."""
    kind = parameters.get("rope_type", parameters.get("type", "default"))
    partial = parameters.get("partial_rotary_factor", 1)
    if any(isinstance(value, Mapping) for value in parameters.values()) or partial != 1:
        raise OtherDecoder(f"expected one rope for all of every head, got {parameters!r}")
    if kind == "llama3":
        return Rope(**{name: parameters[name] for name in Rope.__dataclass_fields__})
    if kind != "default":
        raise OtherDecoder(f"expected rope_type default or llama3, got {parameters!r}")
    return None


def weight_files(folder: Path) -> list[Path]:
    """Its safetensors file, or its shards. Raises FileNotFoundError where a checkpoint has neither."""
    whole = folder / "model.safetensors"
    if whole.exists():
        return [whole]
    index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
    return [folder / name for name in sorted(set(index["weight_map"].values()))]


def weights_in(folder: Path) -> dict[str, Tensor]:
    """A checkpoint's tensors.

    Raises FileNotFoundError as `weight_files` does, ValueError by the file's name where one cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    weights = {}
    for file in weight_files(folder):
        try:
            weights |= load_file(file)
        except SafetensorError as error:
            raise ValueError(f"{file.name} cannot be read: {error}") from error
    return weights
