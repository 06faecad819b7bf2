"""Stands for `python -m verl.trainer.main_ppo`: takes its overrides, and does what its driver and workers do with ours.

No model learns: completions are drawn by step and row, and the weights move by the step's number. What is ours is real:
the table, the rewards' way, advantages, when it saves and stops.
"""

import asyncio
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.contract.job import parse_job, read_json
from trainer.engines.verl.course import Course
from trainer.engines.verl.judging import Judge, asking, chats_of, note_failure
from trainer.engines.verl.place import Place

WORDS = ("1", "2", "3", "L1", "+", "=")


def settings_of(overrides: list[str]) -> dict[str, str]:
    return {name.lstrip("+"): value.strip("'") for name, value in (each.split("=", 1) for each in overrides)}


def save(place: Place, step: int, init: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(init)
    next(model.parameters()).data += step / 100
    folder = place.state / f"global_step_{step}"
    model.save_pretrained(folder / "actor" / "huggingface")
    (place.state / "latest_checkpointed_iteration.txt").write_text(str(step))


def main(overrides: list[str]) -> None:
    settings = settings_of(overrides)
    variables = {name.rsplit(".", 1)[1]: value for name, value in settings.items() if "env_vars." in name}
    assert all(os.environ[name] == value for name, value in variables.items()), variables
    job = parse_job(read_json(Path(variables["FLYWHEEL_VERL_JOB"])))
    place = Place(job.output.folder)
    init = Path(settings["actor_rollout_ref.model.path"])
    tokenizer = AutoTokenizer.from_pretrained(init)
    judge = Judge(job, place, chats_of(job, tokenizer), asking(job, place))
    rows = pyarrow.parquet.read_table(settings["data.train_files"]).to_pylist()
    course = Course(job, place)
    per_step, samples = int(settings["data.train_batch_size"]), int(settings["actor_rollout_ref.rollout.n"])

    def completion(seed: str) -> list[int]:
        draw = random.Random(seed)
        words = [draw.choice(WORDS) for _ in range(draw.randint(1, 6))]
        return tokenizer(" ".join([*words, "<eos>"]), add_special_tokens=False)["input_ids"]

    async def rewarded(asked: list[tuple[dict[str, Any], list[int]]]) -> list[dict[str, Any]]:
        return await asyncio.gather(*(judge.reward(row, ids) for row, ids in asked))

    with open(os.environ["VERL_FILE_LOGGER_PATH"], "wb", buffering=0) as log:
        for step in range(course.step + 1, int(settings["trainer.total_training_steps"]) + 1):
            began = time.perf_counter()
            batch = rows[(step - 1) * per_step : step * per_step]
            asked = [
                (row["extra_info"], completion(f"{step}/{place}/{n}"))
                for place, row in enumerate(batch)
                for n in range(samples)
            ]
            said = asyncio.run(rewarded(asked))
            groups = [str(index // samples) for index in range(len(asked))]
            try:
                values = course.advantages([each["score"] for each in said], groups, sum(len(ids) for _, ids in asked))
            except Exception as error:
                note_failure(place, error)
                raise
            ends = course.ends()
            if ends or step % int(settings["trainer.save_freq"]) == 0 or step == job.hyper.max_steps:
                save(place, step, init)
            took = time.perf_counter() - began
            figures = {"timing_s/step": took, "actor/lr": 1e-3, "actor/grad_norm": max(map(abs, values))}
            log.write(json.dumps({"step": step, "data": {**figures, "critic/score/mean": None}}).encode() + b"\n")
            if ends:
                return


main(sys.argv[3:])
