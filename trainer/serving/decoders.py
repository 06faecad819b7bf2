"""What computes a checkpoint's next tokens: the batching decoder where it knows the architecture, else transformers."""

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from trainer.engines.small.llama import Llama
from trainer.engines.small.shape import OtherDecoder, Shape, weights_in


class Rows(Protocol):
    """What a decoder remembers of the texts it has read, a row each."""

    def move(self, source: int, target: int, columns: int) -> None:
        """Has the first columns of one row in another's place."""


class Decoder(Protocol):
    vocab: int
    max_context: int
    device: torch.device

    def new_cache(self, rows: int, columns: int) -> Rows: ...

    def row_bytes(self, columns: int) -> int:
        """Memory that a row of a new cache takes, used or not."""

    def prefill(self, prompts: Sequence[Sequence[int]], cache: Any, rows: Sequence[int]) -> Tensor:
        """Reads prompts into rows; logits [n, vocab] after each one's last token."""

    def step(self, tokens: Tensor, positions: Tensor, cache: Any, columns: int) -> Tensor:
        """Reads a token into each of the first rows, at its position; logits [n, vocab]. Position 0: nobody's row."""


def decoder_of(folder: Path, device: torch.device) -> Decoder:
    """Raises OSError, ValueError or KeyError where the checkpoint cannot be run, by what is missing or unknown."""
    try:
        shape = Shape.of(json.loads((folder / "config.json").read_text(encoding="utf-8")))
        return Llama(shape, weights_in(folder), device)
    except (OtherDecoder, FileNotFoundError):
        return Foreign(folder, device)  # of another architecture, or its weights are in another format


class Foreign:
    """Any architecture that transformers knows, by its own forward pass: a row at a time, since no two are alike long.

    What a row computes depends on that row alone, as in `Llama`.
    """

    def __init__(self, folder: Path, device: torch.device):
        from transformers import AutoModelForCausalLM

        model, loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
        if loaded["missing_keys"]:
            raise ValueError(f"its weights lack {', '.join(sorted(loaded['missing_keys'])[:3])}")
        self.model = model.to(device).eval()
        self.few = {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
        self.device = device
        config = model.config.get_text_config(decoder=True)
        self.vocab = int(config.vocab_size)
        self.max_context = int(getattr(config, "max_position_embeddings", None) or 2**31)

    def new_cache(self, rows: int, columns: int) -> "Texts":
        return Texts(rows)

    def row_bytes(self, columns: int) -> int:
        return 0

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[Sequence[int]], cache: "Texts", rows: Sequence[int]) -> Tensor:
        for row in rows:
            cache.clear(row)
        return torch.stack(
            [self.read(cache, row, torch.tensor(prompt)) for prompt, row in zip(prompts, rows, strict=True)]
        )

    @torch.inference_mode()
    def step(self, tokens: Tensor, positions: Tensor, cache: "Texts", columns: int) -> Tensor:
        logits = torch.zeros(len(tokens), self.vocab, device=self.device)
        for row in range(len(tokens)):
            if positions[row] == 0:
                cache.clear(row)
            else:
                logits[row] = self.read(cache, row, tokens[row : row + 1])
        return logits

    def read(self, cache: "Texts", row: int, ids: Tensor) -> Tensor:
        """Logits [vocab] after a row's new tokens. Where the model keeps nothing, the whole text is read again."""
        known, kept = cache.ids[row], cache.kept[row]
        ids = ids.to(self.device)
        whole = cache.ids[row] = ids if known is None else torch.cat([known, ids])
        given = whole if kept is None else ids
        out = self.model(input_ids=given.unsqueeze(0), past_key_values=kept, use_cache=True, **self.few)
        cache.kept[row] = getattr(out, "past_key_values", None)
        return out.logits[0, -1].float()


class Texts:
    """Each row's ids, and what the model keeps of them (its key-value cache), where it keeps any."""

    def __init__(self, rows: int):
        self.ids: list[Tensor | None] = [None] * rows
        self.kept: list[Any] = [None] * rows

    def clear(self, row: int) -> None:
        self.ids[row] = self.kept[row] = None

    def move(self, source: int, target: int, columns: int) -> None:
        self.ids[target], self.kept[target] = self.ids[source], self.kept[source]
        self.clear(source)
