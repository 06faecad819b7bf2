"""`python -m trainer.serving.replica --record PLACE [options] -- WORD …`: one replica of a serving pool, as a job.

Picks a free port, starts the engine as its child with `{checkpoint}`, `{host}` and `{port}` filled in, and writes where
that listens to the record, whole or not at all. Record and checkpoint may be addresses of a store, `s3://bucket/key`: a
node fetches the checkpoint once. Hands SIGTERM on; ends when its engine ends, with its exit status, and whatever its
engine left of the process group ends with it. A server that does not answer yet has a record, too: who reads it asks.
Where all are paths it needs Python's own library alone.
"""

import argparse
import ctypes
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="trainer.serving.replica")
    parser.add_argument("--record", required=True, help="a path, or an address of a store")
    parser.add_argument("--checkpoint", default="", help="the same, of the model: an address ends with its digest")
    parser.add_argument("--bind", default="127.0.0.1", help="the address that the engine listens on")
    parser.add_argument("--tell", default="bound", help="bound, ip (of this machine) or hostname: how others reach it")
    parser.add_argument("--ports", default="0-0", help="FIRST-LAST of those that it may take; 0-0: any that is free")
    parser.add_argument("words", nargs="+")
    asked = parser.parse_args(arguments)
    first, last = (int(part) for part in asked.ports.split("-"))
    folder = brought(asked.checkpoint)
    port = free_port(asked.bind, first, last)
    places = {"{checkpoint}": folder, "{host}": asked.bind, "{port}": str(port)}
    words = [
        functools.reduce(lambda said, name: said.replace(name, places[name]), places, word) for word in asked.words
    ]

    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: ended.append(number))
    try:
        engine = subprocess.Popen(words, preexec_fn=end_with_parent)
    except OSError as error:
        print(f"Expected {words[0]} to be a program of this machine, got {error}", file=sys.stderr)
        return 127
    told = {"bound": asked.bind, "ip": own_ip, "hostname": socket.gethostname}[asked.tell]
    host = told if isinstance(told, str) else told()
    write(asked.record, {"host": host, "port": port, "node": socket.gethostname(), "pid": engine.pid})
    handed_on = False
    while (status := engine.poll()) is None:
        if ended and not handed_on:
            handed_on = True
            engine.terminate()
        time.sleep(0.05)
    end_group()
    return status if status >= 0 else 128 - status


def free_port(host: str, first: int, last: int) -> int:
    """One that nobody listens on now. Another may take it before the engine does: the replica ends, and is replaced."""
    for port in range(first, last + 1):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((host, port))
            except OSError:
                continue
            return one.getsockname()[1]
    raise SystemExit(f"Expected one of the ports {first} to {last} of {host} to be free, got none")


def own_ip() -> str:
    """The address by which this machine reaches others. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))
            return one.getsockname()[0]
        except OSError:
            return socket.gethostname()


def end_with_parent() -> None:
    """An engine whose launcher was killed would hold its GPUs, and nobody would know of it. Linux alone has this."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end_group() -> None:
    """Asks what the engine has left behind to end, where the group is ours alone."""
    if os.getpgrp() == os.getpid():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(os.getpgrp(), signal.SIGTERM)


def brought(checkpoint: str) -> str:
    """Its folder on this machine, fetched where it has an address."""
    if not checkpoint.startswith("s3://"):
        return checkpoint
    from trainer.contract.failures import JobFailure
    from trainer.contract.job import Artifact
    from trainer.contract.remote.inputs import bring_checkpoint
    from trainer.contract.remote.placed import CHECKPOINTS, artifact

    named = {"uri": checkpoint, "sha256": checkpoint.rpartition("/")[2]}
    model = Artifact.model_validate(artifact(named, CHECKPOINTS))
    try:
        bring_checkpoint(model)
    except JobFailure as failure:
        raise SystemExit(str(failure)) from failure
    return str(model.path)


def write(record: str, value: dict[str, Any]) -> None:
    if record.startswith("s3://"):
        from trainer.contract.remote import roots, store

        store.write(roots.parsed(record), json.dumps(value).encode())
        return
    path = Path(record)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(value))
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
