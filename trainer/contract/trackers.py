"""Metrics where people look: TensorBoard, Weights & Biases, MLflow, beside metrics.jsonl, which the project reads.

`FLYWHEEL_TRACKERS` names them, separated by commas; each is its own library with its own environment (`WANDB_API_KEY`,
`MLFLOW_TRACKING_URI`, …), imported where it is named and nowhere else. A tracker may be slow or away: it is told from
a thread of its own, and one that fails is said once in the log and told no more. A job's later attempts go on with the
run of the first, whose ids are in `trackers.json` of its folder.
"""

import atexit
import importlib
import json
import logging
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from trainer.contract.failures import JobFailure, one_line
from trainer.contract.files import write_atomically
from trainer.contract.threads import start_beside

log = logging.getLogger("trainer")

SETTING = "FLYWHEEL_TRACKERS"
LAST_WORDS_SECONDS = 10
"""How long a job's end waits for trackers. Ours: half of the grace that a job has."""

Values = dict[str, float]


class Tracker(Protocol):
    def log(self, step: int, values: Values) -> None: ...

    def close(self) -> None: ...


class Runs:
    """The ids of a job's runs, by tracker: another attempt goes on with them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.file = folder / "trackers.json"
        self.ids: dict[str, str] = json.loads(self.file.read_text()) if self.file.exists() else {}

    @property
    def name(self) -> str:
        """The job's key where the folder is one of the store's, `…/jobs/<jobKey>`."""
        parts = self.folder.resolve().parts
        start = len(parts) - parts[::-1].index("jobs") if "jobs" in parts else len(parts) - 1
        return "/".join(parts[start:]) or parts[-1]

    def keep(self, tracker: str, run: str) -> None:
        self.ids[tracker] = run
        write_atomically(self.file, json.dumps(self.ids) + "\n")


class TensorBoard:
    """Event files in the job's folder: `tensorboard --logdir .flywheel/store/jobs` shows all jobs."""

    def __init__(self, runs: Runs):
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(runs.folder / "tensorboard"))

    def log(self, step: int, values: Values) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()


class Wandb:
    def __init__(self, runs: Runs):
        import wandb

        known = runs.ids.get("wandb")
        self.run = wandb.init(
            id=known,
            resume="allow" if known else None,
            name=runs.name,
            project=os.environ.get("WANDB_PROJECT", "proof-flywheel"),
            dir=os.environ.get("WANDB_DIR", str(runs.folder)),
        )
        runs.keep("wandb", self.run.id)

    def log(self, step: int, values: Values) -> None:
        self.run.log(values, step=step)

    def close(self) -> None:
        self.run.finish()


class Mlflow:
    """A server's: MLflow 3 keeps nothing in plain files, and its small package has no database."""

    def __init__(self, runs: Runs):
        from mlflow import MlflowClient

        self.client = MlflowClient(tracking_uri=os.environ["MLFLOW_TRACKING_URI"])
        self.run_id = self.known(runs.ids.get("mlflow")) or self.begun(runs)
        runs.keep("mlflow", self.run_id)

    def known(self, run: str | None) -> str | None:
        """The run, under way again."""
        if run is not None:
            self.client.update_run(run, status="RUNNING")
        return run

    def begun(self, runs: Runs) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "proof-flywheel")
        experiment = self.client.get_experiment_by_name(name)
        place = experiment.experiment_id if experiment else self.client.create_experiment(name)
        return self.client.create_run(place, run_name=runs.name).info.run_id

    def log(self, step: int, values: Values) -> None:
        from mlflow.entities import Metric
        from mlflow.utils.time import get_current_time_millis

        now = get_current_time_millis()
        self.client.log_batch(self.run_id, [Metric(name, value, now, step) for name, value in values.items()])

    def close(self) -> None:
        self.client.set_terminated(self.run_id)


TRACKERS: dict[str, tuple[str, str, Callable[[Runs], Tracker]]] = {
    "tensorboard": ("torch.utils.tensorboard", "tensorboard", TensorBoard),
    "wandb": ("wandb", "wandb", Wandb),
    "mlflow": ("mlflow", "mlflow-skinny", Mlflow),
}
"""Each with the module that it is imported as, the package that has it, and what speaks to it."""


def named_trackers() -> list[str]:
    """Those that the environment names. Raises JobFailure (class app) where one is unknown, or its library not here."""
    names = [name.strip() for name in os.environ.get(SETTING, "").split(",") if name.strip()]
    for name in names:
        if name not in TRACKERS:
            known = ", ".join(TRACKERS)
            raise JobFailure("app", f"expected {SETTING} to name {known}, got {name!r}; leave out what is no tracker")
        module, package, _ = TRACKERS[name]
        try:
            importlib.import_module(module)
        except ImportError as error:
            problem = f"{SETTING} names {name}, whose library this Python has not ({one_line(str(error))})"
            raise JobFailure("app", f"{problem}; install it (pip install {package}), or leave {name} out") from error
        if name == "mlflow" and not os.environ.get("MLFLOW_TRACKING_URI"):
            problem = "expected MLFLOW_TRACKING_URI to name an MLflow server, as FLYWHEEL_TRACKERS names mlflow"
            raise JobFailure("app", f"{problem}, got nothing; set it, or leave mlflow out")
    return names


told: list["Trackers"] = []


def close_trackers() -> None:
    """Waits until those of this process were told all, for a while."""
    while told:
        told.pop().close()


class Trackers:
    """Tells the named trackers of each step, beside the training. Steps up to `told` are on their runs already."""

    def __init__(self, folder: Path, told: int):
        self.told = told
        names = named_trackers()
        self.queue: queue.SimpleQueue[tuple[int, Values] | None] = queue.SimpleQueue()
        self.thread: threading.Thread | None = None
        if names:
            self.thread = start_beside("trackers", self.tell, names, folder)
            told.append(self)
            atexit.register(self.close)

    def log(self, line: dict[str, Any]) -> None:
        if self.thread is not None and line["step"] > self.told:
            self.told = line["step"]
            self.queue.put((line["step"], numbers(line)))

    def close(self) -> None:
        if self.thread is not None:
            self.queue.put(None)
            self.thread.join(LAST_WORDS_SECONDS)
            if self.thread.is_alive():
                log.warning("trackers were not told all within %s s", LAST_WORDS_SECONDS)
            self.thread = None

    def tell(self, names: list[str], folder: Path) -> None:
        trackers: dict[str, Tracker] = {}
        runs = Runs(folder)
        for name in names:
            self.tried(trackers, name, lambda name=name: trackers.update({name: TRACKERS[name][2](runs)}))
        while (item := self.queue.get()) is not None:
            for name, tracker in list(trackers.items()):
                self.tried(trackers, name, lambda tracker=tracker: tracker.log(*item))
        for name, tracker in list(trackers.items()):
            self.tried(trackers, name, tracker.close)

    @staticmethod
    def tried(trackers: dict[str, Tracker], name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            trackers.pop(name, None)
            words = one_line(f"{type(error).__name__}: {error}")
            log.warning("%s fails, and is told no more of this job (metrics.jsonl has it all): %s", name, words)


def numbers(line: dict[str, Any], prefix: str = "") -> Values:
    """A line's numbers by their names, those of parts under the part's: `components/format`."""
    values: Values = {}
    for name, value in line.items():
        if isinstance(value, dict):
            values.update(numbers(value, f"{prefix}{name}/"))
        elif isinstance(value, int | float) and not isinstance(value, bool) and name != "step":
            values[prefix + name] = float(value)
    return values
