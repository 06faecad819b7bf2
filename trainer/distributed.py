"""Several processes that train as one: started, watched and ended together by the process that was given the job.

That process keeps the contract's duties and computes nothing. Each other, a rank, is told its place by the variables
that torch.distributed reads, whatever the environment says; it hands back one JSON object, its outcome, and ends with
status 0. When one dies the others are ended; when their parent dies they all do.
"""

import ctypes
import fcntl
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from trainer.contract.attempt import StopRequest
from trainer.contract.failures import CLASSES, JobFailure, Preempted

log = logging.getLogger("trainer")

LOOK_SECONDS = 0.05
LAST_WORDS_SECONDS = 3.0
"""How long ranks have to say what they saw, once one of them has gone."""
OTHERS_SECONDS = 60.0
"""How long the ranks of an attempt whose parent was killed have to be gone."""
PARENT = "FLYWHEEL_RANK_PARENT"
# What launchers, schedulers and accelerate's own settings leave in an environment.
INHERITED = re.compile(
    r"(RANK|LOCAL_RANK|GROUP_RANK|NODE_RANK|ROLE_RANK|WORLD_SIZE|LOCAL_WORLD_SIZE|GROUP_WORLD_SIZE|ROLE_WORLD_SIZE"
    r"|MASTER_ADDR|MASTER_PORT|(ACCELERATE|FSDP|TORCHELASTIC|PMI|OMPI_COMM|MV2_COMM|DEEPSPEED)_.*)"
)
PR_SET_PDEATHSIG = 1


@dataclass
class Rank:
    number: int
    process: subprocess.Popen[bytes]
    words: IO[bytes]
    """The file that it writes its outcome to."""
    ended_by_us: bool = False
    outcome: dict[str, Any] = field(default_factory=dict)

    def read(self) -> None:
        self.words.seek(0)
        text = self.words.read()
        self.outcome = json.loads(text) if text.endswith(b"\n") else {}


def run_ranks(command: Sequence[str], count: int, output: Path, stop: StopRequest) -> dict[str, Any]:
    """Starts that many ranks of a Python module with its arguments, and returns what the first hands back.

    Raises JobFailure as the ranks fail, of class infra where one dies; Preempted where they do.
    """
    with open(output / ".ranks", "w") as lock:
        wait_for_others(lock, output, stop)
        ranks: list[Rank] = []
        try:
            port = free_port()
            for number in range(count):
                ranks.append(start(command, number, count, port, lock))
            watch(ranks, stop)
        finally:
            for rank in ranks:
                rank.process.kill()
                rank.process.wait()
                rank.read()
                rank.words.close()
    return judged(ranks)


def wait_for_others(lock: IO[str], output: Path, stop: StopRequest) -> None:
    """Ranks of an attempt that was killed may live a moment longer than their parent; they hold this lock."""
    deadline = time.monotonic() + OTHERS_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if stop.asked:
                raise Preempted(0) from None
            if time.monotonic() > deadline:
                problem = f"processes of an attempt before still train in {output} after {OTHERS_SECONDS:.0f} s"
                raise JobFailure("infra", f"{problem}; end them") from None
            time.sleep(LOOK_SECONDS)


