"""`python -m trainer.train JOB.json`: one attempt at a training job, from the job file to result.json.

The job file is a path or an address of a store, `s3://bucket/key`.

Exit status 0: result.json says succeeded or preempted. 1: it says failed. 2: there is no output folder to write it to.
3: another attempt holds the output folder; nothing was touched. 4: a later attempt has taken over (fence.py). 5: the
store was away for too long, and has no result.
"""

import fcntl
import logging
import os
import sys
import time
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from trainer import runtime

runtime.prepare()

from trainer.contract.attempt import Attempt, StopRequest  # noqa: E402
from trainer.contract.failures import JobFailure, Preempted, classify, one_line  # noqa: E402
from trainer.contract.fence import LOOK_SECONDS, Fence, hold  # noqa: E402
from trainer.contract.files import path_of  # noqa: E402
from trainer.contract.job import Job, parse_job  # noqa: E402
from trainer.contract.remote.arrival import arrive  # noqa: E402
from trainer.contract.remote.inputs import bring_checkpoint, bring_dataset  # noqa: E402
from trainer.contract.remote.kept import removed  # noqa: E402
from trainer.contract.remote.patience import Away  # noqa: E402
from trainer.contract.remote.roots import by_address  # noqa: E402
from trainer.contract.remote.stay import Taken, clear, file_of, read_job, stay  # noqa: E402
from trainer.contract.result import Ended, Failed, Stopped, Succeeded, write_result  # noqa: E402
from trainer.contract.rows import load_rows  # noqa: E402
from trainer.contract.trackers import named_trackers  # noqa: E402
from trainer.engines import engine_of  # noqa: E402

log = logging.getLogger("trainer")

WAIT_SECONDS = 12 * LOOK_SECONDS
"""How long the attempt before has to notice that it was followed. Ours: a minute, many looks of a slow disk."""


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print("usage: python -m trainer.train JOB.json", file=sys.stderr)
        return 0 if "--help" in arguments or "-h" in arguments else 2
    started = time.time()
    stop = StopRequest()
    stop.listen()
    try:
        value = read_job(arguments[0], stop)
        output = output_folder(value)
    except (JobFailure, OSError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 2
    try:
        fence = hold(output, number if type(number := value.get("attempt")) is int else 0)
        fence.check()
        with open(output / ".lock", "w") as lock:
            if not locked(lock, fence, stop):
                raise Taken
            with stay(output, fence):
                fence.check()
                fence.watch()
                (output / "result.json").unlink(missing_ok=True)
                removed(output / "result.json")
                result = ended(file_of(arguments[0], value, output), value, stop, started)
                write_result(output, result)
                log.info("%s", one_line(result.to_json()))
            if result.status == "succeeded":
                clear(output)
    except Taken:
        place = by_address(str(output))
        print(f"failed: another attempt is running in {place}; wait for it or end it first", file=sys.stderr)
        return 3
    except Away as error:
        log.error("the attempt ends without a result: %s", error)
        return 5
    except JobFailure as error:
        print(f"failed: {error}", file=sys.stderr)
        return 2
    return 1 if result.status == "failed" else 0


def locked(lock: TextIOWrapper, fence: Fence, stop: StopRequest) -> bool:
    """Whether the folder is ours. Whom the fence names waits until the attempt before it has seen that, too."""
    patience = time.time() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if fence.turn() != fence.attempt or stop.asked or time.time() > patience:
                return False
            time.sleep(0.2)


def output_folder(value: Any) -> Path:
    output = value.get("output") if isinstance(value, dict) else None
    uri = output.get("uri") if isinstance(output, dict) else None
    try:
        folder = path_of(uri)
    except ValueError as error:
        raise JobFailure("app", f"job file: expected output.uri to be {error}, got {uri!r}") from error
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def ended(file: Path, value: dict[str, Any], stop: StopRequest, started: float) -> Ended:
    """How the attempt ends, whatever happens."""
    number = value.get("attempt")
    identity = {"job_key": str(value.get("jobKey", "")), "attempt": number if type(number) is int else 0}
    try:
        return attempt(file, parse_job(value), stop, started)
    except Preempted as error:
        return Stopped(**identity, step=error.args[0] if error.args else 0)
    except BaseException as error:
        log.exception("the job failed")
        failure_class, message = classify(error)
        return Failed(**identity, failure_class=failure_class, message=by_address(message))


def attempt(file: Path, job: Job, stop: StopRequest, started: float) -> Succeeded:
    """Trains from the newest state to the end. Raises what went wrong."""
    engine = engine_of(job)
    named_trackers()
    token = ""
    if job.kind == "grpo":
        name = job.reward.token_env
        token = os.environ.get(name, "")
        if not token:
            problem = f"the environment has no {name}, which reward.tokenEnv names"
            raise JobFailure("app", f"{problem}; set it to the job's token")
    arrive(job.output.folder)
    bring_checkpoint(job.init_checkpoint)
    if job.kind == "grpo" and job.reference_checkpoint:
        bring_checkpoint(job.reference_checkpoint)
    for spec in job.datasets:
        bring_dataset(spec)
    rows = [load_rows(spec, job.kind) for spec in job.datasets]
    if stop.asked:
        raise Preempted(0)
    return engine.train(Attempt(job, rows, token, stop, started, file))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
