"""The thread that computes: takes calls as they come, keeps every model's batch running, hands answers back."""

import asyncio
import collections
import logging
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch

from trainer.serving.batch import Answer, Batch, Call, Room
from trainer.serving.chat import Chat
from trainer.serving.decoders import decoder_of
from trainer.serving.openai_requests import Refused

log = logging.getLogger("trainer.serve")
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
# A prompt read alone costs as much as one read with others: while others decode, newcomers wait this many steps for
# company.
STEPS_BETWEEN_ADMISSIONS = 3


class Model:
    """A resident checkpoint: its tokenizer for whoever asks, its batch for the engine's thread alone."""

    def __init__(self, name: str, folder: Path, device: torch.device, room: Room):
        self.name = name
        self.chat = Chat(folder)
        self.batch = Batch(decoder_of(folder, device), self.chat, room)
        self.waiting: collections.deque[Call] = collections.deque()
        self.used = time.monotonic()
        self.steps_to_admission = 0

    @property
    def busy(self) -> bool:
        return bool(self.waiting) or self.batch.active > 0


class Engine:
    """Serves the checkpoint folders below one directory. `deliver` gets finished calls, on the engine's thread."""

    def __init__(
        self,
        checkpoints: Path,
        device: torch.device,
        room: Room,
        resident: int,
        deliver: Callable[[list[tuple[Call, Answer | Exception]]], None],
    ):
        self.checkpoints = checkpoints
        self.device = device
        self.room = room
        self.resident = resident
        self.deliver = deliver
        self.models: dict[str, Model] = {}
        self.loading: dict[str, asyncio.Future[Model]] = {}
        self.arrivals: collections.deque[tuple[Model, Call]] = collections.deque()
        self.wake = threading.Event()
        self.stopping = False
        self.thread = threading.Thread(target=self.run, name="engine", daemon=True)

    # Called from the event loop:

    async def model(self, name: str) -> Model:
        """The resident model of that name, loaded if need be.

        Raises Refused (404) where there is none, (400) where it cannot run here.
        """
        resident = self.models.get(name)
        if resident is not None:
            resident.used = time.monotonic()
            return resident
        if name not in self.loading:
            folder = self.checkpoints / name
            if MODEL_NAME.fullmatch(name) is None or not (folder / "config.json").is_file():
                raise Refused(f"the model {name[:80]!r} does not exist here", "model", 404, "model_not_found")
            self.loading[name] = asyncio.ensure_future(self.load(name, folder))
        try:
            return await asyncio.shield(self.loading[name])
        except Exception as error:
            reason = str(error).strip()[:500] or type(error).__name__
            raise Refused(f"the model {name!r} cannot be served: {reason}", "model", 400, "model_unusable") from error

    async def load(self, name: str, folder: Path) -> Model:
        """Makes a model resident; the idle ones unused for longest go, once there are too many."""
        try:
            model = await asyncio.to_thread(Model, name, folder, self.device, self.room)
        finally:
            del self.loading[name]
        idle = sorted((other for other in self.models.values() if not other.busy), key=lambda other: other.used)
        for other in idle[: max(0, len(self.models) + 1 - self.resident)]:
            del self.models[other.name]
        self.models[model.name] = model
        log.info("model %s is resident, %d in all", model.name, len(self.models))
        return model

    def available(self) -> list[str]:
        names = (entry.name for entry in self.checkpoints.iterdir()) if self.checkpoints.is_dir() else iter(())
        return sorted(
            name for name in names if MODEL_NAME.fullmatch(name) and (self.checkpoints / name / "config.json").is_file()
        )

    def submit(self, model: Model, call: Call) -> None:
        self.arrivals.append((model, call))
        self.wake.set()

    def stop(self) -> None:
        self.stopping = True
        self.wake.set()

    # On the engine's thread:

    def run(self) -> None:
        working: list[Model] = []
        while not self.stopping:
            if not working and not self.arrivals:
                self.wake.wait()
            self.wake.clear()
            while self.arrivals:
                model, call = self.arrivals.popleft()
                model.waiting.append(call)
                if model not in working:
                    working.append(model)
            done: list[tuple[Call, Answer | Exception]] = []
            for model in working:
                done += self.advance(model)
            if done:
                self.deliver(done)
            working = [model for model in working if model.busy]

    def advance(self, model: Model) -> list[tuple[Call, Answer | Exception]]:
        """One step of a model's batch, after newcomers were let in.

        A fault in the batch fails its calls, not the server.
        """
        batch = model.batch
        done: list[tuple[Call, Answer | Exception]] = []
        try:
            model.steps_to_admission -= 1
            if model.waiting and batch.active == 0 and not batch.fits(first := model.waiting[0]):
                batch.make(batch.context_for(len(first.prompt) + first.limit))
            if model.waiting and batch.free and (batch.active == 0 or model.steps_to_admission <= 0):
                calls = []
                # One that is too long for the room that there is waits until nobody is in it; so do those behind it.
                while model.waiting and len(calls) < batch.free and batch.fits(model.waiting[0]):
                    call = model.waiting.popleft()
                    if not call.cancelled:
                        calls.append(call)
                if calls:
                    done += batch.admit(calls)
                model.steps_to_admission = STEPS_BETWEEN_ADMISSIONS
            if batch.active:
                done += batch.step()
        except Exception as error:
            log.exception("a batch of %s failed", model.name)
            calls = batch.abandon()
            done += [(call, error) for call in calls]
        return done
