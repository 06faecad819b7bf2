"""`python -m trainer.tests.read_tracked FOLDER`: what trackers were told of a job, as JSON, read by their libraries."""

import json
import sys
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder = Path(sys.argv[1])
ids = json.loads((folder / "trackers.json").read_text())


def of_tensorboard() -> dict[str, Any]:
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return {name: [[event.step, round(event.value, 3)] for event in events.Scalars(name)] for name in TOLD}


def of_mlflow() -> dict[str, Any]:
    client = MlflowClient()
    run = client.get_run(ids["mlflow"])
    history = {name: client.get_metric_history(run.info.run_id, name) for name in TOLD}
    points = {name: sorted([point.step, round(point.value, 3)] for point in found) for name, found in history.items()}
    return {"name": run.info.run_name, "status": run.info.status, **points}


def of_wandb() -> dict[str, Any]:
    """Of runs that are not sent yet only the folders tell: one for each attempt, all of one run."""
    runs = sorted((folder / "wandb").glob("offline-run-*"))
    return {"attempts": len(runs), "runs": len({run.name.rsplit("-", 1)[1] for run in runs})}


TOLD = ("reward", "entropy", "components/format")
print(json.dumps({"tensorboard": of_tensorboard(), "mlflow": of_mlflow(), "wandb": of_wandb()}))
