"""Watches over a training: bounds on the mean of a metric over the last steps (shared/training/variant.ts)."""

from trainer.contract.failures import JobFailure
from trainer.contract.job import GrpoHyper, Watch
from trainer.contract.metrics import MetricsLine
from trainer.contract.model import snake
from trainer.contract.progress import Progress


def refuse_blind(hyper: GrpoHyper, unknown: dict[str, str]) -> None:
    """Raises JobFailure (class app) where a watch is of a metric that is not measured; `unknown` says of each why."""
    if hyper.kl_coef == 0:
        unknown = {"kl": "hyper.klCoef is 0, so there is no reference", **unknown}
    for number, watch in enumerate(hyper.watches):
        if watch.metric in unknown:
            problem = f"hyper.watches[{number}] is of {watch.metric}, which is not measured: {unknown[watch.metric]}"
            raise JobFailure("app", f"job file: {problem}; remove the watch, or have it measured")


def look(progress: Progress, watches: list[Watch], line: MetricsLine) -> None:
    """Takes in a step's line, and notes which watches strike.

    Raises JobFailure (class app) where one of policy `fail` does.
    """
    for metric in {watch.metric for watch in watches}:
        value = getattr(line, snake(metric))
        if value is not None:
            most = max(watch.steps for watch in watches if watch.metric == metric)
            progress.figures[metric] = [*progress.figures.get(metric, []), value][-most:]
    for number, watch in enumerate(watches):
        said = struck(progress, watch)
        if said is None:
            continue
        if watch.policy == "fail":
            raise JobFailure("app", f"a training watch ended the job at step {line.step}: {said}")
        progress.watched.setdefault(number, f"step {line.step}: {said}")
        if watch.policy == "stop":
            progress.stopped = True


def struck(progress: Progress, watch: Watch) -> str | None:
    """What a watch says of the last steps; None where it says nothing, or has not seen enough steps."""
    values = progress.figures.get(watch.metric, [])[-watch.steps :]
    if len(values) < watch.steps:
        return None
    mean = sum(values) / len(values)
    over = f"the mean {watch.metric} of the last {watch.steps} steps is {mean:.4g}"
    if watch.above is not None and mean > watch.above:
        return f"{over}, above {watch.above:g}"
    if watch.below is not None and mean < watch.below:
        return f"{over}, below {watch.below:g}"
    return None
