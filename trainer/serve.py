"""`python -m trainer.serve --checkpoints DIR --port P`: a folder's checkpoints over the OpenAI API, many calls at once.

A model's name is its folder's name (a digest); it is loaded at its first use. Calls run together in slots, but a call's
answer depends on its model, prompt, sampling and seed alone. SIGTERM: no new calls, those under way are finished, then
the process ends.
"""

import argparse
import asyncio
import logging
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from trainer import runtime

runtime.prepare()

import torch  # noqa: E402
import uvicorn  # noqa: E402
from fastapi import FastAPI, Request, Response  # noqa: E402
from fastapi.responses import JSONResponse, StreamingResponse  # noqa: E402

from trainer.serving.batch import Answer, Call, Room  # noqa: E402
from trainer.serving.engine import Engine, Model  # noqa: E402
from trainer.serving.openai_requests import ChatRequest, Refused, TextRequest, parse_body  # noqa: E402
from trainer.serving.replies import Asked, body_of, pieces_of  # noqa: E402

log = logging.getLogger("trainer.serve")


class Server:
    """The API's routes over one engine."""

    def __init__(self, checkpoints: Path, device: torch.device, room: Room, resident: int):
        self.engine = Engine(checkpoints, device, room, resident, self.deliver)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.draining = False

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        self.loop = asyncio.get_running_loop()
        self.engine.thread.start()
        yield
        self.engine.stop()
        await asyncio.to_thread(self.engine.thread.join, 10)

    def deliver(self, done: list[tuple[Call, Answer | Exception]]) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(settle, done)

    async def chat_completions(self, request: Request) -> Response:
        return await self.complete(request, ChatRequest)

    async def completions(self, request: Request) -> Response:
        return await self.complete(request, TextRequest)

    async def complete(self, request: Request, kind: type[ChatRequest | TextRequest]) -> Response:
        try:
            wanted = parse_body(await request.body(), kind)
            model = await self.engine.model(wanted.model)
            asked = read_request(wanted, model)
            self.engine.submit(model, asked.call)
            if wanted.stream:
                return StreamingResponse(pieces_of(asked), media_type="text/event-stream")
            answer = await self.answer(asked.call, request)
        except Refused as error:
            return JSONResponse(error.body(), error.status)
        return JSONResponse(body_of(asked, answer))

    async def answer(self, call: Call, request: Request) -> Answer:
        """Waits for the engine; a caller who hangs up frees the slot."""
        gone = asyncio.ensure_future(disconnected(request))
        try:
            await asyncio.wait((call.ticket, gone), return_when=asyncio.FIRST_COMPLETED)
            if not call.ticket.done():
                call.cancelled = True
                raise Refused("the caller hung up", None, 499, "cancelled")
            return call.ticket.result()
        finally:
            gone.cancel()

    async def models(self, _request: Request) -> Response:
        names = self.engine.available()
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "flywheel"} for name in names]
        return JSONResponse({"object": "list", "data": data})

    async def health(self, _request: Request) -> Response:
        engine = self.engine
        status = {
            "status": "ok",
            "pid": os.getpid(),
            "models": list(engine.models),
            "slots": engine.room.slots,
            "active": sum(model.batch.active for model in engine.models.values()),
        }
        return JSONResponse(status, 200 if engine.thread.is_alive() else 500)


def settle(done: list[tuple[Call, Answer | Exception]]) -> None:
    for call, answer in done:
        if call.ticket.done():
            continue
        if isinstance(answer, Exception):
            call.ticket.set_exception(Refused(f"the batch failed: {answer}", None, 500, None))
        else:
            call.ticket.set_result(answer)


async def disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def opens(prompt: str, question: str, open_tag: str, close_tag: str) -> bool:
    """Whether what a template writes after the last message leaves the thinking open."""
    tail = prompt.rpartition(question.strip() or "\n")[2]
    return tail.rfind(open_tag) > tail.rfind(close_tag)


