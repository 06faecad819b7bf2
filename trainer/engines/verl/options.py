"""What `engineOptions` may say to the engine verl."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from trainer.contract.failures import JobFailure
from trainer.contract.job import Job
from trainer.contract.model import Count, Read, Text, named, sentence


class Lora(Read):
    rank: Count
    alpha: Count | None = None
    """None: twice the rank."""


class VerlOptions(Read):
    """How a training is laid out on GPUs."""

    python: Text | None = None
    """The interpreter that has verl, on every node. None: FLYWHEEL_VERL_PYTHON, else that of this program."""
    rollout: Literal["vllm", "sglang"] = "vllm"
    """What samples completions."""
    tensor_parallel: Count = 1
    """GPUs that a sampler is spread over."""
    memory_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Of a GPU's memory, for the sampler."""
    tokens_per_gpu: Count | None = None
    """Of a forward and backward pass. None: two of the longest sequences."""
    sequence_parallel: Count = 1
    """GPUs that one long sequence is spread over."""
    offload: bool = False
    """Parameters and optimizer wait in the machine's memory while completions are sampled."""
    lora: Lora | None = None
    """None: all weights are trained."""
    reward_workers: Count = 4
    """Processes that ask for rewards."""
    sft: dict[str, Any] = Field(default_factory=dict)
    """The options of the engine `trl`, which trains the jobs of kind sft."""
    overrides: list[Text] = Field(default_factory=list)
    """More of verl's settings, as `key=value`; they come last, and nobody checks what they do."""


def options_of(job: Job) -> VerlOptions:
    """Raises JobFailure (class app) that names the first bad option."""
    try:
        return VerlOptions.model_validate(job.engine_options)
    except ValidationError as error:
        first = error.errors()[0]
        raise JobFailure("app", f"job file: {sentence(first, named(('engineOptions', *first['loc'])))}") from error
