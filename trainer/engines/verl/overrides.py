"""A job in verl's names: overrides of its `ppo_trainer` configuration. Read from verl 0.9.1.

What verl cannot do is refused by the job's own field.
"""

import json
from pathlib import Path
from typing import Any

from trainer.contract.failures import JobFailure
from trainer.contract.job import GrpoJob
from trainer.contract.rows import Row
from trainer.engines.verl.options import VerlOptions
from trainer.engines.verl.place import ROOT, Place

ESTIMATOR = "flywheel"
"""The name of our advantage estimator in verl's registry."""
LOSSES = {"tokens": "token-mean", "sequence": "seq-mean-token-mean", "constant": "seq-mean-token-sum-norm"}
RATIOS = {"token": "vanilla", "sequence": "gspo"}
NO_DUAL_CLIP = 1e9
"""verl bounds the loss of a bad completion whose ratio is large (dual clip, by default 3); published GRPO does not."""


def refuse(job: GrpoJob, options: VerlOptions) -> None:
    """Raises JobFailure (class app) for what verl cannot do."""
    hyper, variant = job.hyper, job.hyper.variant
    cannot: list[tuple[bool, str]] = [
        (job.resources.gpus_per_node < 1, "resources.gpusPerNode is 0, and verl trains on GPUs alone"),
        (variant.resample_flat > 0, "hyper.variant.resampleFlat: verl samples such groups anew without a bound"),
        (variant.steps_per_sampling > 1, "hyper.variant.stepsPerSampling: verl counts a step for each sampling"),
        (
            hyper.kl_coef > 0 and variant.kl_estimator == "unbiased",
            'hyper.variant.klEstimator "unbiased": verl has no k3 times the ratio; say "k3", or klCoef 0',
        ),
        (
            hyper.kl_coef > 0
            and job.reference_checkpoint is not None
            and job.reference_checkpoint.sha256 != job.init_checkpoint.sha256,
            "referenceCheckpoint: verl holds the model to the one that it starts from",
        ),
        (
            job.resources.gpus_per_node * job.resources.nodes % (options.tensor_parallel * options.sequence_parallel)
            != 0,
            "engineOptions.tensorParallel and sequenceParallel, whose product has to divide the number of GPUs",
        ),
    ]
    for does, what in cannot:
        if does:
            raise JobFailure("app", f"job file: the engine verl cannot do {what}")


def template_kwargs(job: GrpoJob, datasets: list[list[Row]]) -> dict[str, Any]:
    """What the chat template is given. Raises JobFailure (class app) where tasks differ in it: verl has one for all."""
    tasks = sorted({row.task for dataset in datasets for row in dataset})
    said = [job.template_kwargs.get(task, {}) for task in tasks]
    if any(each != said[0] for each in said):
        problem = f"templateKwargs that differ between the tasks {', '.join(tasks)}: verl takes one set for all rows"
        raise JobFailure("app", f"job file: the engine verl cannot do {problem}")
    return said[0]


