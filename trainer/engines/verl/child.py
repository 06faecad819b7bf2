"""verl as a process of ours: started in a session of its own, heard, and ended with all that it started."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from trainer.contract.failures import LOST_DEVICE, JobFailure, one_line
from trainer.contract.threads import start_beside

LAST_LINES = 200
OUT_OF_MEMORY = ("OutOfMemoryError", "CUDA out of memory", "out of memory. Tried to allocate")
LOST = (*LOST_DEVICE, "ActorDiedError", "RayActorError", "NodeDiedError", "WorkerCrashedError", "ActorUnavailableError")
"""What Ray and CUDA say when a machine, a process or a device is gone."""


PR_SET_PDEATHSIG = 1
"""Linux's prctl(2)."""


def end_with_parent() -> None:
    """In the new process: a kill of its parent, which holds the output folder, is its end too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """What it prints goes on to this process's log; its end tells why it failed."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str]):
        self.tail: deque[str] = deque(maxlen=LAST_LINES)
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,
            text=True,
            errors="replace",
        )
        self.reader = start_beside("verl", self.pass_on)

    def pass_on(self) -> None:
        for line in self.process.stdout or ():
            self.tail.append(line)
            sys.stderr.write(line)

    @property
    def status(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def end(self) -> None:
        """At once, with the processes that it started here; Ray's on other nodes end with their driver."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.reader.join(5)
        if self.process.stdout:
            self.process.stdout.close()

    def failure(self) -> JobFailure:
        """Why it ended by itself, by what it printed last."""
        self.reader.join(5)
        text = "".join(self.tail)
        said = [line.strip() for line in self.tail if line.strip()]
        reason = next((line for line in reversed(said) if "Error" in line), said[-1] if said else "it printed nothing")
        message = f"verl ended with status {self.status}: {one_line(reason, 400)}"
        if any(sign in text for sign in OUT_OF_MEMORY):
            return JobFailure("capacity", f"{message}; lower engineOptions.tokensPerGpu or memoryShare")
        return JobFailure("infra" if any(sign in text for sign in LOST) else "app", message)
