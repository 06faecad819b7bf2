"""Requests in OpenAI's form: what is wrong is answered with a 400 that names the field."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from trainer.contract.model import Count, Message, Open, Text, named, sentence

# Fields that ask for something this server does not do; a value that asks for nothing is fine.
UNSUPPORTED = {
    "stream": (False, None),
    "n": (1, None),
    "best_of": (1, None),
    "logprobs": (False, None),
    "top_logprobs": (0, None),
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


class ChatRequest(Request):
    messages: list[Message] = Field(min_length=1)


class TextRequest(Request):
    prompt: Annotated[str | list[int], BeforeValidator(read_prompt)]


def parse_body(body: bytes, kind: type[Request]) -> Request:
    """Raises Refused."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(f"expected a JSON body: {error}", None) from None
    if not isinstance(value, dict):
        raise Refused(f"expected a JSON object, got {json.dumps(value)[:80]}", None)
    for name, harmless in UNSUPPORTED.items():
        if name in value and value[name] not in harmless:
            asked = f"{name} = {json.dumps(value[name])[:80]}"
            raise Refused(f"{asked} is not supported by this server; leave it out", name)
    try:
        return kind.model_validate({name: field for name, field in value.items() if field is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = named(first["loc"])
        raise Refused(sentence(first, field), field) from None
