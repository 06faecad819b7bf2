"""A checkpoint's tokenizer and chat template: renders, encodes and decodes as transformers does; tests compare them.

Without transformers where a tokenizer is no more than its tokenizer.json: importing it costs more than a tiny model's
start. Others are read by transformers, which has rules of its own for every family.
"""

import datetime
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import jinja2
import jinja2.nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from trainer.contract.thinking import Separator, ThinkingFormat

QUESTION = "HERE-STANDS-THE-QUESTION"
NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
# Classes of transformers that take tokenizer.json as it is.
AS_IT_IS = ("PreTrainedTokenizerFast", "TokenizersBackend")
# Fields of tokenizer_config.json by which transformers changes what tokenizer.json says.
CHANGING = ("add_bos_token", "add_eos_token", "added_tokens_decoder", "split_special_tokens")


@dataclass(frozen=True)
class Words:
    """A tokenizer."""

    tokenizer: Tokenizer
    named: Mapping[str, str]
    """Texts of the tokens that have a role, such as eos_token."""
    template: str | None
    tidy: Callable[[str], str] = lambda text: text
    """What is done to a decoded text."""


class Chat:
    def __init__(self, folder: Path):
        words = words_alone(folder) or words_by_transformers(folder)
        self.tokenizer, self.named, self.tidy = words.tokenizer, words.named, words.tidy
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.source = words.template
        self.template = compile_template(words.template) if words.template is not None else None
        self.added = {token.content: number for number, token in self.tokenizer.get_added_tokens_decoder().items()}
        self.stop_ids = sorted(self.ends(folder))
        named = (self.tokenizer.token_to_id(text) for text in self.named.values())
        self.silent = {*self.stop_ids, *named, *self.turn_ids()}
        """Tokens that begin a text, end it or fill it up; all others are part of what was said, special or not."""

    def ends(self, folder: Path) -> set[int]:
        """Tokens that end an answer: the tokenizer's eos, and those by which transformers would end it."""
        config = read_optional(folder / "config.json")
        places = (read_optional(folder / "generation_config.json"), config, config.get("text_config") or {})
        said = next((place["eos_token_id"] for place in places if place.get("eos_token_id") is not None), None)
        own = self.tokenizer.token_to_id(self.named.get("eos_token", ""))
        return {end for end in (own, *(said if isinstance(said, list) else [said])) if type(end) is int}

    def prompt(self, messages: Sequence[Mapping[str, Any]], more: Mapping[str, Any] | None = None) -> str:
        """The text of a chat, ready for the assistant's answer. `more` is what the template is told beside it.

        Raises ValueError where there is no template or it refuses.
        """
        if self.template is None:
            raise ValueError("this model has no chat template; use /v1/completions")
        told = {**self.named, **(more or {})}
        try:
            return self.template.render(
                messages=messages, tools=None, documents=None, add_generation_prompt=True, **told
            )
        except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"the model's chat template refused the messages: {error}") from error

    def prompt_ids(self, messages: Sequence[Mapping[str, Any]], more: Mapping[str, Any] | None = None) -> list[int]:
        return self.encode(self.prompt(messages, more))

    def encode(self, text: str, special: bool = False) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=special).ids

    def turn_ids(self) -> set[int]:
        """Special tokens by which the template has an answer begin."""
        try:
            begin = self.prompt([{"role": "user", "content": QUESTION}]).rpartition(QUESTION)[2]
        except ValueError:
            return set()
        added = self.tokenizer.get_added_tokens_decoder()
        return {token for token in self.encode(begin) if token in added and added[token].special}

    def decode(self, ids: Sequence[int], tags: Collection[int] = ()) -> str:
        """What was said: tags that are special tokens are a part of it, the end is not."""
        silent = self.silent.difference(tags)
        return self.tidy(self.tokenizer.decode([token for token in ids if token not in silent], False))

    def separator(self, form: ThinkingFormat) -> Separator:
        tags = self.encode(form.open + form.close)
        return Separator(form, self.added, self.encode, lambda ids: self.decode(ids, tags))


def words_alone(folder: Path) -> Words | None:
    """None where transformers would make something else of tokenizer.json than it says."""
    config = read_optional(folder / "tokenizer_config.json")
    file = folder / "tokenizer.json"
    changed = any(config.get(name) for name in CHANGING) or config.get("clean_up_tokenization_spaces")
    if not file.exists() or config.get("tokenizer_class") not in AS_IT_IS or changed:
        return None
    tokenizer = Tokenizer.from_file(str(file))
    special = {token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special}
    texts = {name: text_of(config.get(name)) for name in NAMED}
    named = {name: text for name, text in texts.items() if text is not None}
    extra = {text_of(token) for token in config.get("extra_special_tokens") or ()}
    if not special.issuperset({*named.values(), *extra}) or (folder / "special_tokens_map.json").exists():
        return None
    return Words(tokenizer, named, template_in(folder, config.get("chat_template")))


def words_by_transformers(folder: Path) -> Words:
    from transformers import AutoTokenizer

    read = AutoTokenizer.from_pretrained(folder)
    tidies = read.clean_up_tokenization_spaces and type(read.backend_tokenizer.model).__name__ != "BPE"
    template = template_in(folder, read.chat_template)
    return Words(
        read.backend_tokenizer,
        read.special_tokens_map,
        template,
        read.clean_up_tokenization if tidies else Words.tidy,
    )


def template_in(folder: Path, configured: Any) -> str | None:
    """The template of a chat without tools: in a file of its own, else as configured, else as processors have it."""
    file = folder / "chat_template.jinja"
    if file.exists():
        return file.read_text(encoding="utf-8")
    if isinstance(configured, list):
        configured = {each["name"]: each["template"] for each in configured}
    if isinstance(configured, dict):
        configured = configured.get("default")
    return configured or read_optional(folder / "chat_template.json").get("chat_template")


def read_optional(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def text_of(token: Any) -> str | None:
    return token.get("content") if isinstance(token, dict) else token


class Generation(Extension):
    """`{% generation %}` marks what an assistant said, for training; what is within stands as it is."""

    tags: ClassVar = {"generation"}

    def parse(self, parser: Any) -> jinja2.nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("within"), [], [], body).set_lineno(line)

    def within(self, caller: Callable[[], str]) -> str:
        return caller()


def compile_template(source: str) -> jinja2.Template:
    """Raises ValueError where it is no template."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )

    def refuse(message: str) -> None:
        raise jinja2.TemplateError(message)

    def to_json(
        value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
    ) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    try:
        return environment.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        raise ValueError(f"its chat template is none: {error}, line {error.lineno}") from error
