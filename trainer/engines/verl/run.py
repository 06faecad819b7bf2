"""One attempt at a job by verl: what it reads is written, it is started and watched, and its end becomes a result."""

import json
import logging
import os
import shutil
import sys
import time
from typing import Any

from trainer.contract.attempt import Attempt
from trainer.contract.chats import Chats
from trainer.contract.ends import end_of, success
from trainer.contract.examples import prompt_too_long
from trainer.contract.failures import JobFailure, Preempted, classify
from trainer.contract.files import write_atomically
from trainer.contract.job import GrpoJob
from trainer.contract.metrics import Metrics, MetricsLine
from trainer.contract.order import ordered
from trainer.contract.progress import Progress
from trainer.contract.remote.roots import address_of
from trainer.contract.result import Succeeded
from trainer.contract.rows import Long
from trainer.contract.watches import look, refuse_blind
from trainer.engines.verl.child import Child
from trainer.engines.verl.course import progress_of, read_records
from trainer.engines.verl.data import write_rows
from trainer.engines.verl.export import export
from trainer.engines.verl.judging import chats_of
from trainer.engines.verl.lines import Tail, line_of
from trainer.engines.verl.options import VerlOptions, options_of
from trainer.engines.verl.overrides import environment, overrides_of, refuse, template_kwargs
from trainer.engines.verl.place import Place

log = logging.getLogger("trainer")
LOOK_SECONDS = 0.5
GRACE_SECONDS = 15.0
"""How long a step that is under way may take to be saved after SIGTERM: the grace is 20 s."""
KINDS = ("grpo",)


def python_of_verl(options: VerlOptions) -> list[str]:
    return [options.python or os.environ.get("FLYWHEEL_VERL_PYTHON") or sys.executable]


def train(attempt: Attempt) -> Succeeded:
    return Training(attempt).train()


