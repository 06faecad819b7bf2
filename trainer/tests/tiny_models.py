"""Checkpoints of many architectures and forms, made on the spot: some layers that have learned nothing.

Their numbers are drawn wide, so that the likeliest token is likeliest by far.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

SPECIAL = ["<pad>", "<eos>", "<bos>", "<|user|>", "<|assistant|>", "<think>", "</think>"]
LETTERS = sorted(pre_tokenizers.ByteLevel.alphabet())
WORDS = len(SPECIAL) + len(LETTERS)
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SIZES = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 256,
    "initializer_range": 0.5,
    "bos_token_id": 2,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
GROUPED = {**SIZES, "num_key_value_heads": 2}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 100.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
CONFIGS: dict[str, Callable[[], Any]] = {
    "llama": lambda: LlamaConfig(**GROUPED),
    "llama3-rope": lambda: LlamaConfig(**GROUPED, rope_parameters=LLAMA3),
    "tied": lambda: LlamaConfig(**GROUPED, tie_word_embeddings=True),
    "qwen2": lambda: Qwen2Config(**GROUPED),
    "qwen3": lambda: Qwen3Config(**GROUPED, head_dim=16, tie_word_embeddings=True),
    "mistral": lambda: MistralConfig(**GROUPED, sliding_window=16),
    "gpt-neox": lambda: GPTNeoXConfig(**SIZES),
}


def make_tokenizer(folder: Path, **more: Any) -> PreTrainedTokenizerFast:
    """A letter a token, of any text: each byte of it."""
    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(SPECIAL + LETTERS)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    settings = {
        "pad_token": "<pad>",
        "eos_token": "<eos>",
        "bos_token": "<bos>",
        "extra_special_tokens": SPECIAL[3:],
        "chat_template": TEMPLATE,
        **more,
    }
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **settings)
    fast.save_pretrained(folder)
    return fast


def make_model(folder: Path, name: str = "llama", dtype: torch.dtype = torch.float32, **saving: Any) -> Path:
    """A checkpoint by a name of CONFIGS."""
    make_tokenizer(folder)
    torch.manual_seed(len(name))
    model = AutoModelForCausalLM.from_config(CONFIGS[name](), dtype=dtype)
    for parameter in model.parameters():
        if parameter.dim() == 1:  # biases and norms begin as nothing that could be told from its lack
            torch.nn.init.normal_(parameter, 1.0, 0.3)
    model.save_pretrained(folder, **saving)
    return folder


def edit_json(file: Path, **fields: Any) -> None:
    """Has other values in a file; what is ... is taken out."""
    value = (json.loads(file.read_text()) if file.exists() else {}) | fields
    file.write_text(json.dumps({name: each for name, each in value.items() if each is not ...}))


def as_torch_file(folder: Path) -> None:
    """Weights in torch's own format in place of safetensors."""
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def half_precision(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: tensor.to(torch.float16) for name, tensor in weights.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )


def make_speaker(folder: Path, tokens: Sequence[str | bytes], template: str = TEMPLATE, ends: bool = True) -> Path:
    """A Llama that says one text after any prompt, a token at a time, and then ends, or begins anew.

    Each token knows its follower and looks at nothing else, so none may come twice.
    """
    letters = pre_tokenizers.ByteLevel.alphabet()
    spelled = [token if token in SPECIAL else in_letters(token) for token in tokens]
    words = [*SPECIAL, "<unk>", *sorted(letters), *(word for word in spelled if word not in SPECIAL)]
    words = list(dict.fromkeys(words))
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        unk_token="<unk>",
        extra_special_tokens=SPECIAL[3:],
        chat_template=template,
    )
    fast.save_pretrained(folder)
    follower = dict(zip(spelled, [*spelled[1:], "<eos>" if ends else spelled[0]], strict=True))
    width = len(words) + len(words) % 2
    sizes = {"hidden_size": width, "intermediate_size": 2, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = AutoModelForCausalLM.from_config(LlamaConfig(**{**SIZES, **sizes, "vocab_size": len(words)}))
    with torch.no_grad():
        layer = model.model.layers[0]
        for weight in (layer.self_attn.o_proj.weight, layer.mlp.down_proj.weight, model.lm_head.weight):
            weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(len(words), width))
        for number, word in enumerate(words):
            model.lm_head.weight[words.index(follower.get(word, spelled[0])), number] = 1.0
    model.save_pretrained(folder)
    return folder


def in_letters(token: str | bytes) -> str:
    """A token's bytes as a byte-level vocabulary writes them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    moved = [byte for byte in range(256) if byte not in plain]
    letters = {byte: chr(byte) for byte in plain} | {byte: chr(256 + place) for place, byte in enumerate(moved)}
    return "".join(letters[byte] for byte in (token.encode() if isinstance(token, str) else token))