def overrides_of(job: GrpoJob, options: VerlOptions, place: Place, job_file: Path, kwargs: dict[str, Any]) -> list[str]:
    """The command line of `verl.trainer.main_ppo`, in an order that is the same each time."""
    hyper, variant = job.hyper, job.hyper.variant
    longest = hyper.max_prompt_tokens + hyper.max_completion_tokens
    tokens = max(options.tokens_per_gpu or 2 * longest, longest)
    actor, rollout, model = (f"actor_rollout_ref.{part}" for part in ("actor", "rollout", "model"))
    settings: dict[str, Any] = {
        "data.train_files": str(place.rows),
        # verl wants a file to validate by, and is told to never do so.
        "data.val_files": str(place.rows),
        "data.val_max_samples": 1,
        "data.train_batch_size": hyper.prompts_per_step,
        "data.max_prompt_length": hyper.max_prompt_tokens,
        "data.max_response_length": hyper.max_completion_tokens,
        # The rows stand in the order that training sees them in; verl saves how far it is.
        "data.shuffle": False,
        "data.dataloader_num_workers": 0,
        "data.filter_overlong_prompts": False,
        "data.truncation": "error",
        **{f"+data.apply_chat_template_kwargs.{name}": value for name, value in sorted(kwargs.items())},
        "algorithm.adv_estimator": ESTIMATOR,
        "algorithm.use_kl_in_reward": False,
        f"{model}.path": str(job.init_checkpoint.path),
        f"{model}.trust_remote_code": False,
        f"{model}.enable_gradient_checkpointing": True,
        f"{model}.use_remove_padding": True,
        **lora_settings(options, model),
        f"{actor}.strategy": "fsdp2",
        f"{actor}.ppo_mini_batch_size": hyper.prompts_per_step,
        f"{actor}.ppo_epochs": 1,
        f"{actor}.use_dynamic_bsz": True,
        f"{actor}.ppo_max_token_len_per_gpu": tokens,
        f"{actor}.ulysses_sequence_parallel_size": options.sequence_parallel,
        f"{actor}.clip_ratio": hyper.clip_low,
        f"{actor}.clip_ratio_low": hyper.clip_low,
        f"{actor}.clip_ratio_high": hyper.clip_high,
        f"{actor}.clip_ratio_c": NO_DUAL_CLIP,
        f"{actor}.policy_loss.loss_mode": RATIOS[variant.ratio],
        f"{actor}.loss_agg_mode": LOSSES[variant.loss_per],
        f"{actor}.loss_scale_factor": hyper.max_completion_tokens if variant.loss_per == "constant" else None,
        f"{actor}.entropy_coeff": 0,
        f"{actor}.use_kl_loss": hyper.kl_coef > 0,
        f"{actor}.kl_loss_coef": hyper.kl_coef,
        f"{actor}.kl_loss_type": "low_var_kl",
        f"{actor}.data_loader_seed": hyper.seed % 2**31,
        f"{actor}.optim.lr": hyper.learning_rate,
        f"{actor}.optim.lr_warmup_steps": hyper.warmup_steps,
        f"{actor}.optim.lr_scheduler_type": "constant",
        f"{actor}.optim.weight_decay": 0.0,
        f"{actor}.optim.clip_grad": 1.0,
        f"{actor}.fsdp_config.strategy": "fsdp2",
        f"{actor}.fsdp_config.param_offload": options.offload,
        f"{actor}.fsdp_config.optimizer_offload": options.offload,
        f"{actor}.fsdp_config.seed": hyper.seed % 2**31,
        # With the weights as transformers read them, so that no state is without.
        f"{actor}.checkpoint.save_contents": ["model", "optimizer", "extra", "hf_model"],
        f"{actor}.checkpoint.load_contents": ["model", "optimizer", "extra"],
        "actor_rollout_ref.ref.fsdp_config.strategy": "fsdp2",
        "actor_rollout_ref.ref.fsdp_config.param_offload": options.offload,
        f"{rollout}.name": options.rollout,
        f"{rollout}.n": hyper.group_size,
        f"{rollout}.temperature": hyper.temperature,
        f"{rollout}.top_p": 1.0,
        f"{rollout}.top_k": -1,
        f"{rollout}.seed": hyper.seed % 2**31,
        f"{rollout}.tensor_model_parallel_size": options.tensor_parallel,
        f"{rollout}.gpu_memory_utilization": options.memory_share,
        f"{rollout}.max_model_len": longest,
        "reward.num_workers": options.reward_workers,
        "reward.reward_manager.source": "importlib",
        "reward.reward_manager.name": "FlywheelRewards",
        "reward.reward_manager.module.path": "pkg://trainer.engines.verl.manager",
        "trainer.nnodes": job.resources.nodes,
        "trainer.n_gpus_per_node": job.resources.gpus_per_node,
        "trainer.project_name": "flywheel",
        "trainer.experiment_name": job.job_key.replace("/", "-"),
        "trainer.logger": ["console", "file"],
        "trainer.val_before_train": False,
        "trainer.test_freq": -1,
        "trainer.save_freq": hyper.checkpoint_every_steps,
        "trainer.resume_mode": "auto",
        "trainer.default_local_dir": str(place.state),
        # The one before goes when the next is whole.
        "trainer.max_actor_ckpt_to_keep": 1,
        "trainer.total_epochs": 1,
        "trainer.total_training_steps": hyper.max_steps,
        "trainer.checkpoint_callback_class": "trainer.engines.verl.plugin.Saved",
        **{
            f"+ray_kwargs.ray_init.runtime_env.env_vars.{name}": value
            for name, value in environment(job, place, job_file).items()
        },
        "hydra.run.dir": str(place.work / "hydra"),
        "hydra.output_subdir": None,
    }
    return [f"{name}={written(value)}" for name, value in settings.items()] + options.overrides


def lora_settings(options: VerlOptions, model: str) -> dict[str, Any]:
    if options.lora is None:
        return {}
    return {f"{model}.lora_rank": options.lora.rank, f"{model}.lora_alpha": options.lora.alpha or 2 * options.lora.rank}


def environment(job: GrpoJob, place: Place, job_file: Path) -> dict[str, str]:
    """What verl's processes find in their environment, on whichever node they are. No secret: verl prints it."""
    return {
        "PYTHONPATH": str(ROOT),
        "VERL_USE_EXTERNAL_MODULES": "trainer.engines.verl.plugin",
        "VERL_FILE_LOGGER_PATH": str(place.log(job.attempt)),
        "FLYWHEEL_VERL_JOB": str(job_file),
    }


def written(value: Any) -> str:
    """A value as hydra's command line reads it back: texts quoted, so that no character of a path means anything."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{','.join(written(each) for each in value)}]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return json.dumps(value)
