"""Tokens/s of the model server against in-process `generate` of transformers, in one run on one thread each.

128 calls at once, sampled at temperature 1, prompts of 50 tokens, at most 44 new tokens each. Server and generate take
turns, so that a busy machine slows both; the ratio is of the medians. Client and server share the machine's cores with
whatever else runs: the client is a plain asyncio loop. Prints one JSON object {value, detail}.
"""

import asyncio
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

from trainer import runtime

runtime.prepare()

import numpy  # noqa: E402
import torch  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

from trainer.serving.chat import Chat  # noqa: E402
from trainer.tests.support import BASE, start_server  # noqa: E402

CALLS = 128
ROUNDS = 5
NEW_TOKENS = 44
PROMPT_TOKENS = 50


def random_prompts(chat: Chat) -> list[list[int]]:
    """Token ids that are no special tokens: what a prompt says does not change what it costs."""
    random = numpy.random.default_rng(1)
    tokens = range(chat.tokenizer.get_vocab_size())
    plain = [token for token in tokens if chat.decode([token]).strip() and token not in chat.stop_ids]
    return [random.choice(plain, PROMPT_TOKENS).tolist() for _ in range(CALLS)]


def generated_per_second(model: Any, prompts: list[list[int]], seed: int) -> float:
    """Tokens/s of `generate` on the same prompts in one batch."""
    torch.manual_seed(seed)
    started = time.perf_counter()
    with torch.inference_mode():
        out = model.generate(
            torch.tensor(prompts),
            attention_mask=torch.ones(len(prompts), PROMPT_TOKENS, dtype=torch.long),
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            max_new_tokens=NEW_TOKENS,
            pad_token_id=model.config.pad_token_id or 0,
        )
    seconds = time.perf_counter() - started
    end = model.generation_config.eos_token_id
    rows = [row[PROMPT_TOKENS:].tolist() for row in out]
    # What generate pads after the end is no work asked for.
    return sum(row.index(end) + 1 if end in row else len(row) for row in rows) / seconds


async def post(port: int, body: dict[str, Any]) -> dict[str, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = json.dumps(body).encode()
    head = b"POST /v1/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(text)
    writer.write(head + text)
    answer = await reader.read()
    writer.close()
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


async def served_per_second(port: int, prompts: list[list[int]], seed: int) -> float:
    asked = {"model": BASE.name, "max_tokens": NEW_TOKENS, "temperature": 1.0}
    calls = [post(port, {**asked, "prompt": prompt, "seed": seed + index}) for index, prompt in enumerate(prompts)]
    started = time.perf_counter()
    answers = await asyncio.gather(*calls)
    return sum(answer["usage"]["completion_tokens"] for answer in answers) / (time.perf_counter() - started)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far; 0 where the system does not tell (only Linux does)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    torch.set_num_threads(1)
    prompts = random_prompts(Chat(BASE))
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()
    server, port = start_server(BASE.parent)
    served, generated, served_cpu, generated_cpu, alone = [], [], [], [], []
    try:
        for index in range(ROUNDS + 1):
            seed = 1000 * index
            before = cpu_seconds(server.pid)
            served.append(asyncio.run(served_per_second(port, prompts, seed)))
            served_cpu.append(cpu_seconds(server.pid) - before)
            before = time.process_time()
            generated.append(generated_per_second(model, prompts, seed))
            generated_cpu.append(time.process_time() - before)
            started = time.perf_counter()
            asyncio.run(served_per_second(port, prompts[:1], seed))
            alone.append(1000 * (time.perf_counter() - started))
    finally:
        server.terminate()
        server.wait(30)

    def median(figures: list[float]) -> float:
        return round(statistics.median(figures[1:]), 3)  # the first round warms up

    detail = {
        "servedTokensPerSecond": median(served),
        "generateTokensPerSecond": median(generated),
        # On a busy machine these say more: what a round of calls costs each side in CPU time.
        "servedCpuSeconds": median(served_cpu),
        "generateCpuSeconds": median(generated_cpu),
        "aloneMs": median(alone),
        "calls": CALLS,
        "rounds": ROUNDS,
    }
    print(json.dumps({"value": median(served) / median(generated), "detail": detail}))


if __name__ == "__main__":
    main()
