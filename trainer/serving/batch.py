"""The running completions of one model: slots that fill and empty while the others go on."""

from dataclasses import dataclass, field
from typing import Any

import numpy
import torch

from trainer.engines.small.llama import FEWEST_ROWS, Llama, columns_for
from trainer.engines.small.sampler import PREFILL_ROWS, draw
from trainer.serving.chat import Chat
from trainer.serving.decoders import Decoder
from trainer.serving.prefixes import LONG, Prefixes


@dataclass(frozen=True)
class Likely:
    """A token of an answer, and the likeliest in its place, by the model's own distribution (temperature 1)."""

    token: int
    log_probability: float
    others: list[tuple[int, float]]


@dataclass(eq=False)
class Call:
    """A request on its way through a batch."""

    prompt: list[int]
    limit: int
    """Most tokens to generate."""
    temperature: float
    top_p: float
    seed: int
    stop: list[str]
    ticket: Any
    """Whoever waits for the answer."""
    alternatives: int | None = None
    """How many of the likeliest tokens are told of each place; None: nothing is told."""
    cancelled: bool = False
    said: list[int] = field(default_factory=list)
    """Tokens so far, for who looks on while it runs."""
    likely: list[Likely] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    ids: list[int]
    """With the token that ended it."""
    finish_reason: str


@dataclass(frozen=True)
class Room:
    """What the calls of one model may take."""

    slots: int
    """Calls at once."""
    context: int | None
    """Tokens of prompt and answer together, where the model takes as many. None: as many as calls need."""
    cache_bytes: int
    """Of what is remembered of running calls."""


FIRST = 512
"""Tokens that there is room for at first where nobody said how many. For longer calls it is doubled: fewer of them run
at once."""


def longest_call(room: Room, positions: int) -> int:
    """Tokens of the longest call to a model that reaches so far. What reaches no further than the rehearsal's is not
    stretched: what its judges are too long for is part of what its laps are."""
    if room.context is not None:
        return min(room.context, positions)
    return positions if positions > 2 * FIRST else min(FIRST, positions)


def uniforms_of(seed: int, count: int) -> numpy.ndarray:
    """The numbers that decide a request's draws: of its seed alone."""
    return numpy.random.Generator(numpy.random.Philox(key=seed % 2**64)).random(count)


