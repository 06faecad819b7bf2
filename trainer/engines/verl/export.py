"""verl's newest state as a checkpoint of ours."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from trainer.contract.checkpoints import export_checkpoint, stored_dtype
from trainer.contract.failures import JobFailure, one_line
from trainer.contract.job import GrpoJob
from trainer.engines.verl.place import Place


def weights_in(actor: Path, place: Place, python: Sequence[str]) -> Path:
    """The folder with the weights as transformers read them: as verl has saved them, else merged from its shards.

    Raises JobFailure (class infra) where verl's merger fails.
    """
    saved = actor / "huggingface"
    if any(saved.glob("*.safetensors")):
        return saved
    merged = place.work / "merged"
    command = [*python, "-m", "verl.model_merger", "merge", "--backend", "fsdp"]
    done = subprocess.run(
        [*command, "--local_dir", str(actor), "--target_dir", str(merged)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise JobFailure("infra", f"verl's merger failed on {actor}: {one_line(done.stderr[-2000:], 400)}")
    return merged


def export(job: GrpoJob, place: Place, step: int, python: Sequence[str]) -> tuple[Path, str]:
    """The folder of the checkpoint and its digest."""
    # Takes seconds, and this process needs it here alone.
    from transformers import AutoModelForCausalLM

    init = job.init_checkpoint.path
    folder = weights_in(place.state / f"global_step_{step}" / "actor", place, python)
    model, seen = AutoModelForCausalLM.from_pretrained(folder, dtype=stored_dtype(init), output_loading_info=True)
    if missing := sorted(seen["missing_keys"]):
        raise JobFailure("infra", f"verl's checkpoint {folder} lacks {len(missing)} weights, such as {missing[0]}")
    return export_checkpoint(model, init, job.output.checkpoints)
