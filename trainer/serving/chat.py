"""A checkpoint's tokenizer and chat template without transformers, whose import costs more than a tiny model's start.

Renders and decodes as transformers' tokenizer of the same folder does; a test compares them.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer


class Chat:
    def __init__(self, folder: Path):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        config = read_optional(folder / "tokenizer_config.json")
        special = read_optional(folder / "special_tokens_map.json")
        self.names = {
            name: text_of(config.get(name, special.get(name)))
            for name in ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token")
        }
        self.names = {name: text for name, text in self.names.items() if text is not None}
        template_file = folder / "chat_template.jinja"
        source = template_file.read_text() if template_file.exists() else config.get("chat_template")
        self.template = compile_template(source) if isinstance(source, str) else None
        generation = read_optional(folder / "generation_config.json").get("eos_token_id")
        own = self.tokenizer.token_to_id(self.names.get("eos_token", ""))
        listed = generation if isinstance(generation, list) else [generation]
        self.stop_ids = sorted({stop for stop in (own, *listed) if isinstance(stop, int)})

    def prompt_ids(self, messages: Sequence[dict[str, Any]]) -> list[int]:
        """The prompt of a chat, ready for the assistant's answer.

        Raises ValueError where there is no template or it refuses.
        """
        if self.template is None:
            raise ValueError("this model has no chat template; use /v1/completions")
        try:
            text = self.template.render(
                messages=messages, add_generation_prompt=True, tools=None, documents=None, **self.names
            )
        except jinja2.TemplateError as error:
            raise ValueError(f"the model's chat template refused the messages: {error}") from error
        return self.encode(text, special=False)

    def encode(self, text: str, special: bool) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=special).ids

    def decode(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True)


def read_optional(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def text_of(token: Any) -> str | None:
    return token.get("content") if isinstance(token, dict) else token


def compile_template(source: str) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])

    def refuse(message: str) -> None:
        raise jinja2.TemplateError(message)

    def to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **_: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)

    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    return environment.from_string(source)
