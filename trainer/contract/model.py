"""The base of what is read and written: keys are camelCase on disk and snake_case here; no type is coerced."""

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, with_config
from pydantic.alias_generators import to_camel, to_snake
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict

STRICT = ConfigDict(alias_generator=to_camel, strict=True, frozen=True, allow_inf_nan=False)
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]


class Read(BaseModel):
    """A part of a file that others write: every field is known, and of its very type."""

    model_config = ConfigDict(**STRICT, extra="forbid")


class Written(Read):
    """A part of a file that others read, put together here by its fields' names."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    def to_json(self, indent: int | None = None) -> str:
        """Fields that are None are left out."""
        return self.model_dump_json(by_alias=True, exclude_none=True, indent=indent)


class Open(BaseModel):
    """What others write with more fields than are read here."""

    model_config = ConfigDict(**STRICT, extra="ignore")


@with_config(ConfigDict(extra="allow"))
class Message(TypedDict):
    """A message of a chat. What else it says, a chat template may read."""

    role: str
    content: str


# What was expected, by pydantic's name of the error; braces are filled from its context.
EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "finite_number": "a number",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_type": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_type": "an object",
    "string_pattern_mismatch": "a text matching {pattern}",
    "string_too_short": "a non-empty text",
    "string_type": "a non-empty text",
    "too_short": "a list of at least one",
    "value_error": "{error}",
}


def snake(name: str) -> str:
    """A field of a file, as it is called here."""
    return to_snake(name)


def named(place: tuple[int | str, ...]) -> str:
    """A field as a person writes it: `datasets[0].rows`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def sentence(error: ErrorDetails, field: str) -> str:
    """One of pydantic's errors as the field, what was expected and what came."""
    kind = error["type"]
    context = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in error.get("ctx", {}).items()
    }
    if kind in ("missing", "union_tag_not_found"):
        return f"{field} is missing"
    if kind == "extra_forbidden":
        return f"{field} is not a known field; remove it or correct its name"
    expected = EXPECTED[kind].format(**context) if kind in EXPECTED else error["msg"]
    given = error["input"]
    if kind == "union_tag_invalid":
        expected, given = context["expected_tags"].replace("'", "").replace(", ", " or "), context["tag"]
    return f"expected {field} to be {expected}, got {json.dumps(given)[:200]}"
