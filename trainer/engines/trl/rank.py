"""`python -m trainer.engines.trl.rank JOB.json STARTED TOKENS`: a rank, started by `trainer.distributed`."""

from trainer.distributed import die_with_parent, hand_back, listen

if __name__ == "__main__":
    WORDS = die_with_parent()

from trainer import runtime

runtime.prepare()

import json  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import IO, Any  # noqa: E402

from trainer.contract.attempt import Attempt, StopRequest  # noqa: E402
from trainer.contract.failures import Preempted, chain, classify  # noqa: E402
from trainer.contract.fence import hold  # noqa: E402
from trainer.contract.job import parse_job, read_json  # noqa: E402
from trainer.contract.remote.patience import heed  # noqa: E402
from trainer.contract.remote.words import log_beside  # noqa: E402
from trainer.contract.rows import load_rows  # noqa: E402

log = logging.getLogger("trainer")

# What ranks say when they miss another, which is dead: its own end says why.
LOST_PEER = ("DistBackendError", "DistNetworkError", "DistStoreError", "gloo", "NCCL")


def outcome_of(file: Path, started: float, tokens: int, stop: StopRequest) -> dict[str, Any]:
    """Trains, and says how it ended as `trainer.distributed` and the engine's `train` read it."""
    where: dict[str, Any] = {"doing": "loading the model", "rows": 0, "tokens": 0, "longest": 0}
    try:
        job = parse_job(read_json(file))
        hold(job.output.folder, job.attempt)
        heed(stop)
        log_beside()
        token = os.environ.get(job.reward.token_env, "") if job.kind == "grpo" else ""
        rows = [load_rows(spec, job.kind) for spec in job.datasets]
        # Imports TRL, which takes seconds.
        from trainer.engines.trl.session import Session

        result = Session(Attempt(job, rows, token, stop, started, file), tokens, where).train()
        return {"succeeded": json.loads(result.to_json())}
    except Preempted as error:
        return {"preempted": error.args[0] if error.args else 0}
    except BaseException as error:
        log.exception("rank %s failed", os.environ.get("RANK"))
        failure_class, message = classify(error)
        failed: dict[str, Any] = {"failed": failure_class, "message": message}
        if failure_class == "capacity":
            return {**failed, "notes": where}
        said = [f"{type(cause).__name__}: {cause}" for cause in chain(error)]
        if failure_class != "reward" and any(sign in text for text in said for sign in LOST_PEER):
            return {**failed, "failed": "infra", "missesOthers": True}
        return failed


def main(arguments: list[str], words: IO[bytes]) -> None:
    file, started, tokens = arguments
    stop = StopRequest()
    listen(stop)
    outcome = outcome_of(Path(file), float(started), int(tokens), stop)
    hand_back(words, outcome)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not by the interpreter's own end, which may wait for the other ranks.
    os._exit(1 if "failed" in outcome else 0)


if __name__ == "__main__":
    main(sys.argv[1:], WORDS)
