"""`python -m trainer.teach CHECKPOINT_FOLDER`: a base's own texts, after words that are put into its mouth.

Each line of standard input is an ask, each line of standard output an answer, in the order in which they end. A
text depends on its ask alone. The program ends with its input: whoever asks has no more use for it.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from trainer import runtime

runtime.prepare()

import torch  # noqa: E402
from pydantic import Field  # noqa: E402

from trainer.contract.model import Message, Read  # noqa: E402
from trainer.contract.thinking import ThinkingFormat  # noqa: E402
from trainer.serving.batch import Answer, Call, Room  # noqa: E402
from trainer.serving.chat import Chat  # noqa: E402
from trainer.serving.engine import Engine  # noqa: E402

ROOM = Room(slots=32, context=None, cache_bytes=2 * 2**30)


class Ask(Read):
    id: str
    messages: list[Message] = Field(min_length=1)
    forced: str = ""
    """Stands at the beginning of the answer."""
    thinking: ThinkingFormat | None = None
    """Given where the model thinks: the answer comes after thinking that is closed."""
    thought: str | None = None
    """The thinking before the answer. None, of a model that thinks: the thinking itself is asked for."""
    template_kwargs: dict[str, object] = Field(default_factory=dict)
    max_tokens: int = Field(ge=1)
    temperature: float = Field(default=1.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    seed: int

    @property
    def thinks(self) -> bool:
        return self.thinking is not None and self.thought is None


def prompt_of(ask: Ask, chat: Chat) -> list[int]:
    """The prompt, and what is forced after it, as tokens of their own: as a training row has them."""
    text = chat.prompt(ask.messages, ask.template_kwargs)
    begun = ask.forced
    if ask.thinking is not None:
        tail = text.rpartition(ask.messages[-1]["content"].strip() or "\n")[2]
        start, end = ask.thinking.open.strip(), ask.thinking.close.strip()
        begun = "" if tail.rfind(start) > tail.rfind(end) else f"{start}\n"
        if ask.thought is not None:
            begun += f"{ask.thought}\n{end}\n\n{ask.forced}"
    return [*chat.encode(text), *chat.encode(begun)]


def call_of(ask: Ask, chat: Chat, most: int) -> Call:
    """Raises ValueError where the model does not take so many tokens."""
    prompt = prompt_of(ask, chat)
    if len(prompt) + ask.max_tokens > most:
        raise ValueError(f"{ask.id} has {len(prompt)} tokens and asks for {ask.max_tokens}, the model takes {most}")
    stop = [ask.thinking.close.strip()] if ask.thinking is not None and ask.thinks else []
    return Call(prompt, ask.max_tokens, ask.temperature, ask.top_p, ask.seed, stop, ask)


def told(call: Call, answer: Answer, chat: Chat) -> str:
    text = chat.decode(answer.ids)
    for stop in call.stop:
        text = text.partition(stop)[0]
    value = {"id": call.ticket.id, "text": text, "ended": answer.finish_reason == "stop", "tokens": len(answer.ids)}
    return json.dumps(value)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[0]).resolve()

    def deliver(done: list[tuple[Call, Answer | Exception]]) -> None:
        for call, answer in done:
            if isinstance(answer, Exception):
                print(f"failed: {answer}", file=sys.stderr)
                os.kill(os.getpid(), signal.SIGTERM)  # this is the engine's thread, and the other waits for lines
                return
            print(told(call, answer, model.chat), flush=True)

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    engine = Engine(folder.parent, device, ROOM, 1, deliver)
    model = asyncio.run(engine.model(folder.name))
    engine.thread.start()
    for line in sys.stdin:
        engine.submit(model, call_of(Ask.model_validate(json.loads(line)), model.chat, model.batch.most))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
