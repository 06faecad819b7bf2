"""The job file of shared/job.ts, checked strictly: what is wrong with it is said by the field's name, before anything is loaded."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.contract.failures import JobFailure
from trainer.contract.files import path_of

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Artifact:
    path: Path
    sha256: str


@dataclass(frozen=True)
class DatasetSpec(Artifact):
    role: str
    rows: int
    """How much of a batch comes from this dataset, relative to the others."""
    weight: float


@dataclass(frozen=True)
class RewardSpec:
    url: str
    recipe_sha256: str
    token_env: str


@dataclass(frozen=True)
class Hyper:
    group_size: int
    prompts_per_step: int
    max_steps: int
    learning_rate: float
    warmup_steps: int
    kl_coef: float
    clip_low: float
    clip_high: float
    temperature: float
    max_prompt_tokens: int
    max_completion_tokens: int
    saturation_reward: float
    saturation_window: int
    checkpoint_every_steps: int
    max_unscorable_share: float
    seed: int


@dataclass(frozen=True)
class Job:
    job_key: str
    attempt: int
    kind: str
    init_checkpoint: Artifact
    datasets: tuple[DatasetSpec, ...]
    reward: RewardSpec | None
    hyper: Hyper
    output: Path
    checkpoints: Path


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise JobFailure("app", f"cannot read the job file {path}: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise JobFailure("app", f"expected the job file {path} to be JSON: {error}") from error


def parse_job(value: Any) -> Job:
    """Raises JobFailure (class app) that names the first bad field."""
    top = Fields("job", value)
    kind = top.text("kind", one_of=("grpo", "sft"))
    datasets = top.take("datasets")
    if not isinstance(datasets, list) or not datasets:
        refuse("datasets", "a list of at least one dataset", datasets)
    reward = top.take("reward", optional=True)
    if kind == "grpo" and reward is None:
        refuse("reward", "an object with url, recipeSha256 and tokenEnv for kind grpo", reward)
    resources = Fields("resources", top.take("resources"))
    resources.integer("nodes")
    resources.integer("gpusPerNode")
    resources.integer("wallSeconds")
    resources.text("queue", optional=True)
    resources.done()
    output = Fields("output", top.take("output"))
    job = Job(
        job_key=top.text("jobKey"),
        attempt=top.integer("attempt", low=1),
        kind=kind,
        init_checkpoint=Artifact(**artifact(init := Fields("initCheckpoint", top.take("initCheckpoint")))),
        datasets=tuple(dataset(f"datasets[{index}]", item) for index, item in enumerate(datasets)),
        reward=None if reward is None else reward_spec(reward),
        hyper=hyper(top.take("hyper")),
        output=output.path("uri"),
        checkpoints=output.path("checkpoints"),
    )
    top.text("resume", one_of=("auto",))
    for fields in (init, output, top):
        fields.done()
    if kind == "sft" and job.hyper.kl_coef != 0:
        refuse("hyper.klCoef", "0 for kind sft, which has no reference model", job.hyper.kl_coef)
    return job


def artifact(fields: "Fields") -> dict[str, Any]:
    return {"path": fields.path("uri"), "sha256": fields.text("sha256", matching=SHA256)}


def dataset(name: str, value: Any) -> DatasetSpec:
    fields = Fields(name, value)
    spec = DatasetSpec(
        **artifact(fields),
        role=fields.text("role"),
        rows=fields.integer("rows", low=1),
        weight=fields.number("weight", above=0),
    )
    fields.done()
    return spec


def reward_spec(value: Any) -> RewardSpec:
    fields = Fields("reward", value)
    spec = RewardSpec(
        url=fields.text("url"), recipe_sha256=fields.text("recipeSha256"), token_env=fields.text("tokenEnv")
    )
    if not spec.url.startswith(("http://", "https://")):
        refuse("reward.url", "an http: or https: URL", spec.url)
    fields.done()
    return spec


def hyper(value: Any) -> Hyper:
    fields = Fields("hyper", value)
    result = Hyper(
        group_size=fields.integer("groupSize", low=2),
        prompts_per_step=fields.integer("promptsPerStep", low=1),
        max_steps=fields.integer("maxSteps", low=1),
        learning_rate=fields.number("learningRate", above=0),
        warmup_steps=fields.integer("warmupSteps", low=0),
        kl_coef=fields.number("klCoef", low=0),
        clip_low=fields.number("clipLow", above=0),
        clip_high=fields.number("clipHigh", above=0),
        temperature=fields.number("temperature", above=0),
        max_prompt_tokens=fields.integer("maxPromptTokens", low=1),
        max_completion_tokens=fields.integer("maxCompletionTokens", low=1),
        saturation_reward=fields.number("saturationReward"),
        saturation_window=fields.integer("saturationWindow", low=1),
        checkpoint_every_steps=fields.integer("checkpointEverySteps", low=1),
        max_unscorable_share=fields.number("maxUnscorableShare", low=0, high=1),
        seed=fields.integer("seed", low=0, high=2**53),
    )
    fields.done()
    return result


class Fields:
    """Takes the fields of one JSON object, each once; `done` refuses what nobody asked for."""

    def __init__(self, name: str, value: Any):
        if not isinstance(value, dict):
            refuse(name, "an object", value)
        self.prefix = "" if name == "job" else f"{name}."
        self.left = dict(value)

    def take(self, key: str, optional: bool = False) -> Any:
        if key in self.left:
            return self.left.pop(key)
        if optional:
            return None
        raise JobFailure("app", f"job file: {self.prefix}{key} is missing")

    def done(self) -> None:
        for key in self.left:
            raise JobFailure("app", f"job file: {self.prefix}{key} is not a known field; remove it or correct its name")

    def text(
        self, key: str, optional: bool = False, one_of: tuple[str, ...] = (), matching: re.Pattern[str] | None = None
    ) -> str:
        value = self.take(key, optional)
        if value is None and optional:
            return ""
        if not isinstance(value, str) or not value:
            refuse(self.prefix + key, "a non-empty text", value)
        if one_of and value not in one_of:
            refuse(self.prefix + key, " or ".join(one_of), value)
        if matching is not None and matching.fullmatch(value) is None:
            refuse(self.prefix + key, f"a text matching {matching.pattern}", value)
        return value

    def integer(self, key: str, low: int | None = None, high: int | None = None) -> int:
        value = self.number(key, low=low, high=high)
        if value != int(value):
            refuse(self.prefix + key, "a whole number", value)
        return int(value)

    def number(
        self, key: str, low: float | None = None, high: float | None = None, above: float | None = None
    ) -> float:
        value = self.take(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
            refuse(self.prefix + key, "a number", value)
        if low is not None and value < low:
            refuse(self.prefix + key, f"at least {low}", value)
        if high is not None and value > high:
            refuse(self.prefix + key, f"at most {high}", value)
        if above is not None and value <= above:
            refuse(self.prefix + key, f"more than {above}", value)
        return value

    def path(self, key: str) -> Path:
        value = self.text(key)
        try:
            return path_of(value)
        except ValueError as error:
            raise JobFailure("app", f"job file: {self.prefix}{key}: {error}") from error


def refuse(field: str, expected: str, value: Any) -> None:
    raise JobFailure("app", f"job file: expected {field} to be {expected}, got {json.dumps(value)[:200]}")
