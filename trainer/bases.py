"""`python -m trainer.bases fetch NAME REVISION | inspect FOLDER`: bases for laps, before anything is spent on them.

`fetch` brings a model of the hub to this machine's cache and prints `{"commit", "folder"}`; `inspect` prints
`{"faults": [...]}`, what transformers cannot do with a checkpoint folder, a sentence a file. Where a base cannot be
fetched, `{"refused": ...}` says what was tried and what to do.
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

COMMIT = re.compile(r"[0-9a-f]{40}")
# What a checkpoint is made of, of all that lies in a repository's first folder.
WANTED = re.compile(
    r"(LICEN[CS]E|COPYING|NOTICE|USE_POLICY).*|README\.md|.*\.(json|jinja|txt|model|tiktoken|safetensors)|pytorch_model.*\.bin"
)
# Weights of other programs.
OTHERS = re.compile(r"consolidated.*|.*\.(gguf|onnx)")


def wanted(names: Iterable[str]) -> list[str]:
    """Files of the first folder that make the checkpoint; torch's own format only where there is no other."""
    flat = [name for name in names if "/" not in name and WANTED.fullmatch(name) and not OTHERS.fullmatch(name)]
    safe = any(name.endswith(".safetensors") for name in flat)
    return [name for name in flat if not (safe and "pytorch_model" in name)]


def fetch(name: str, revision: str) -> dict[str, Any]:
    """A branch or tag becomes its commit. What lies in the cache by its commit needs no hub."""
    from huggingface_hub import HfApi, constants, snapshot_download, try_to_load_from_cache
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    where = f"{name}@{revision} at {constants.ENDPOINT}"
    try:
        try:
            info = HfApi().model_info(name, revision=revision, timeout=30)
            files = wanted(file.rfilename for file in info.siblings or ())
            folder = snapshot_download(name, revision=info.sha, allow_patterns=files)
            return {"commit": info.sha, "folder": folder}
        except Exception as error:
            refusal = isinstance(error, HfHubHTTPError) and error.response.status_code < 500
            if refusal or not COMMIT.fullmatch(revision):
                raise
            cached = try_to_load_from_cache(name, "config.json", revision=revision)
            if not isinstance(cached, str):
                raise
            return {"commit": revision, "folder": str(Path(cached).parent)}
    except GatedRepoError:
        return {"refused": f"{where} is gated: accept its terms there, and set HF_TOKEN to a token of that account"}
    except RevisionNotFoundError:
        return {"refused": f"{name} has no revision {revision} at {constants.ENDPOINT}: name a commit, branch or tag"}
    except RepositoryNotFoundError:
        problem = f"there is no model {name} at {constants.ENDPOINT}, or it is private"
        return {"refused": f"{problem}: correct the name, or set HF_TOKEN to a token that may read it"}
    except Exception as error:  # the library lets out those of its many layers
        reason = str(error).strip().split("\n")[0][:300] or type(error).__name__
        remedy = "set HF_ENDPOINT to a hub that this machine reaches, or put the model's folder into the store by hand"
        return {"refused": f"{where} cannot be fetched ({reason}): {remedy}, as imports/<name>, and name that"}


def inspect(folder: Path) -> dict[str, Any]:
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, __version__

    from trainer.serving.chat import Chat

    faults = []
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
            faults.append(f"config.json is of model type {kind!r}, which is no model that writes on from a text")
        else:
            faults += misfits(folder, config)
    except Exception as error:
        known = f"config.json is of model type {kind!r}, which transformers {__version__} cannot read"
        faults.append(f"{known}: {str(error).strip().split(chr(10))[0][:200]}")
    try:
        chat = Chat(folder)
    except Exception as error:
        faults.append(f"tokenizer.json or tokenizer_config.json cannot be read: {str(error)[:200]}")
        return {"faults": faults}
    if not chat.stop_ids:
        faults.append("generation_config.json names no eos_token_id, and no other file does: no answer would end")
    try:
        if not chat.prompt_ids([{"role": "user", "content": "Why?"}]):
            faults.append("the chat template makes nothing of a question")
    except ValueError as error:
        faults.append(str(error))
    return {"faults": faults}


def misfits(folder: Path, config: Any) -> list[str]:
    """The first tensor of another size than config.json makes it, by the headers of the weights."""
    import torch
    from safetensors import safe_open
    from transformers import AutoModelForCausalLM

    from trainer.engines.small.shape import weight_files

    with torch.device("meta"):
        expected = {
            name: [*weight.shape] for name, weight in AutoModelForCausalLM.from_config(config).state_dict().items()
        }
    files = weight_files(folder) if any(folder.glob("model*.safetensors*")) else []
    for file in files:
        with safe_open(file, "pt") as weights:
            for name in weights.offset_keys():
                size = [*weights.get_slice(name).get_shape()]
                if expected.get(name, size) != size:
                    return [f"{file.name} has {name} of {size}, config.json makes it {expected[name]}"]
    return []


def main(arguments: list[str]) -> int:
    match arguments:
        case ["fetch", name, revision]:
            os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
            os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
            print(json.dumps(fetch(name, revision)))
        case ["inspect", folder]:
            from trainer import runtime

            runtime.prepare()
            print(json.dumps(inspect(Path(folder))))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
