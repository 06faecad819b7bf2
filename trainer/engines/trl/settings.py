"""A job's settings in the names of TRL and transformers."""

from importlib.util import find_spec
from typing import Any

import torch
from trl import GRPOConfig, SFTConfig

from trainer.contract.failures import JobFailure
from trainer.contract.job import GrpoJob, Job, SftJob
from trainer.contract.variants import grpo_settings
from trainer.engines.trl.options import Options, VllmColocate, VllmServer
from trainer.engines.trl.ranks import PATIENCE

# Decoder layers by the model's own list of what is not to be split.
FSDP2 = {
    "version": 2,
    "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
    "reshard_after_forward": True,
    "state_dict_type": "SHARDED_STATE_DICT",
}


def in_bf16(job: Job, options: Options) -> bool:
    if options.precision is None:
        return job.resources.gpus_per_node > 0 and torch.cuda.is_bf16_supported()
    return options.precision == "bf16"


def check_gpus(job: Job, count: int) -> None:
    """Raises JobFailure (class infra) where this machine shows fewer GPUs than the job was given."""
    seen = torch.cuda.device_count()
    if job.resources.gpus_per_node and seen < count:
        problem = f"expected a GPU for each of {count} processes, as resources.gpusPerNode says, got {seen}"
        raise JobFailure("infra", f"{problem}; see that the driver works and the job may use its GPUs")


def shared_settings(job: Job, options: Options) -> dict[str, Any]:
    """Of both kinds: everything that costs time and teaches nothing is off. A step is one batch of a rank."""
    cpu = job.resources.gpus_per_node == 0
    seed = job.hyper.seed % 2**32
    return {
        "output_dir": str(job.output.folder / "state"),
        "max_steps": job.hyper.max_steps,
        "learning_rate": job.hyper.learning_rate,
        "weight_decay": 0.0,
        "seed": seed,
        "data_seed": seed,
        "gradient_accumulation_steps": 1,
        # The dataset is in the order that training sees it in; a resumed job skips what it has seen.
        "shuffle_dataset": False,
        "save_strategy": "no",
        "logging_strategy": "no",
        "eval_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": False,
        "skip_memory_metrics": True,
        "use_cpu": cpu,
        "bf16": in_bf16(job, options),
        "gradient_checkpointing": options.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "ddp_find_unused_parameters": False,
        "ddp_timeout": int(PATIENCE.total_seconds()),
        # Of one pass it is not that of the step.
        "router_aux_loss_coef": 0.0,
        **({"fsdp": True, "fsdp_config": dict(FSDP2)} if options.sharding == "fsdp2" else {}),
    }


def grpo_config(job: GrpoJob, options: Options, ranks: int, stop_ids: list[int]) -> GRPOConfig:
    hyper = job.hyper
    return GRPOConfig(
        per_device_train_batch_size=hyper.prompts_per_step * hyper.group_size // ranks,
        steps_per_generation=hyper.variant.steps_per_sampling,
        use_liger_kernel=fused(job),
        **vllm_settings(job, options, stop_ids),
        **grpo_settings(hyper),
        **shared_settings(job, options),
    )


def fused(job: GrpoJob) -> bool:
    """Whether Liger computes the loss without all logits at once: on GPUs that have it. It measures no entropy."""
    asked = any(watch.metric == "entropy" for watch in job.hyper.watches)
    return job.resources.gpus_per_node > 0 and not asked and find_spec("liger_kernel") is not None


def vllm_settings(job: GrpoJob, options: Options, stop_ids: list[int]) -> dict[str, Any]:
    """Raises JobFailure (class app) where vLLM is wanted and missing."""
    sampling = options.sampling
    if sampling is None and job.resources.gpus_per_node:
        sampling = VllmColocate(by="vllmColocate", memoryShare=0.3)
    if not isinstance(sampling, VllmColocate | VllmServer):
        return {}
    if find_spec("vllm") is None:
        problem = f"engineOptions.sampling by {sampling.by} needs the package vllm, which is not installed"
        raise JobFailure("app", f"{problem}; install trainer/engines/trl/requirements.in, or sample by transformers")
    hyper = job.hyper
    settings: dict[str, Any] = {"use_vllm": True, "generation_kwargs": {"stop_token_ids": stop_ids}}
    if isinstance(sampling, VllmServer):
        return {**settings, "vllm_mode": "server", "vllm_server_base_url": sampling.url}
    return {
        **settings,
        "vllm_mode": "colocate",
        "vllm_tensor_parallel_size": sampling.tensor_parallel,
        "vllm_gpu_memory_utilization": sampling.memory_share,
        "vllm_max_model_length": hyper.max_prompt_tokens + hyper.max_completion_tokens,
        "vllm_enable_sleep_mode": True,
    }


def sft_config(job: SftJob, options: Options, ranks: int) -> SFTConfig:
    """Rows are tokenized here, so TRL prepares nothing; its loss reads the head on what is learned alone, in chunks."""
    return SFTConfig(
        per_device_train_batch_size=job.hyper.rows_per_step // ranks,
        train_sampling_strategy="sequential",
        dataset_kwargs={"skip_prepare_dataset": True},
        packing=False,
        max_length=None,
        **shared_settings(job, options),
    )
