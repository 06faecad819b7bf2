"""Answers in OpenAI's form, whole or as they grow."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from trainer.contract.thinking import Separator
from trainer.serving.batch import Answer, Call, Likely
from trainer.serving.chat import Chat
from trainer.serving.openai_requests import ChatRequest, Refused, TextRequest

# Seconds between two pieces of an answer that grows; more where reading it takes long, which is then a twentieth.
PACE, READING_SHARE = 0.2, 20
# Seconds of silence after which a line says that there is life.
SILENCE = 10
UNFINISHED_LETTER = "\ufffd"


@dataclass(frozen=True)
class Said:
    """What a model's tokens say."""

    content: str
    reasoning: str = ""
    thinking_tokens: int = 0


@dataclass(frozen=True)
class Asked:
    """A request on its way to its answer."""

    wanted: ChatRequest | TextRequest
    chat: Chat
    call: Call
    separator: Separator | None
    """None: tags of thinking are text."""
    opened: bool
    """Whether the prompt ends in the tag that opens the thinking."""

    def read(self, ids: list[int]) -> Said:
        if self.separator is None:
            return Said(self.cut(self.chat.decode(ids)))
        split = self.separator.split(ids, self.opened)
        thinking = self.cut(split.thinking)
        return Said(self.cut(split.answer) if thinking == split.thinking else "", thinking, split.thinking_tokens)

    def cut(self, text: str) -> str:
        """The text before the first of the texts to stop at."""
        places = [place for place in (text.find(stop) for stop in self.wanted.stop) if place >= 0]
        return text[: min(places)] if places else text

    @property
    def held_back(self) -> int:
        """Letters at the end of a growing text that may still turn out to be a part of something else."""
        tags = self.separator.texts if self.separator is not None else ()
        return max((len(text) - 1 for text in (*self.wanted.stop, *tags)), default=0)

    def so_far(self, ids: list[int]) -> Said:
        """The part of an unfinished answer that more tokens do not change."""
        said = self.read(ids)
        content, reasoning = (self.settled(text) for text in (said.content, said.reasoning))
        return Said(content, said.reasoning if said.content else reasoning)

    def settled(self, text: str) -> str:
        return text[: max(0, len(text) - self.held_back)].rstrip(UNFINISHED_LETTER)

    def usage(self, answer: Answer, said: Said) -> dict[str, Any]:
        prompt, completion = len(self.call.prompt), len(answer.ids)
        thinking = {"completion_tokens_details": {"reasoning_tokens": said.thinking_tokens}} if self.separator else {}
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            **thinking,
        }

    def logprobs(self, likely: list[Likely]) -> dict[str, Any] | None:
        return {"content": [self.told(each) for each in likely]} if self.call.alternatives is not None else None

    def told(self, likely: Likely) -> dict[str, Any]:
        others = [self.entry(*other) for other in likely.others]
        return {**self.entry(likely.token, likely.log_probability), "top_logprobs": others}

    def entry(self, token: int, log_probability: float) -> dict[str, Any]:
        text = self.chat.tokenizer.decode([token], False)
        return {"token": text, "logprob": log_probability, "bytes": list(text.encode())}


def head_of(asked: Asked, growing: bool = False) -> dict[str, Any]:
    chat = isinstance(asked.wanted, ChatRequest)
    return {
        "id": f"{'chatcmpl' if chat else 'cmpl'}-{secrets.token_hex(12)}",
        "object": ("chat.completion.chunk" if growing else "chat.completion") if chat else "text_completion",
        "created": int(time.time()),
        "model": asked.wanted.model,
    }


def body_of(asked: Asked, answer: Answer) -> dict[str, Any]:
    said = asked.read(answer.ids)
    if isinstance(asked.wanted, ChatRequest):
        reasoning = {"reasoning_content": said.reasoning or None} if asked.separator else {}
        part = {"message": {"role": "assistant", "content": said.content, **reasoning}}
    else:
        part = {"text": said.content}
    choice = {"index": 0, "finish_reason": answer.finish_reason, "logprobs": asked.logprobs(asked.call.likely), **part}
    return {**head_of(asked), "choices": [choice], "usage": asked.usage(answer, said)}


async def pieces_of(asked: Asked) -> AsyncIterator[str]:
    """The answer as server-sent events: what is new, every now and then; the end's reason; the usage if wanted."""
    try:
        async for piece in growing(asked):
            yield f"data: {json.dumps(piece)}\n\n" if piece else ": still at it\n\n"
    except Refused as error:
        yield f"data: {json.dumps(error.body())}\n\n"
        return
    finally:
        asked.call.cancelled = True  # whoever asked may have hung up
    yield "data: [DONE]\n\n"


async def growing(asked: Asked) -> AsyncIterator[dict[str, Any] | None]:
    """None where nothing is new, though there is life."""
    call, head, chat = asked.call, head_of(asked, growing=True), isinstance(asked.wanted, ChatRequest)

    def piece(delta: dict[str, Any], reason: str | None = None, likely: list[Likely] | None = None) -> dict[str, Any]:
        part = {"delta": delta} if chat else {"text": delta.get("content", "")}
        choice = {"index": 0, "finish_reason": reason, "logprobs": asked.logprobs(likely) if likely else None, **part}
        return {**head, "choices": [choice]}

    yield piece({"role": "assistant", "content": ""})
    sent, told, pace, spoken = Said(""), 0, PACE, time.monotonic()
    while True:
        await asyncio.wait((call.ticket,), timeout=pace)
        answer: Answer | None = call.ticket.result() if call.ticket.done() else None
        began = time.perf_counter()
        said = asked.so_far(list(call.said)) if answer is None else asked.read(answer.ids)
        pace = max(PACE, READING_SHARE * (time.perf_counter() - began))
        delta = {
            name: after[len(before) :]
            for name, before, after in (
                ("reasoning_content", sent.reasoning, said.reasoning),
                ("content", sent.content, said.content),
            )
            if len(after) > len(before) and after.startswith(before)
        }
        likely = call.likely[told:]
        if delta or likely:
            sent = Said(sent.content + delta.get("content", ""), sent.reasoning + delta.get("reasoning_content", ""))
            told, spoken = told + len(likely), time.monotonic()
            yield piece(delta, None, likely)
        elif answer is None and time.monotonic() > spoken + SILENCE:
            spoken = time.monotonic()
            yield None
        if answer is not None:
            if (sent.content, sent.reasoning) != (said.content, said.reasoning):
                raise Refused("the answer's text changed as it grew; ask without stream", None, 500, None)
            yield piece({}, answer.finish_reason)
            if asked.wanted.stream_options.include_usage:
                yield {**head, "choices": [], "usage": asked.usage(answer, said)}
            return