class Batch:
    def __init__(self, decoder: Decoder, chat: Chat, room: Room):
        self.decoder = decoder
        self.chat = chat
        self.room = room
        self.most = longest_call(room, decoder.max_context)
        beside = room.cache_bytes // 8
        self.prefixes = Prefixes(decoder, beside) if isinstance(decoder, Llama) else None
        self.make(self.context_for(1))
        self.stops = numpy.zeros(decoder.vocab, dtype=bool)
        self.stops[[stop for stop in chat.stop_ids if stop < decoder.vocab]] = True

    def context_for(self, tokens: int) -> int:
        """How many tokens there has to be room for, for a call of so many."""
        context = self.most if self.room.context is not None else FIRST
        while context < tokens:
            context *= 2
        return min(context, self.most)

    def fits(self, call: Call) -> bool:
        return len(call.prompt) + call.limit <= self.context

    def make(self, context: int) -> None:
        """Makes room for calls of so many tokens, while none runs. Answers do not depend on it."""
        room, decoder = self.room, self.decoder
        self.context = context
        # Of a large model with a long context fewer calls run at once; the others wait.
        self.slots = max(1, min(room.slots, room.cache_bytes // max(1, decoder.row_bytes(context))))
        rows = max(self.slots, FEWEST_ROWS)
        self.cache: Any = None  # the old one's memory is free before the new one takes its own
        self.cache = decoder.new_cache(rows, context)
        self.calls: list[Call | None] = []
        """Slot by slot; None is a hole whose row computes nothing of interest until it is filled."""
        self.positions = numpy.zeros(rows, dtype=numpy.int64)
        self.tokens = numpy.zeros(rows, dtype=numpy.int64)
        self.drawn = numpy.zeros(rows, dtype=numpy.int64)
        self.limits = numpy.ones(rows, dtype=numpy.int64)
        self.temperatures = numpy.ones(rows)
        self.top_p = numpy.ones(rows)
        self.alternatives = numpy.full(rows, -1)
        self.uniforms = numpy.zeros((rows, context))
        self.living = numpy.zeros(rows, dtype=bool)

    @property
    def active(self) -> int:
        return int(self.living.sum())

    @property
    def free(self) -> int:
        return self.slots - self.active

    def admit(self, calls: list[Call]) -> list[tuple[Call, Answer]]:
        """Reads the prompts of at most `free` calls, and draws each one's first token. Returns what ended with it."""
        holes = [row for row in range(len(self.calls)) if self.calls[row] is None]
        ended = []
        # Prompts of like length are read together, at a width that is their own: no request's numbers depend on
        # another's length.
        by_width: dict[int, list[tuple[Call, int]]] = {}
        for call in calls:
            if holes:
                row = holes.pop()
                self.calls[row] = call
            else:
                row = len(self.calls)
                self.calls.append(call)
            self.take(row, call)
            if self.prefixes is not None and len(call.prompt) > LONG:
                ended += self.note_first([row], self.prefixes.prefill(call.prompt, self.cache, row))
                continue
            by_width.setdefault(columns_for(len(call.prompt)), []).append((call, row))
        for placed in by_width.values():
            for start in range(0, len(placed), PREFILL_ROWS):
                chunk = placed[start : start + PREFILL_ROWS]
                rows = [row for _, row in chunk]
                logits = self.decoder.prefill([call.prompt for call, _ in chunk], self.cache, rows)
                ended += self.note_first(rows, logits)
        return ended

    def note_first(self, rows: list[int], logits: torch.Tensor) -> list[tuple[Call, Answer]]:
        return self.note(numpy.array(rows), self.draw(logits, numpy.array(rows)))

    def take(self, row: int, call: Call) -> None:
        self.positions[row] = len(call.prompt)
        self.drawn[row] = 0
        self.limits[row] = call.limit
        self.temperatures[row] = call.temperature
        self.top_p[row] = call.top_p
        self.alternatives[row] = -1 if call.alternatives is None else call.alternatives
        if call.temperature > 0:
            self.uniforms[row, : call.limit] = uniforms_of(call.seed, call.limit)
        self.living[row] = True

    def step(self) -> list[tuple[Call, Answer]]:
        """One token for every living slot. Returns what ended."""
        self.close_gaps()
        count = len(self.calls)
        rows = max(count, FEWEST_ROWS)
        device = self.decoder.device
        tokens = torch.from_numpy(self.tokens[:rows].copy()).to(device)
        positions = torch.from_numpy(self.positions[:rows].copy()).to(device)
        logits = self.decoder.step(tokens, positions, self.cache, columns_for(int(self.positions[:count].max()) + 1))
        living = numpy.flatnonzero(self.living[:count])
        self.positions[living] += 1
        return self.note(
            living,
            self.draw(logits[:count] if living.size == count else logits[torch.from_numpy(living).to(device)], living),
        )

    def draw(self, logits: torch.Tensor, rows: numpy.ndarray) -> numpy.ndarray:
        device = self.decoder.device
        temperatures = self.temperatures[rows]
        uniforms = torch.from_numpy(self.uniforms[rows, self.drawn[rows]]).to(device)
        if (temperatures == 1.0).all() and (self.top_p[rows] == 1.0).all():
            tokens = draw(logits, 1.0, uniforms).cpu().numpy()
        else:
            top_p = self.top_p[rows]
            limited = torch.from_numpy(top_p).to(device) if (top_p < 1.0).any() else None
            tokens = draw(logits, torch.from_numpy(temperatures).to(device), uniforms, limited).cpu().numpy()
        for index in numpy.flatnonzero(self.alternatives[rows] >= 0).tolist():
            self.tell(int(rows[index]), logits[index], int(tokens[index]))
        return tokens

    def tell(self, row: int, logits: torch.Tensor, token: int) -> None:
        call = self.calls[row]
        assert call is not None and call.alternatives is not None
        logs = torch.log_softmax(logits.double(), -1)
        best = logs.topk(min(call.alternatives, len(logs)))
        others = list(zip(best.indices.tolist(), best.values.tolist(), strict=True))
        call.likely.append(Likely(token, float(logs[token]), others))

    def note(self, rows: numpy.ndarray, tokens: numpy.ndarray) -> list[tuple[Call, Answer]]:
        """Records drawn tokens; ends what reached a stop token, a stop text or its limit, or was cancelled."""
        self.tokens[rows] = tokens
        self.drawn[rows] += 1
        stopped = self.stops[tokens]
        full = self.drawn[rows] >= self.limits[rows]
        ended = []
        for row, token, stops, fills in zip(
            rows.tolist(), tokens.tolist(), stopped.tolist(), full.tolist(), strict=True
        ):
            call = self.calls[row]
            assert call is not None
            call.said.append(token)
            reason = "stop" if stops or (call.stop and self.has_stop(call)) else "length" if fills else None
            if reason is not None:
                ended.append((call, Answer(call.said, reason)))
            if reason is not None or call.cancelled:
                self.release(row)
        return ended

    def has_stop(self, call: Call) -> bool:
        text = self.chat.decode(call.said)
        return any(stop in text for stop in call.stop)

    def release(self, row: int) -> None:
        self.calls[row] = None
        self.living[row] = False
        self.positions[row] = 0

    def close_gaps(self) -> None:
        """Moves the last slots into holes once a quarter of the rows are holes."""
        while self.calls and self.calls[-1] is None:
            self.calls.pop()
        holes = [row for row, call in enumerate(self.calls) if call is None]
        if len(holes) * 4 < len(self.calls):
            return
        for hole in holes:
            while self.calls and self.calls[-1] is None:
                self.calls.pop()
            source = len(self.calls) - 1
            if hole >= source:
                break
            self.cache.move(source, hole, int(self.positions[source]))
            for values in (
                self.positions,
                self.tokens,
                self.drawn,
                self.limits,
                self.temperatures,
                self.top_p,
                self.alternatives,
                self.living,
            ):
                values[hole] = values[source]
            self.uniforms[hole] = self.uniforms[source]
            self.calls[hole] = self.calls.pop()
            self.living[source] = False
            self.positions[source] = 0

    def abandon(self) -> list[Call]:
        """Empties all slots. Returns the calls that were in them."""
        calls = [call for call in self.calls if call is not None]
        self.calls.clear()
        self.living[:] = False
        self.positions[:] = 0
        return calls
