"""TRL as it is documented, on the sizes that test/gpu/trl.py says: what the engine trl is measured against.

Run by torch.distributed.run. Prints completion tokens a second of each step, as one JSON line of the first rank.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from trainer.engines.trl.settings import FSDP2
from trainer.tests.reward_server import answer_to

sizes = json.loads(sys.argv[1])
spans: list[float] = []


class Clock(TrainerCallback):
    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.started = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        spans.append(time.perf_counter() - self.started)


def reward(prompts: list[str], completions: list[str], **_: Any) -> list[float | None]:
    items = ({"itemId": "row", "response": completion} for completion in completions)
    return [answer_to(item).get("reward") for item in items]


rows = [json.loads(line) for line in Path(sizes["rows"]).read_text().splitlines()]
share = sizes["prompts"] * sizes["group"] // sizes["gpus"]
trainer = GRPOTrainer(
    model=sizes["base"],
    reward_funcs=reward,
    train_dataset=Dataset.from_list([{"prompt": row["prompt"]} for row in rows] * sizes["steps"]),
    args=GRPOConfig(
        output_dir=sizes["folder"],
        model_init_kwargs={"dtype": "float32"},
        max_steps=sizes["steps"],
        per_device_train_batch_size=sizes["rowsPerPass"],
        gradient_accumulation_steps=max(1, share // sizes["rowsPerPass"]),
        num_generations=sizes["group"],
        max_completion_length=sizes["completionTokens"],
        beta=0.0,
        bf16=True,
        gradient_checkpointing=True,
        use_vllm=True,
        vllm_mode="colocate",
        vllm_gpu_memory_utilization=sizes["memoryShare"],
        vllm_enable_sleep_mode=True,
        save_strategy="no",
        logging_steps=1,
        report_to="none",
        **({"fsdp": True, "fsdp_config": dict(FSDP2)} if sizes["gpus"] > 1 else {}),
    ),
    callbacks=[Clock()],
)
trainer.train()
if trainer.is_world_process_zero():
    logged = [entry for entry in trainer.state.log_history if "completions/mean_length" in entry]
    samples = sizes["prompts"] * sizes["group"]
    rates = [samples * entry["completions/mean_length"] / span for entry, span in zip(logged, spans, strict=False)]
    print(json.dumps({"tokensPerSecond": rates}))
