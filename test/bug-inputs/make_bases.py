"""Variants of a checkpoint, each with one trait that public checkpoints have:

python make_bases.py OUT_FOLDER
"""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

BASE = Path(__file__).parents[2] / "domains/rehearsal/checkpoints/rehearsal"
CONFIG, GENERATION, TOKENIZER = "config.json", "generation_config.json", "tokenizer_config.json"
WEIGHTS = "model.safetensors"
FORMAT = {"format": "pt"}


def copy(name: str) -> Path:
    target = OUT / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(BASE, target)
    return target


def edit(file: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    value = json.loads(file.read_text())
    change(value)
    file.write_text(json.dumps(value, ensure_ascii=False, indent=1))


def without(folder: Path, key: str, *files: str) -> None:
    for file in files:
        edit(folder / file, lambda config: config.pop(key, None))


def template(folder: Path, change: Callable[[str], str]) -> None:
    edit(folder / TOKENIZER, lambda config: config.update(chat_template=change(config["chat_template"])))


def sharded(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    names = sorted(weights)
    half = len(names) // 2
    index = {}
    for number, part in ((1, names[:half]), (2, names[half:])):
        file = f"model-0000{number}-of-00002.safetensors"
        save_file({name: weights[name].contiguous() for name in part}, folder / file, metadata=FORMAT)
        index |= dict.fromkeys(part, file)
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))


def template_file(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(json.loads((folder / TOKENIZER).read_text())["chat_template"])
    without(folder, "chat_template", TOKENIZER)


def template_generation(folder: Path) -> None:
    content = "{% generation %}{{ m['content'] }}{% endgeneration %}"
    first = "{% for m in messages %}{% if m['role'] == 'assistant' %}" + content + "{% endif %}{% endfor %}"
    template(folder, lambda text: first + text)


def bf16(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    save_file({name: each.to(torch.bfloat16) for name, each in weights.items()}, folder / WEIGHTS, metadata=FORMAT)
    edit(folder / CONFIG, lambda config: config.update(dtype="bfloat16"))


def eos_list_in_config_only(folder: Path) -> None:
    (folder / GENERATION).unlink()
    eos = json.loads((folder / CONFIG).read_text()).get("eos_token_id")
    edit(folder / CONFIG, lambda config: config.update(eos_token_id=[eos, 0] if isinstance(eos, int) else eos))
    named = ("unk_token", "pad_token", "eos_token")
    edit(
        folder / TOKENIZER,
        lambda config: config.update(eos_token=next(config[name] for name in named if config.get(name))),
    )


def bin_only(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()


def stale_bin_index(folder: Path) -> None:
    index = {"metadata": {}, "weight_map": {"lm_head.weight": "pytorch_model-00001-of-00002.bin"}}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    (folder / "consolidated.00.pth").write_bytes(b"old weights")


def lfs_pointer(folder: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1815000\n"
    (folder / WEIGHTS).write_text(pointer)


def tokenizer_larger(folder: Path) -> None:
    def add(config: dict[str, Any]) -> None:
        ids = [*config["model"]["vocab"].values(), *(token["id"] for token in config["added_tokens"])]
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        config["added_tokens"].append({"id": max(ids) + 1, "content": "<|extra|>", **flags, "special": True})

    edit(folder / "tokenizer.json", add)


VARIANTS: dict[str, Callable[[Path], Any]] = {
    "plain": lambda folder: None,
    "sharded": sharded,
    "no-pad": lambda folder: (
        without(folder, "pad_token", TOKENIZER),
        without(folder, "pad_token_id", CONFIG, GENERATION),
    ),
    "no-eos-name": lambda folder: without(folder, "eos_token", TOKENIZER),
    "template-file": template_file,
    "template-generation": template_generation,
    "template-bos": lambda folder: template(folder, lambda text: "{{ bos_token }}" + text),
    "bf16": bf16,
    "no-generation-config": lambda folder: (folder / GENERATION).unlink(),
    "eos-list-in-config-only": eos_list_in_config_only,
    "bin-only": bin_only,
    "stale-bin-index": stale_bin_index,
    "lfs-pointer": lfs_pointer,
    "tokenizer-larger": tokenizer_larger,
}

OUT = Path(sys.argv[1])
OUT.mkdir(parents=True, exist_ok=True)
for name, make in VARIANTS.items():
    make(copy(name))
print(*sorted(VARIANTS))
