"""`python -m trainer.train JOB.json`: one attempt at a training job, from the job file to result.json.

Exit status 0: result.json says succeeded or preempted. 1: it says failed. 2: there is no output folder to write it to. 3: another
attempt holds the output folder; nothing was touched.
"""

import fcntl
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from trainer import runtime

runtime.prepare()

from trainer.contract.failures import JobFailure, Preempted, classify, one_line  # noqa: E402
from trainer.contract.files import path_of  # noqa: E402
from trainer.contract.job import Job, parse_job, read_json  # noqa: E402
from trainer.contract.progress import write_result  # noqa: E402

log = logging.getLogger("trainer")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print("usage: python -m trainer.train JOB.json", file=sys.stderr)
        return 0 if "--help" in arguments or "-h" in arguments else 2
    started = time.time()
    stop = EarlyStop()
    signal.signal(signal.SIGTERM, stop.handle)
    try:
        value = read_json(Path(arguments[0]))
        output = output_folder(value)
    except (JobFailure, OSError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 2
    lock = open(output / ".lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"failed: another attempt is running in {output}; wait for it or end it first", file=sys.stderr)
        return 3
    (output / "result.json").unlink(missing_ok=True)
    identity = {"jobKey": str(value.get("jobKey", "")), "attempt": attempt_of(value)}
    try:
        result = attempt(parse_job(value), stop, started)
    except Preempted as error:
        result = {"status": "preempted", "step": error.args[0] if error.args else 0}
    except BaseException as error:
        log.exception("the job failed")
        failure_class, message = classify(error)
        result = {"status": "failed", "class": failure_class, "message": message}
    write_result(output, {"status": result["status"], **identity, **result})
    log.info("%s", one_line(str(result)))
    return 1 if result["status"] == "failed" else 0


class EarlyStop:
    """SIGTERM before training has begun: noted, and handed to the attempt once it listens."""

    def __init__(self) -> None:
        self.asked = False

    def handle(self, _signal: int, _frame: Any) -> None:
        self.asked = True


def output_folder(value: Any) -> Path:
    output = value.get("output") if isinstance(value, dict) else None
    uri = output.get("uri") if isinstance(output, dict) else None
    if not isinstance(uri, str):
        raise JobFailure("app", f"job file: expected output.uri to be an absolute file: URL, got {uri!r}")
    try:
        folder = path_of(uri)
    except ValueError as error:
        raise JobFailure("app", f"job file: output.uri: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def attempt_of(value: dict[str, Any]) -> int:
    attempt = value.get("attempt")
    return attempt if isinstance(attempt, int) and not isinstance(attempt, bool) else 0


def attempt(job: Job, stop: EarlyStop, started: float) -> dict[str, Any]:
    """Trains from the newest state to the end. Returns result.json's fields; raises what went wrong."""
    from trainer.contract.checkpoints import verify_checkpoint
    from trainer.contract.rows import load_rows

    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise JobFailure("app", "this trainer runs as one process on one device; start it without torchrun")
    token = ""
    if job.kind == "grpo":
        assert job.reward is not None
        token = os.environ.get(job.reward.token_env, "")
        if not token:
            raise JobFailure(
                "app",
                f"the environment has no {job.reward.token_env}, which reward.tokenEnv names; set it to the job's token",
            )
    verify_checkpoint(job.init_checkpoint)
    rows = [load_rows(spec, job.kind) for spec in job.datasets]
    if stop.asked:
        raise Preempted(0)
    from trainer.engines.small.session import Session

    return Session(job, rows, token, stop, started).train()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
