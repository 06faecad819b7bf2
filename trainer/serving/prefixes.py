"""Long prompts, read a block at a time, and blocks that several of them begin with read once.

The instructions of a task are most of its prompts where they are explained in words, and a proof is judged many times.
What a block computes depends on the tokens up to its end alone, bit for bit, whether it was read before or not.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor

from trainer.engines.small.llama import Cache, Llama

# Tokens of a block: few enough that little of a common beginning is read twice, enough to keep a core busy.
BLOCK = 64
# Shorter prompts are read whole, as ever: no call of a rehearsal computes anything in another way.
LONG = 384


class Prefixes:
    """The blocks that one model has read lately, as far as they fit."""

    def __init__(self, llama: Llama, most_bytes: int):
        self.llama = llama
        self.most = most_bytes // llama.row_bytes(BLOCK)
        """Blocks."""
        self.blocks: OrderedDict[tuple[int, ...], list[Tensor]] = OrderedDict()
        """By all tokens up to a block's end: each layer's keys and values [2, kv_heads, BLOCK, head_dim]."""

    @torch.inference_mode()
    def prefill(self, prompt: Sequence[int], cache: Cache, row: int) -> Tensor:
        """Reads a prompt into a row of the cache; logits [1, vocab] after its last token."""
        llama, length = self.llama, len(prompt)
        cache.mask[row] = torch.where(torch.arange(cache.columns, device=llama.device) < length, 0.0, float("-inf"))
        # The last block is always read, for what follows it.
        last = (length - 1) // BLOCK * BLOCK
        for start in range(0, last, BLOCK):
            end = start + BLOCK
            known = self.blocks.get(key := tuple(prompt[:end]))
            if known is None:
                llama.read_on(prompt[start:end], start, cache, row)
                self.keep(key, [layer[:, row, :, start:end].clone() for layer in cache.layers])
                continue
            self.blocks.move_to_end(key)
            for layer, block in zip(cache.layers, known, strict=True):
                layer[:, row, :, start:end] = block
        return llama.logits(llama.read_on(prompt[last:], last, cache, row))[:1]

    def keep(self, key: tuple[int, ...], block: list[Tensor]) -> None:
        self.blocks[key] = block
        while len(self.blocks) > self.most:
            self.blocks.popitem(last=False)
