"""The job file of shared/training/job.ts: what is wrong with it is said by the field's name."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from trainer.contract.failures import JobFailure
from trainer.contract.files import path_of
from trainer.contract.model import Read

Text = Annotated[str, Field(min_length=1)]
FileUrl = Annotated[Path, BeforeValidator(path_of)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


class Artifact(Read):
    path: FileUrl = Field(alias="uri")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class DatasetSpec(Artifact):
    role: Text
    rows: Count
    weight: Positive
    """How much of a batch comes from this dataset, relative to the others."""


class RewardSpec(Read):
    url: str = Field(pattern=r"^https?://")
    recipe_sha256: Text
    token_env: Text


class Hyper(Read):
    """What every kind of training has."""

    max_steps: Count
    learning_rate: Positive
    warmup_steps: int = Field(ge=0)
    max_prompt_tokens: Count
    max_completion_tokens: Count
    checkpoint_every_steps: Count
    seed: int = Field(ge=0, le=2**53)


class GrpoHyper(Hyper):
    group_size: int = Field(ge=2)
    prompts_per_step: Count
    kl_coef: float = Field(ge=0)
    clip_low: Positive
    clip_high: Positive
    temperature: Positive
    saturation_reward: float
    saturation_window: Count
    max_unscorable_share: float = Field(ge=0, le=1)


class SftHyper(Hyper):
    rows_per_step: Count


class Resources(Read):
    nodes: int
    gpus_per_node: int
    wall_seconds: int
    queue: Text | None = None


class Output(Read):
    folder: FileUrl = Field(alias="uri")
    """Belongs to the job alone: metrics.jsonl, state/ to resume from, result.json."""
    checkpoints: FileUrl


class AnyJob(Read):
    job_key: Text
    attempt: Count
    engine: Text = "small"
    engine_options: dict[str, Any] = Field(default_factory=dict)
    init_checkpoint: Artifact
    datasets: list[DatasetSpec] = Field(min_length=1)
    resources: Resources
    output: Output
    resume: Literal["auto"]


class GrpoJob(AnyJob):
    kind: Literal["grpo"]
    hyper: GrpoHyper
    reward: RewardSpec


class SftJob(AnyJob):
    kind: Literal["sft"]
    hyper: SftHyper


Job = GrpoJob | SftJob
KINDS = ("grpo", "sft")
JOB: TypeAdapter[Job] = TypeAdapter(Annotated[Job, Field(discriminator="kind")])


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise JobFailure("app", f"cannot read the job file {path}: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise JobFailure("app", f"expected the job file {path} to be JSON: {error}") from error


def parse_job(value: Any) -> Job:
    """Raises JobFailure (class app) that names the first bad field."""
    try:
        return JOB.validate_python(value)
    except ValidationError as error:
        raise JobFailure("app", f"job file: {sentence(error.errors()[0])}") from error


# What was expected, by pydantic's name of the error; braces are filled from its context.
EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "finite_number": "a number",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_type": "a whole number",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_type": "an object",
    "string_pattern_mismatch": "a text matching {pattern}",
    "string_too_short": "a non-empty text",
    "string_type": "a non-empty text",
    "too_short": "a list of at least one",
    "union_tag_invalid": " or ".join(KINDS),
    "value_error": "{error}",
}


def sentence(error: ErrorDetails) -> str:
    """One of pydantic's errors as the field, what was expected and what came."""
    kind = error["type"]
    context = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in error.get("ctx", {}).items()
    }
    # A kind's own fields are found below its name.
    place = [part for index, part in enumerate(error["loc"]) if index > 0 or part not in KINDS]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".") or "kind"
    if kind in ("missing", "union_tag_not_found"):
        return f"{field} is missing"
    if kind == "extra_forbidden":
        return f"{field} is not a known field; remove it or correct its name"
    expected = EXPECTED[kind].format(**context) if kind in EXPECTED else error["msg"]
    given = context["tag"] if kind == "union_tag_invalid" else error["input"]
    return f"expected {field} to be {expected}, got {json.dumps(given)[:200]}"
