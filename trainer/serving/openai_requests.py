"""Requests in OpenAI's form, checked field by field: what is wrong is answered with a 400 that names the field."""

import json
from dataclasses import dataclass, field
from typing import Any

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


class BadRequest(Exception):
    def __init__(self, message: str, parameter: str | None, status: int = 400, code: str = "invalid_request_error"):
        super().__init__(message)
        self.parameter = parameter
        self.status = status
        self.code = code

    def body(self) -> dict[str, Any]:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": str(self), "type": kind, "param": self.parameter, "code": self.code}}


@dataclass
class Request:
    model: str
    messages: list[dict[str, Any]] | None
    """Chat messages, or None where `prompt` is given."""
    prompt: str | list[int] | None
    temperature: float
    top_p: float
    max_tokens: int | None
    """None: as far as the context reaches."""
    limit_name: str
    """Which field said so: max_tokens or its newer name."""
    seed: int | None
    stop: list[str] = field(default_factory=list)


def parse_body(body: bytes, chat: bool) -> Request:
    """Raises BadRequest."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"expected a JSON body: {error}", None) from None
    if not isinstance(value, dict):
        raise BadRequest(f"expected a JSON object, got {shown(value)}", None)
    for name, harmless in UNSUPPORTED.items():
        if name in value and value[name] not in harmless:
            raise BadRequest(f"{name} = {shown(value[name])} is not supported by this server; leave it out", name)
    limit_name = "max_completion_tokens" if value.get("max_completion_tokens") is not None else "max_tokens"
    model = value.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest(f"expected model to be the name of a served checkpoint, got {shown(model)}", "model")
    return Request(
        model=model,
        messages=read_messages(value.get("messages")) if chat else None,
        prompt=None if chat else read_prompt(value.get("prompt")),
        temperature=read_number(value, "temperature", 1.0, 0.0, 100.0),
        top_p=read_top_p(value),
        max_tokens=read_max_tokens(limit_name, value.get(limit_name)),
        limit_name=limit_name,
        seed=read_seed(value.get("seed")),
        stop=read_stop(value.get("stop")),
    )


def read_messages(messages: Any) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not messages:
        raise BadRequest(f"expected messages to be a list of at least one message, got {shown(messages)}", "messages")
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if not isinstance(message, dict):
            raise BadRequest(f"expected {place} to be an object, got {shown(message)}", place)
        for key in ("role", "content"):
            if not isinstance(message.get(key), str):
                raise BadRequest(
                    f"expected {place}.{key} to be a text, got {shown(message.get(key))}", f"{place}.{key}"
                )
    return messages


def read_prompt(prompt: Any) -> str | list[int]:
    if isinstance(prompt, str):
        return prompt
    if (
        isinstance(prompt, list)
        and prompt
        and all(isinstance(token, int) and not isinstance(token, bool) for token in prompt)
    ):
        return prompt
    raise BadRequest(f"expected prompt to be a text or a list of token ids, got {shown(prompt)}", "prompt")


def read_number(value: dict[str, Any], name: str, default: float, low: float, high: float) -> float:
    number = value.get(name)
    if number is None:
        return default
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not low <= number <= high:
        raise BadRequest(f"expected {name} to be a number from {low:g} to {high:g}, got {shown(number)}", name)
    return float(number)


def read_top_p(value: dict[str, Any]) -> float:
    top_p = read_number(value, "top_p", 1.0, 0.0, 1.0)
    if top_p == 0.0:
        raise BadRequest("expected top_p to be more than 0 and at most 1, got 0", "top_p")
    return top_p


def read_max_tokens(name: str, number: Any) -> int | None:
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise BadRequest(f"expected {name} to be a whole number of at least 1, got {shown(number)}", name)
    return number


def read_seed(seed: Any) -> int | None:
    if seed is None:
        return None
    if isinstance(seed, bool) or not isinstance(seed, int) or not -(2**63) <= seed < 2**64:
        raise BadRequest(f"expected seed to be a 64-bit whole number, got {shown(seed)}", "seed")
    return seed


def read_stop(stop: Any) -> list[str]:
    if stop is None:
        return []
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or len(stops) > 16 or not all(isinstance(text, str) and text for text in stops):
        raise BadRequest(
            f"expected stop to be a text or a list of at most 16 non-empty texts, got {shown(stop)}", "stop"
        )
    return stops


def shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:79] + "…"
