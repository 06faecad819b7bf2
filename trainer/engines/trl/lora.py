"""Low-rank adapters through peft, an optional package; a checkpoint has them merged into its weights."""

from pathlib import Path
from typing import Any

from trainer.contract.failures import JobFailure
from trainer.contract.loading import load_checkpoint
from trainer.engines.trl.options import Lora


def adapters(lora: Lora) -> Any:
    """peft's configuration: all linear layers but the head.

    Raises JobFailure (class app) where peft is missing.
    """
    try:
        from peft import LoraConfig
    except ImportError as error:
        problem = "engineOptions.lora needs the package peft, which is not installed"
        raise JobFailure("app", f"{problem}; install trainer/engines/trl/requirements.in") from error
    alpha = lora.alpha or 2 * lora.rank
    return LoraConfig(r=lora.rank, lora_alpha=alpha, target_modules="all-linear", task_type="CAUSAL_LM")


def merged(init: Path, config: Any, weights: dict[str, Any]) -> Any:
    """The initial checkpoint's model with the adapters of these weights in it, on this rank's CPU, as float32."""
    from peft import get_peft_model

    model, _ = load_checkpoint(init)
    adapted = get_peft_model(model, config)
    trained = {name: tensor.float() for name, tensor in weights.items() if "lora_" in name}
    unknown = adapted.load_state_dict(trained, strict=False).unexpected_keys
    if unknown or not trained:
        raise JobFailure("app", f"expected the adapters of this training, got {unknown[:4] or 'none'}")
    return adapted.merge_and_unload()
