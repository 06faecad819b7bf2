"""Jobs of kind sft: handed to the engine `trl`, since a lap takes one engine for all of its trainings."""

import dataclasses
import json

from trainer.contract.attempt import Attempt
from trainer.contract.failures import JobFailure
from trainer.contract.files import write_atomically
from trainer.contract.job import parse_job, read_json
from trainer.contract.result import Succeeded
from trainer.engines import MODULES, load_engine
from trainer.engines.verl.options import options_of
from trainer.engines.verl.place import Place

ENGINE = "trl"
KINDS = ("sft",)


def train(attempt: Attempt) -> Succeeded:
    """As that engine, by a job file of its own: its processes read it."""
    options = options_of(attempt.job)
    if ENGINE not in MODULES:
        raise JobFailure("app", "job file: expected kind to be grpo for engine verl, got 'sft'")
    value = read_json(attempt.file) | {"engine": ENGINE, "engineOptions": options.sft}
    file = Place(attempt.job.output.folder).work / "sft.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, json.dumps(value))
    return load_engine(ENGINE).train(dataclasses.replace(attempt, job=parse_job(value), file=file))
