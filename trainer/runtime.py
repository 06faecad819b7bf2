"""What must be set before torch and transformers are imported, for a job or a server alike."""

import logging
import os
import sys


def prepare() -> None:
    """One thread unless OMP_NUM_THREADS says otherwise, no network, no trackers, no progress bars.

    More threads on shared cores made every engine slower here; and results are bit-identical at one thread only.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("MKL_NUM_THREADS", os.environ["OMP_NUM_THREADS"])
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    for name in (
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "HF_DATASETS_OFFLINE",
        "HF_HUB_DISABLE_TELEMETRY",
        "HF_HUB_DISABLE_PROGRESS_BARS",
    ):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Importing TRL from source text takes twice as long: compiled imports are kept, whatever the environment says.
    sys.dont_write_bytecode = False
    # A line for every request, a completion for every unscorable item: a job's log says neither.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("trl").setLevel(logging.ERROR)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
