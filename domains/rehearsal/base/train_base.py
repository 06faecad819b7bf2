"""Trains the rehearsal's base from the corpora that makeBase.ts wrote, on one thread.

A fixed number of steps, the same weights every time.

Usage: train_base.py <folder of makeBase.ts> <checkpoint folder> [--phases N]
The checkpoint is a flat Hugging Face folder. `--phases 1` stops after the first phase (the test of determinism).
"""

import json
import shutil
import sys
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

MUON_RATE, MUON_MOMENTUM, ADAM_RATE = 0.01, 0.95, 2e-3
BUCKET = 16  # batches are sorted by length within so many batches, then taken in random order


class Muon:
    """Muon for the hidden matrices, in float32 and batched by shape.

    Several times faster on a CPU than in bfloat16, one by one.
    """

    def __init__(self, matrices):
        shapes = {tuple(p.shape) for p in matrices}
        self.groups = [[p for p in matrices if tuple(p.shape) == shape] for shape in sorted(shapes)]
        self.buffers = [torch.zeros(len(group), *group[0].shape) for group in self.groups]

    @torch.no_grad()
    def step(self, rate):
        for group, buffer in zip(self.groups, self.buffers, strict=True):
            gradient = torch.stack([p.grad for p in group])
            buffer.lerp_(gradient, 1 - MUON_MOMENTUM)
            update = orthogonalised(gradient.lerp(buffer, MUON_MOMENTUM))
            rows, columns = group[0].shape
            for p, direction in zip(group, update, strict=True):
                p.mul_(1 - rate * 0.1).sub_(direction, alpha=rate * max(1, rows / columns) ** 0.5)
                p.grad = None


def orthogonalised(x):
    """Newton-Schulz, five steps with the usual quintic coefficients."""
    a, b, c = 3.4445, -4.775, 2.0315
    tall = x.size(-2) > x.size(-1)
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


def read_corpus(path, tokenizer):
    """Examples as (ids, weights): one weight per token, of its own prediction."""
    cache, examples = {}, []
    for line in path.open():
        ids, weights = [], []
        for text, weight in json.loads(line):
            if text not in cache:
                if len(cache) > 50_000:
                    cache.clear()
                cache[text] = tokenizer.encode(text).ids
            ids += cache[text]
            weights += [weight] * len(cache[text])
        examples.append((ids, weights))
    return examples


def batches_of(examples, size, generator):
    """Batches of about equal lengths, so that little is padded; which go together, and in what order, the seed says."""
    order = torch.randperm(len(examples), generator=generator).tolist()
    for start in range(0, len(order), size * BUCKET):
        bucket = sorted(order[start : start + size * BUCKET], key=lambda i: len(examples[i][0]))
        chunks = [bucket[i : i + size] for i in range(0, len(bucket), size)]
        for index in torch.randperm(len(chunks), generator=generator).tolist():
            yield [examples[i] for i in chunks[index]]


def loss_of(model, batch, pad):
    width = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([ids + [pad] * (width - len(ids)) for ids, _ in batch])
    weights = torch.tensor([weights + [0.0] * (width - len(weights)) for _, weights in batch])[:, 1:]
    # Padding is on the right and attention causal: no mask is needed.
    # Only the tokens that count go through the last layer's head.
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
    counted = weights > 0
    logits = model.lm_head(hidden[counted])
    losses = torch.nn.functional.cross_entropy(logits, ids[:, 1:][counted], reduction="none")
    return (losses * weights[counted]).sum() / weights.sum()


def optimizers(hidden, others):
    return Muon(hidden), torch.optim.AdamW(others, lr=ADAM_RATE, weight_decay=0.0, betas=(0.9, 0.98))


def train(folder, phases):
    plan = json.loads((folder / "plan.json").read_text())
    torch.manual_seed(plan["seed"])
    generator = torch.Generator().manual_seed(plan["seed"])
    config = LlamaConfig.from_pretrained(folder / "base")
    tokenizer = Tokenizer.from_file(str(folder / "base" / "tokenizer.json"))
    model = LlamaForCausalLM(config).float().train()
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and name.startswith("model.layers")]
    others = [p for name, p in model.named_parameters() if not (p.ndim == 2 and name.startswith("model.layers"))]
    muon, adam = optimizers(hidden, others)
    started = time.monotonic()
    for phase in plan["phases"][:phases]:
        examples = read_corpus(folder / phase["file"], tokenizer)
        first, last = phase["rate"]
        if phase["fresh"]:
            muon, adam = optimizers(hidden, others)
        recent = []
        for step, batch in enumerate(batches_of(examples, phase["batch"], generator)):
            rate = first + (last - first) * step / max(1, phase["steps"] - 1)
            loss = loss_of(model, batch, config.pad_token_id)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(others, 1.0)
            muon.step(MUON_RATE * rate)
            for group in adam.param_groups:
                group["lr"] = ADAM_RATE * rate
            adam.step()
            adam.zero_grad()
            recent.append(loss.item())
            if (step + 1) % 50 == 0:
                where = f"{phase['name']}: step {step + 1} of {phase['steps']}"
                seconds = time.monotonic() - started
                print(f"{where}, loss {sum(recent) / len(recent):.3f}, {seconds:.0f} s", flush=True)
                recent = []
    return model


def main():
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    phases = int(sys.argv[sys.argv.index("--phases") + 1]) if "--phases" in sys.argv else None
    torch.set_num_threads(1)
    model = train(folder, phases)
    target.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(target)
    for name in ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]:
        shutil.copy(folder / "base" / name, target / name)


if __name__ == "__main__":
    main()
