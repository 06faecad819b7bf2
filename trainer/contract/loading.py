"""A checkpoint as model and tokenizer of transformers, and where the two say that a text ends."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.contract.chats import Chats
from trainer.contract.failures import JobFailure, classify
from trainer.contract.job import Job


def opened(job: Job, dtype: torch.dtype = torch.float32) -> tuple[Any, Chats]:
    """The job's initial checkpoint: the model, and its chats with the tokenizer.

    Raises JobFailure (class data) for whatever is wrong with the files.
    """
    folder = job.init_checkpoint.path
    model, tokenizer = load_checkpoint(folder, dtype)
    vocabulary = model.get_input_embeddings().num_embeddings
    chats = Chats(tokenizer, job, stop_ids_of(model, tokenizer), vocabulary)
    if not chats.stop_ids:
        raise JobFailure("data", f"checkpoint {folder} has no eos token, so no completion could end")
    name_ends(tokenizer, chats.stop_ids, vocabulary)
    return model, chats


def load_checkpoint(folder: Path, dtype: torch.dtype = torch.float32) -> tuple[Any, Any]:
    """Model and tokenizer. Raises JobFailure (class data) for whatever is wrong with the files."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        if tokenizer.chat_template is None and (file := folder / "chat_template.json").exists():
            # As processors of older models have it, whose tokenizers do not look there.
            tokenizer.chat_template = json.loads(file.read_bytes())["chat_template"]
        model, seen = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, output_loading_info=True)
    except Exception as error:
        failure_class, message = classify(error)
        raise JobFailure(
            "data" if failure_class == "app" else failure_class, f"cannot load checkpoint {folder}: {message}"
        ) from error
    if seen["missing_keys"]:
        names = ", ".join(sorted(seen["missing_keys"])[:4])
        raise JobFailure("data", f"checkpoint {folder} lacks {len(seen['missing_keys'])} weights, such as {names}")
    return model, tokenizer


def hold_to(reference: Any, folder: Path) -> None:
    """Another reference than the model that the training starts from. Raises JobFailure (class data)."""
    model, _ = load_checkpoint(folder)
    try:
        reference.load_state_dict(model.state_dict())
    except RuntimeError as error:
        problem = f"expected reference checkpoint {folder} to be a model of the same make: {error}"
        raise JobFailure("data", problem) from error


def stop_ids_of(model: Any, tokenizer: Any) -> list[int]:
    """Every token at which the model stops: those of its generation settings, and the tokenizer's own."""
    places = (model.generation_config, model.config, model.config.get_text_config())
    said = next((place.eos_token_id for place in places if getattr(place, "eos_token_id", None) is not None), None)
    ids = {tokenizer.eos_token_id, *(said if isinstance(said, list) else [said])} - {None}
    return sorted(token for token in ids if token < model.get_input_embeddings().num_embeddings)


def name_ends(tokenizer: Any, stop_ids: list[int], vocabulary: int) -> None:
    """Sees to end and pad tokens that the model knows.

    A tokenizer has those of its class where its files name none, and adds them to its words if they are not there.
    """
    if tokenizer.eos_token_id not in range(vocabulary):
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(stop_ids[0])
    if tokenizer.pad_token_id not in range(vocabulary):
        tokenizer.pad_token = tokenizer.eos_token