class Training:
    def __init__(self, attempt: Attempt):
        self.attempt = attempt
        job = attempt.job
        assert isinstance(job, GrpoJob)
        self.job = job
        self.options = options_of(job)
        refuse(job, self.options)
        if job.resources.nodes > 1 and not os.environ.get("RAY_ADDRESS"):
            problem = f"expected RAY_ADDRESS to name a Ray cluster for {job.resources.nodes} nodes, got nothing"
            raise JobFailure("app", f"{problem}: start Ray on them, or set training.resources.nodes to 1")
        refuse_blind(job.hyper, {})
        if address_of(job.output.folder) is not None:
            problem = (
                f"the engine verl needs a store that is a folder which all of its nodes share, got {job.output.folder}"
            )
            raise JobFailure("app", f"{problem}; train with the engine trl, or keep the store in such a folder")
        self.kwargs = template_kwargs(job, attempt.datasets)
        self.place = Place(job.output.folder)
        self.left_out: list[Long] = []

    def train(self) -> Succeeded:
        self.prepare()
        self.metrics = Metrics(self.job.output.folder / "metrics.jsonl")
        self.progress = self.resumed()
        log.info("training %s by verl on from step %d", self.job.job_key, self.progress.step)
        try:
            if end_of(self.job, self.progress) is None:
                self.see_through()
            return self.result()
        finally:
            self.place.token.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Writes what verl reads. The table follows from the job alone, so that it is the same in each attempt."""
        job, place = self.job, self.place
        place.work.mkdir(parents=True, exist_ok=True)
        place.state.mkdir(exist_ok=True)
        for path in (place.stop, place.failure):
            path.unlink(missing_ok=True)
        place.token.unlink(missing_ok=True)
        place.token.touch(mode=0o600)
        place.token.write_text(self.attempt.reward_token)
        shutil.rmtree(place.work / "hydra", ignore_errors=True)
        chats = self.chats()
        count = job.hyper.prompts_per_step * job.hyper.max_steps
        rows, order, self.left_out = ordered(
            job,
            self.attempt.datasets,
            lambda row: prompt_too_long(row, chats, job.hyper),
            count,
            job.hyper.prompts_per_step,
        )
        write_rows(place.rows, rows, order, chats)

    def chats(self) -> Chats:
        # Takes seconds; of the model its tokenizer alone is read here.
        from transformers import AutoTokenizer

        folder = self.job.init_checkpoint.path
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
        except Exception as error:
            raise JobFailure("data", f"cannot load the tokenizer of {folder}: {classify(error)[1]}") from error
        return chats_of(self.job, tokenizer)

    def resumed(self) -> Progress:
        """Where the newest whole state stands: rewards as they were taken down, metrics as they were written."""
        step = self.place.saved_step()
        progress = progress_of(read_records(self.place), step)
        lines: dict[int, MetricsLine] = {}
        for text in self.metrics.path.read_text().splitlines() if self.metrics.path.exists() else []:
            line = MetricsLine.model_validate_json(text, by_alias=True)
            lines[line.step] = line
        for number in sorted(number for number in lines if number <= step):
            progress.seconds += lines[number].step_seconds
            look(progress, self.job.hyper.watches, lines[number])
        return progress

    def see_through(self) -> None:
        """Until verl has ended. Raises JobFailure, or Preempted with the step that is saved."""
        job, place, attempt = self.job, self.place, self.attempt
        overrides = overrides_of(job, self.options, place, attempt.file, self.kwargs)
        # verl writes it anew; what an attempt before said is in metrics.jsonl.
        place.log(job.attempt).unlink(missing_ok=True)
        tail = Tail(place.log(job.attempt))
        command = [*python_of_verl(self.options), "-m", "verl.trainer.main_ppo", *overrides]
        child = Child(command, place.work, environment(job, place, attempt.file))
        deadline: float | None = None
        try:
            while child.status is None:
                time.sleep(LOOK_SECONDS)
                self.take_in(tail)
                if place.failure.exists():
                    raise self.noted_failure()
                if attempt.stop.asked and deadline is None:
                    deadline = time.monotonic() + GRACE_SECONDS
                    self.ask_to_stop("SIGTERM")
                if deadline is not None and time.monotonic() > deadline:
                    log.warning("the step under way is not saved: it takes longer than the grace")
                    raise Preempted(place.saved_step())
        finally:
            child.end()
        self.take_in(tail)
        if place.failure.exists():
            raise self.noted_failure()
        if child.status != 0 and attempt.stop.asked:
            # Whoever asks to stop may have asked all of the job's processes.
            raise Preempted(place.saved_step())
        if child.status != 0:
            raise child.failure()
        self.settle()

    def settle(self) -> None:
        """Goes back to the step that is saved, and says what follows from it."""
        saved = self.place.saved_step()
        kept = self.progress
        self.progress = self.resumed()
        self.progress.watched, self.progress.stopped = kept.watched, kept.stopped
        if end_of(self.job, self.progress) is not None:
            return
        if self.attempt.stop.asked:
            raise Preempted(saved)
        raise JobFailure("app", f"verl ended well at step {saved} of {self.job.hyper.max_steps}; its log says why")

    def ask_to_stop(self, why: str) -> None:
        if not self.place.stop.exists():
            write_atomically(self.place.stop, why)

    def take_in(self, tail: Tail) -> None:
        """Has what verl has written since as lines of ours. Raises JobFailure where a watch fails the job."""
        said = list(tail.lines())
        if not said:
            return
        records = {record["step"]: record for record in read_records(self.place)}
        for step, data in said:
            if step not in records:
                continue
            line = line_of(step, data, records[step])
            self.metrics.write(line)
            self.progress.step = step
            look(self.progress, self.job.hyper.watches, line)
        if self.progress.stopped:
            self.ask_to_stop("a training watch")

    def noted_failure(self) -> JobFailure:
        noted: dict[str, Any] = json.loads(self.place.failure.read_text())
        return JobFailure(noted["class"], noted["message"])

    def result(self) -> Succeeded:
        reason = end_of(self.job, self.progress)
        assert reason is not None
        checkpoint = export(self.job, self.place, self.progress.step, python_of_verl(self.options))
        return success(self.attempt, self.progress, reason, checkpoint, self.left_out)
