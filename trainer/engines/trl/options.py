"""The `engineOptions` of the engine trl: shared/training/trlOptions.ts, which says what each is."""

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from trainer.contract.failures import JobFailure
from trainer.contract.job import Job, Positive
from trainer.contract.model import Count, Read, named, sentence

MICRO_BATCH_TOKENS = 16_384
"""Where the job file says nothing. Ours: of 150,000 words' logits as float32 it is 10 GB."""


class Lora(Read):
    rank: Count
    alpha: Positive | None = None
    """None: twice the rank, the library's habit."""


class Transformers(Read):
    by: Literal["transformers"]


class VllmColocate(Read):
    by: Literal["vllmColocate"]
    tensor_parallel: Count = 1
    memory_share: float = Field(0.3, gt=0, lt=1)


class VllmServer(Read):
    by: Literal["vllmServer"]
    url: str = Field(pattern=r"^https?://")


Sampling = Annotated[Transformers | VllmColocate | VllmServer, Field(discriminator="by")]


class Options(Read):
    processes_per_node: Count | None = None
    sharding: Literal["none", "fsdp2"] = "none"
    precision: Literal["bf16", "fp32"] | None = None
    """None: bf16 on GPUs that have it."""
    lora: Lora | None = None
    gradient_checkpointing: bool = False
    micro_batch_tokens: Count = MICRO_BATCH_TOKENS
    sampling: Sampling | None = None
    """None: vLLM on the training's own GPUs; transformers without GPUs."""


def options_of(job: Job) -> Options:
    """Raises JobFailure (class app) that names the first bad field, or what cannot be done together."""
    try:
        options = Options.model_validate(job.engine_options)
    except ValidationError as error:
        first = error.errors()[0]
        # A union's members are named by the field that tells them apart.
        place = tuple(part for part in first["loc"] if part not in ("transformers", "vllmColocate", "vllmServer"))
        raise JobFailure("app", f"job file: {sentence(first, named(('engineOptions', *place)))}") from error
    gpus, nodes = job.resources.gpus_per_node, job.resources.nodes
    if nodes > 1:
        problem = f"expected resources.nodes to be 1 for the engine trl, got {nodes}"
        raise JobFailure("app", f"job file: {problem}; an engine for several nodes is verl")
    count = processes_of(job, options)
    if gpus and count > gpus:
        problem = f"expected engineOptions.processesPerNode to be at most resources.gpusPerNode {gpus}, got {count}"
        raise JobFailure("app", f"job file: {problem}")
    if not gpus:
        for field, value, instead in (
            ("sharding", options.sharding == "fsdp2", "none: accelerate trains CPU ranks with the whole model on each"),
            ("sampling.by", options.sampling is not None and options.sampling.by != "transformers", "transformers"),
        ):
            if value:
                problem = f"engineOptions.{field} needs GPUs, and resources.gpusPerNode is 0; make it {instead}"
                raise JobFailure("app", f"job file: {problem}")
    items, what = per_step(job)
    if items % count:
        problem = f"expected {what} to be divisible by the {count} processes of the training, got {items}"
        raise JobFailure("app", f"job file: {problem}; change it, or engineOptions.processesPerNode")
    return options


def per_step(job: Job) -> tuple[int, str]:
    """What a step's ranks share: how many, and its name."""
    hyper = job.hyper
    if job.kind == "sft":
        return hyper.rows_per_step, "hyper.rowsPerStep"
    for field, value in (
        # A rank must see whole groups, to know which are flat, and to have its share of every step of a sampling.
        ("resampleFlat", hyper.variant.resample_flat > 0),
        ("stepsPerSampling", hyper.variant.steps_per_sampling > 1),
    ):
        if value:
            return hyper.prompts_per_step, f"hyper.promptsPerStep, with hyper.variant.{field},"
    return hyper.prompts_per_step * hyper.group_size, "hyper.promptsPerStep · hyper.groupSize"


def processes_of(job: Job, options: Options) -> int:
    return options.processes_per_node or max(1, job.resources.gpus_per_node)
