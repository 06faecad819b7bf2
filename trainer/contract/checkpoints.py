"""Checkpoint folders: verified before use, written under their digest."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.contract import fence
from trainer.contract.failures import JobFailure
from trainer.contract.files import checkpoint_digest, files_in, sync, sync_tree
from trainer.contract.job import Artifact
from trainer.contract.remote.kept import checkpoint_written

WEIGHT_SUFFIXES = (".safetensors", ".safetensors.index.json")
# What a trained checkpoint takes from the one before: configuration, tokenizer, templates, licences. No weights of any
# other format (`*.bin`, `*.pth`, `*.gguf`, their `*.index.json`), which would be the old ones; and no code.
KEPT = re.compile(
    r"(?!.*\.index\.json$)((additional_chat_templates/)?[^/]+\.jinja"
    r"|[^/.][^/]*\.(json|txt|md|model|tiktoken|vocab|spm|codes)"
    r"|tokenizer\.model\.[^/]+|(LICEN[SC]E|NOTICE|USE_POLICY)[^/]*)",
    re.IGNORECASE,
)
POINTER = b"version https://git-lfs"
# Ours: Git LFS keeps a pointer below 1,024 bytes.
POINTER_BYTES = 1024


def verify_checkpoint(checkpoint: Artifact) -> None:
    """Raises JobFailure (class data) where the folder is not what the job names."""
    try:
        digest = checkpoint_digest(checkpoint.path)
        problem = broken_file(checkpoint.path)
    except (OSError, ValueError) as error:
        raise JobFailure("data", f"cannot read checkpoint {checkpoint.path}: {error}") from error
    if digest != checkpoint.sha256:
        raise JobFailure(
            "data", f"checkpoint {checkpoint.path} has digest {digest}, the job expects {checkpoint.sha256}"
        )
    if problem is not None:
        raise JobFailure("data", f"checkpoint {checkpoint.path}: {problem}")


def broken_file(folder: Path) -> str | None:
    """The first file that is read and is not what its name says, and why; None where all are whole."""
    for name in [*weight_files(folder), *sorted(name for name in files_in(folder) if KEPT.fullmatch(name))]:
        path = folder / name
        if not path.exists():
            return f"{name}, which the index of its weights names, is missing; copy it as well"
        if path.stat().st_size < POINTER_BYTES and path.read_bytes().startswith(POINTER):
            return f"{name} is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"
        if name.endswith(".safetensors") and (problem := broken_weights(path)) is not None:
            return f"{name} {problem}; copy it again"
    return None


def weight_files(folder: Path) -> Iterator[str]:
    """The files that transformers takes the weights from. Raises ValueError where an index is none."""
    for whole in ("model.safetensors", "pytorch_model.bin"):
        index = f"{whole}.index.json"
        if (folder / whole).exists():
            yield whole
            return
        if (folder / index).exists():
            yield index
            try:
                yield from sorted(set(json.loads((folder / index).read_bytes())["weight_map"].values()))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{index} is no index of weights: {error}") from error
            return


def broken_weights(path: Path) -> str | None:
    """Why a safetensors file cannot be read: its header says how long it is."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            return f"of {size} bytes is cut or no safetensors file: its header would reach to byte {8 + length}"
        try:
            header = json.loads(file.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError):
            return "is no safetensors file: its header cannot be read"
    expected = 8 + length + max(ends, default=0)
    return None if size == expected else f"has {size} bytes, its header says {expected}: it was cut or changed"


def stored_dtype(folder: Path) -> Any:
    """The dtype that config.json promises for the weights; float32 where it says nothing."""
    import torch

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return getattr(torch, str(config.get("dtype") or config.get("torch_dtype") or "float32").removeprefix("torch."))


def export_checkpoint(
    model: Any, init: Path, checkpoints: Path, weights: dict[str, Any] | None = None
) -> tuple[Path, str]:
    """Writes the weights beside copies of the initial checkpoint's files that go with them.

    `weights` are by default the model's own. Equal weights give an equal digest. The folder, `<checkpoints>/<digest>`,
    appears whole or not at all; one that is there already is left alone. So does it in the store that it stands for.
    """
    fence.check()
    checkpoints.mkdir(parents=True, exist_ok=True)
    draft = checkpoints / f".draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        dtype = stored_dtype(init)
        # Tied weights stay one.
        cast: dict[tuple[int, Any], Any] = {}
        state = {
            name: cast.setdefault(
                (tensor.data_ptr(), tensor.shape), tensor.to(dtype) if tensor.is_floating_point() else tensor
            )
            for name, tensor in (weights or model.state_dict()).items()
        }
        model.save_pretrained(draft, state_dict=state)
        for entry in list(draft.iterdir()):
            if not entry.name.endswith(WEIGHT_SUFFIXES):
                entry.unlink()
            else:
                entry.chmod(0o644)
        for name in files_in(init):
            if KEPT.fullmatch(name):
                (draft / name).parent.mkdir(exist_ok=True)
                shutil.copyfile(init / name, draft / name)
        digest = checkpoint_digest(draft)
        target = checkpoints / digest
        if not target.exists():
            sync_tree(draft)
            fence.check()
            try:
                os.rename(draft, target)
            except OSError:
                if not target.exists():
                    raise
            sync(checkpoints)
        if checkpoint_digest(target) != digest:
            raise JobFailure(
                "infra",
                f"checkpoint {target} exists but its files do not give its name; remove it and run the job again",
            )
        fence.check()
        checkpoint_written(target)
        return target, digest
    finally:
        shutil.rmtree(draft, ignore_errors=True)