def start(command: Sequence[str], number: int, count: int, port: int, lock: IO[str]) -> Rank:
    words = tempfile.TemporaryFile()  # noqa: SIM115 it lives as long as the rank
    environment = {name: value for name, value in os.environ.items() if not INHERITED.fullmatch(name)}
    place = {"RANK": number, "LOCAL_RANK": number, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    environment |= {name: str(value) for name, value in place.items()}
    environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), PARENT: f"{os.getpid()} {words.fileno()}"}
    # A host's name need not lead to an address that it listens at.
    environment.setdefault("GLOO_SOCKET_IFNAME", "lo")
    # A rank is asked to stop no sooner than it listens: what is blocked here is blocked in it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=environment,
        pass_fds=(words.fileno(), lock.fileno()),
        stdin=subprocess.DEVNULL,
    )
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    return Rank(number, process, words)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def watch(ranks: list[Rank], stop: StopRequest) -> None:
    """Returns when all have ended, of themselves or because one has gone wrong. Hands SIGTERM on."""
    told, deadline = False, float("inf")
    while alive := [rank for rank in ranks if rank.process.poll() is None]:
        if stop.asked and not told:
            told = True
            for rank in alive:
                rank.process.send_signal(signal.SIGTERM)
        if any(rank.process.returncode not in (0, None) for rank in ranks):
            deadline = min(deadline, time.monotonic() + LAST_WORDS_SECONDS)
        if time.monotonic() > deadline:
            for rank in alive:
                rank.ended_by_us = True
                rank.process.kill()
            for rank in alive:
                rank.process.wait()
            return
        time.sleep(LOOK_SECONDS)


def judged(ranks: list[Rank]) -> dict[str, Any]:
    """What the ranks' ends make together.

    A death counts before what others say of it; the first failure before its consequences, which are that others miss
    that rank, or abort.
    """
    deaths = [rank for rank in ranks if rank.process.returncode < 0 and not rank.ended_by_us]
    aborts = [rank for rank in deaths if rank.process.returncode == -signal.SIGABRT]
    said = sorted((rank.outcome for rank in ranks if "failed" in rank.outcome), key=lambda outcome: outcome["at"])
    causes = [outcome for outcome in said if not outcome.get("missesOthers")]
    if len(deaths) > len(aborts) or (aborts and not causes):
        rank = next((rank for rank in deaths if rank not in aborts), deaths[0])
        number = -rank.process.returncode
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        raise JobFailure("infra", f"rank {rank.number} of {len(ranks)} was killed by {name}; the others were ended")
    if said:
        first = (causes or said)[0]
        failure_class = first["failed"] if first["failed"] in CLASSES else "app"
        raise Noted(failure_class, first["message"], first.get("notes", {}))
    if "preempted" in ranks[0].outcome:
        raise Preempted(ranks[0].outcome["preempted"])
    broken = next((rank for rank in ranks if rank.process.returncode != 0 and not rank.ended_by_us), None)
    if broken is not None or not ranks[0].outcome:
        rank = broken or ranks[0]
        problem = f"rank {rank.number} of {len(ranks)} ended with status {rank.process.returncode} and no word of why"
        raise JobFailure("infra", f"{problem}; its log may say")
    return ranks[0].outcome


class Noted(JobFailure):
    """A rank's failure, with what it notes for the next attempt."""

    def __init__(self, failure_class: Any, message: str, notes: dict[str, Any]):
        super().__init__(failure_class, message)
        self.notes = notes


def die_with_parent() -> IO[bytes]:
    """First in a rank: has the system end it when its parent ends. Returns where it writes its outcome."""
    parent, words = map(int, os.environ.pop(PARENT).split())
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.fdopen(words, "wb")


def listen(stop: StopRequest) -> None:
    """In a rank: from now on it takes SIGTERM, also one that came before.

    The signal stays blocked in all threads but one that waits for it, and hands it on to the main thread. Else the
    system may give it to any, of which torch starts many, and a wait in the main thread would not be left.
    """
    signal.signal(signal.SIGUSR1, stop.handle)
    main = threading.main_thread().ident

    def take() -> None:
        signal.sigwait({signal.SIGTERM})
        stop.asked = True
        while True:
            if stop.interruptible:
                signal.pthread_kill(main, signal.SIGUSR1)
            time.sleep(LOOK_SECONDS)

    threading.Thread(target=take, daemon=True).start()


def hand_back(words: IO[bytes], outcome: dict[str, Any]) -> None:
    """Last in a rank. A whole line, or it is no outcome."""
    words.write(json.dumps({**outcome, "at": time.time()}).encode() + b"\n")
    words.flush()