def read_request(wanted: ChatRequest | TextRequest, model: Model) -> Asked:
    """Raises Refused where prompt and answer do not fit the context."""
    name = "messages" if isinstance(wanted, ChatRequest) else "prompt"
    separator, opened, alternatives = None, False, None
    try:
        if isinstance(wanted, ChatRequest):
            text = model.chat.prompt(wanted.messages, wanted.chat_template_kwargs)
            prompt = model.chat.encode(text)
            if wanted.thinking is not None:
                separator = model.chat.separator(wanted.thinking)
                opened = opens(text, wanted.messages[-1]["content"], *separator.texts)
            if wanted.logprobs:
                alternatives = wanted.top_logprobs
        else:
            prompt = model.chat.encode(wanted.prompt, special=True) if isinstance(wanted.prompt, str) else wanted.prompt
    except ValueError as error:
        raise Refused(f"{name} cannot be read: {error}", name) from None
    vocab, context = model.batch.decoder.vocab, model.batch.most
    if any(not 0 <= token < vocab for token in prompt):
        raise Refused(f"expected prompt tokens below {vocab}", "prompt")
    if not prompt:
        raise Refused(f"expected {name} to have at least one token", name)
    if len(prompt) >= context:
        problem = f"{name} has {len(prompt)} tokens, the context holds {context} with the answer{more_context(model)}"
        raise Refused(problem, name, code="context_length_exceeded")
    limit_name = "max_tokens" if wanted.max_completion_tokens is None else "max_completion_tokens"
    limit = getattr(wanted, limit_name) or model.batch.context_for(len(prompt) + 1) - len(prompt)
    if len(prompt) + limit > context:
        asked = f"{limit_name} = {limit} and a prompt of {len(prompt)} tokens"
        problem = f"{asked} exceed the context of {context}{more_context(model)}"
        raise Refused(problem, limit_name, code="context_length_exceeded")
    seed = wanted.seed if wanted.seed is not None else secrets.randbits(63)
    ticket = asyncio.get_running_loop().create_future()
    call = Call(prompt, limit, wanted.temperature, wanted.top_p, seed, wanted.stop, ticket, alternatives)
    return Asked(wanted, model.chat, call, separator, opened)


def more_context(model: Model) -> str:
    most = model.batch.decoder.max_context
    return f"; this model takes {most}: raise --max-context (FLYWHEEL_MODEL_CONTEXT)" if most > model.batch.most else ""


def make_app(server: Server) -> FastAPI:
    app = FastAPI(lifespan=server.lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    # Plain routes: a caller need not say that its body is JSON, and every millisecond a call counts a hundred times a
    # second.
    app.add_route("/v1/chat/completions", server.chat_completions, methods=["POST"])
    app.add_route("/v1/completions", server.completions, methods=["POST"])
    app.add_route("/v1/models", server.models)
    app.add_route("/health", server.health)
    return app


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m trainer.serve", description="Serves checkpoint folders over the OpenAI API."
    )
    parser.add_argument(
        "--checkpoints",
        type=Path,
        required=True,
        help="directory of checkpoint folders; a folder's name is the model's",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: loopback only)")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--slots", type=int, default=128, help="calls of one model that run at once (default 128); others wait"
    )
    parser.add_argument(
        "--max-context", type=int, help="prompt and answer together, in tokens (default: as many as calls need)"
    )
    parser.add_argument(
        "--cache-gib",
        type=float,
        default=2,
        help="GiB for one model's running calls; fewer run at once where their contexts would take more (default 2)",
    )
    parser.add_argument("--max-models", type=int, default=8, help="models kept in memory (default 8)")
    parser.add_argument(
        "--threads", type=int, default=1, help="threads that compute (default 1, which was fastest on shared cores)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default auto)")
    options = parser.parse_args(arguments)
    for name in ("slots", "max_context", "max_models", "threads"):
        if (value := getattr(options, name)) is not None and value < 1:
            parser.error(f"expected --{name.replace('_', '-')} to be at least 1, got {getattr(options, name)}")
    if not options.checkpoints.is_dir():
        parser.error(f"expected --checkpoints to be a directory, got {options.checkpoints}")
    torch.set_num_threads(options.threads)
    device = (
        torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if options.device == "auto"
        else torch.device(options.device)
    )
    room = Room(options.slots, options.max_context, int(options.cache_gib * 2**30))
    server = Server(options.checkpoints.resolve(), device, room, options.max_models)
    # h11 takes a fifth of a millisecond less a request without access logs and default headers.
    config = uvicorn.Config(
        make_app(server),
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=60,
        backlog=4096,
    )
    log.info("serving %s on http://%s:%d, %s", options.checkpoints, options.host, options.port, device)
    uvicorn.Server(config).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
