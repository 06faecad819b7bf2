"""Requests in OpenAI's form: what is wrong is answered with a 400 that names the field."""

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from trainer.contract.model import Count, Message, Open, Text, named, sentence
from trainer.contract.thinking import ThinkingFormat

# Fields that ask for something this server does not do; a value that asks for nothing is fine.
UNSUPPORTED = {
    "n": (1, None),
    "best_of": (1, None),
    "echo": (False, None),
    "suffix": ("", None),
    "tools": ([], None),
    "functions": ([], None),
    "presence_penalty": (0, None),
    "frequency_penalty": (0, None),
    "repetition_penalty": (1, None),
    "min_p": (0, None),
    "top_k": (0, -1, None),
    "logit_bias": ({}, None),
    "response_format": ({"type": "text"}, None),
}
# What a chat template is told by the server.
TEMPLATE_OWN = ("messages", "tools", "documents", "add_generation_prompt")


class Refused(Exception):
    """A request that is not answered; the message goes to the caller."""

    def __init__(
        self, message: str, parameter: str | None, status: int = 400, code: str | None = "invalid_request_error"
    ):
        super().__init__(message)
        self.parameter = parameter
        self.status = status
        self.code = code

    def body(self) -> dict[str, Any]:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": str(self), "type": kind, "param": self.parameter, "code": self.code}}


def read_prompt(prompt: Any) -> Any:
    if isinstance(prompt, str) or (isinstance(prompt, list) and prompt and all(type(token) is int for token in prompt)):
        return prompt
    raise ValueError("a text or a list of token ids")


def read_stop(stop: Any) -> Any:
    stops = [stop] if isinstance(stop, str) else stop
    if isinstance(stops, list) and len(stops) <= 16 and all(isinstance(text, str) and text for text in stops):
        return stops
    raise ValueError("a text or a list of at most 16 non-empty texts")


class StreamOptions(Open):
    model_config = ConfigDict(alias_generator=None)

    include_usage: bool = False


class Request(Open):
    # Fields are named as OpenAI names them.
    model_config = ConfigDict(alias_generator=None)

    model: Text
    temperature: float = Field(1.0, ge=0, le=100)
    top_p: float = Field(1.0, gt=0, le=1)
    max_tokens: Count | None = None
    """None: as far as the context reaches."""
    max_completion_tokens: Count | None = None
    """Its newer name."""
    seed: int | None = Field(None, ge=-(2**63), lt=2**64)
    stop: Annotated[list[str], BeforeValidator(read_stop)] = Field(default_factory=list)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()


class ChatRequest(Request):
    messages: list[Message] = Field(min_length=1)
    chat_template_kwargs: dict[str, Any] = Field(default_factory=dict)
    """What the template is told beside the messages."""
    thinking: ThinkingFormat | None = None
    """How the model marks its thinking, which is then answered apart; None: the tags stay in the text."""
    logprobs: bool = False
    top_logprobs: int = Field(0, ge=0, le=20)


class TextRequest(Request):
    prompt: Annotated[str | list[int], BeforeValidator(read_prompt)]
    logprobs: Literal[False] = False


def parse_body(body: bytes, kind: type[Request]) -> Request:
    """Raises Refused."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(f"expected a JSON body: {error}", None) from None
    if not isinstance(value, dict):
        raise Refused(f"expected a JSON object, got {json.dumps(value)[:80]}", None)
    half = half_letter(value)
    if half is not None:
        raise Refused(f"expected {half} to be a text, got half of a surrogate pair in it", half)
    for name, harmless in UNSUPPORTED.items():
        if name in value and value[name] not in harmless:
            asked = f"{name} = {json.dumps(value[name])[:80]}"
            raise Refused(f"{asked} is not supported by this server; leave it out", name)
    for name in TEMPLATE_OWN:
        if name in (value.get("chat_template_kwargs") or ()):
            raise Refused(f"expected chat_template_kwargs to leave {name} to the server", "chat_template_kwargs")
    if value.get("top_logprobs") and not value.get("logprobs"):
        raise Refused("top_logprobs is of use with logprobs = true alone", "top_logprobs")
    try:
        return kind.model_validate({name: field for name, field in value.items() if field is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = named(first["loc"])
        raise Refused(sentence(first, field), field) from None


def half_letter(value: Any, place: tuple[int | str, ...] = ()) -> str | None:
    """The field whose text has half of a surrogate pair, which no tokenizer takes; None where none has."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return named(place)
        return None
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((half for name, part in parts if (half := half_letter(part, (*place, name))) is not None), None)
