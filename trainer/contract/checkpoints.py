"""Checkpoint folders: verified before use, written under their digest."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from trainer.contract.failures import JobFailure
from trainer.contract.files import checkpoint_digest, sync, sync_tree
from trainer.contract.job import Artifact

WEIGHT_SUFFIXES = (".safetensors", ".safetensors.index.json", ".bin")


def verify_checkpoint(checkpoint: Artifact) -> None:
    """Raises JobFailure (class data) where the folder is not what the job names."""
    try:
        digest = checkpoint_digest(checkpoint.path)
    except (OSError, ValueError) as error:
        raise JobFailure("data", f"cannot read checkpoint {checkpoint.path}: {error}") from error
    if digest != checkpoint.sha256:
        raise JobFailure(
            "data", f"checkpoint {checkpoint.path} has digest {digest}, the job expects {checkpoint.sha256}"
        )


def stored_dtype(folder: Path) -> Any:
    """The dtype that config.json promises for the weights; float32 where it says nothing."""
    import torch

    config = json.loads((folder / "config.json").read_text())
    return getattr(torch, str(config.get("dtype") or config.get("torch_dtype") or "float32").removeprefix("torch."))


def export_checkpoint(model: Any, init: Path, checkpoints: Path) -> tuple[Path, str]:
    """Writes the weights beside copies of the initial checkpoint's other files, as `<checkpoints>/<digest>`.

    Equal weights give an equal digest. The folder appears whole or not at all; one that is there already is left alone.
    """
    checkpoints.mkdir(parents=True, exist_ok=True)
    draft = checkpoints / f".draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        dtype = stored_dtype(init)
        state = {
            name: tensor.to(dtype) if tensor.is_floating_point() else tensor
            for name, tensor in model.state_dict().items()
        }
        model.save_pretrained(draft, state_dict=state)
        for entry in list(draft.iterdir()):
            if not entry.name.endswith(WEIGHT_SUFFIXES):
                entry.unlink()
            else:
                entry.chmod(0o644)
        for entry in init.iterdir():
            if not entry.name.endswith(WEIGHT_SUFFIXES):
                shutil.copyfile(entry, draft / entry.name)
        digest = checkpoint_digest(draft)
        target = checkpoints / digest
        if not target.exists():
            sync_tree(draft)
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
        return target, digest
    finally:
        shutil.rmtree(draft, ignore_errors=True)
