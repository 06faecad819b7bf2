"""The job file of shared/training/job.ts: what is wrong with it is said by the field's name."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from trainer.contract.failures import JobFailure
from trainer.contract.files import path_of
from trainer.contract.model import Count, Read, Text, named, sentence
from trainer.contract.thinking import ThinkingFormat

Task = Literal["prove", "refine", "selfVerify", "selfRefine", "verify", "metaVerify"]
FileUrl = Annotated[Path, BeforeValidator(path_of)]
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
    outage_minutes: Positive = 120
    """How long a reward service that is gone, or whose judges are down, is waited for."""
    stall_minutes: Positive = 45
    """How long nothing may move at a service that answers."""


class Hyper(Read):
    """What every kind of training has."""

    max_steps: Count
    learning_rate: Positive
    warmup_steps: int = Field(ge=0)
    max_prompt_tokens: Count
    max_completion_tokens: Count
    checkpoint_every_steps: Count
    seed: int = Field(ge=0, le=2**53)
    max_long_row_share: float = Field(0.05, ge=0, le=1)
    """Share of the rows that may be left out because they are too long. Ours: what a limit that fits cuts off."""


class GrpoVariant(Read):
    """Which GRPO: shared/training/variant.ts, which has what each is and its default."""

    loss_per: Literal["tokens", "sequence", "constant"] = "tokens"
    ratio: Literal["token", "sequence"] = "token"
    baseline: Literal["mean", "leaveOneOut"] = "mean"
    spread: Literal["group", "step", "none"] = "group"
    kl_estimator: Literal["k3", "unbiased"] = "unbiased"
    resample_flat: int = Field(0, ge=0, le=16)
    steps_per_sampling: int = Field(1, ge=1, le=8)


class Watch(Read):
    """A bound on a metric's mean over the last steps, and what follows from its being crossed."""

    metric: Literal[
        "entropy", "kl", "clipShare", "gradientNorm", "flatGroupShare", "truncatedShare", "completionTokens"
    ]
    above: float | None = None
    below: float | None = None
    steps: Count = 5
    policy: Literal["warn", "stop", "fail"]


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
    variant: GrpoVariant = GrpoVariant()
    watches: list[Watch] = Field(default_factory=list)


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
    thinking: ThinkingFormat | None = None
    """None: the model does not think, or not apart from its answer."""
    template_kwargs: dict[Task, dict[str, Any]] = Field(default_factory=dict)
    """What the chat template is given beside the messages, by task."""
    resources: Resources
    output: Output
    resume: Literal["auto"]


class GrpoJob(AnyJob):
    kind: Literal["grpo"]
    reference_checkpoint: Artifact | None = None
    """What the KL term holds the model to; None: where it starts."""
    hyper: GrpoHyper
    reward: RewardSpec


class SftJob(AnyJob):
    kind: Literal["sft"]
    hyper: SftHyper


Job = GrpoJob | SftJob
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
        first = error.errors()[0]
        # A kind's own fields are found below its name.
        place = first["loc"][1:] if first["loc"][:1] in (("grpo",), ("sft",)) else first["loc"]
        raise JobFailure("app", f"job file: {sentence(first, named(place) or 'kind')}") from error
