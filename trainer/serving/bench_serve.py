"""Tokens/s of the model server against in-process `generate` of transformers, in one run on one thread each.

    python -m trainer.serving.bench_serve --checkpoint FOLDER [--calls 128] [--rounds 5] [--json]

128 calls at once, sampled at temperature 1, prompts of 50 tokens, at most 44 new tokens each. Server and generate take
turns, so that a busy machine slows both; the ratio is of the medians. Client and server share the machine's cores with
whatever else runs: the client is a plain asyncio loop.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trainer import runtime

runtime.prepare()

import numpy  # noqa: E402
import torch  # noqa: E402

from trainer.serving.chat import Chat  # noqa: E402

NEW_TOKENS = 44
PROMPT_TOKENS = 50


def prompts_of(chat: Chat, calls: int) -> list[list[int]]:
    """Random token ids that are no special tokens: what a prompt says does not change what it costs."""
    random = numpy.random.default_rng(1)
    plain = [
        token
        for token in range(chat.tokenizer.get_vocab_size())
        if chat.decode([token]).strip() and token not in chat.stop_ids
    ]
    return [random.choice(plain, PROMPT_TOKENS).tolist() for _ in range(calls)]


class Baseline:
    """`generate` on the same prompts at batch `calls`."""

    def __init__(self, folder: Path):
        from transformers import AutoModelForCausalLM

        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def tokens_per_second(self, prompts: list[list[int]], seed: int) -> float:
        torch.manual_seed(seed)
        started = time.perf_counter()
        with torch.inference_mode():
            out = self.model.generate(
                torch.tensor(prompts),
                attention_mask=torch.ones(len(prompts), len(prompts[0]), dtype=torch.long),
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                max_new_tokens=NEW_TOKENS,
                pad_token_id=self.model.config.pad_token_id or 0,
            )
        seconds = time.perf_counter() - started
        stops = self.model.generation_config.eos_token_id
        stops = set(stops if isinstance(stops, list) else [stops])
        return sum(length_of(row[PROMPT_TOKENS:].tolist(), stops) for row in out) / seconds


def length_of(tokens: list[int], stops: set[int]) -> int:
    """Tokens up to and including the first stop token; what generate pads after it is no work asked for."""
    return next((index + 1 for index, token in enumerate(tokens) if token in stops), len(tokens))


async def post(port: int, body: dict[str, Any]) -> dict[str, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = json.dumps(body).encode()
    writer.write(
        b"POST /v1/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(text)
        + text
    )
    answer = await reader.read()
    writer.close()
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


async def served_tokens_per_second(port: int, model: str, prompts: list[list[int]], seed: int) -> float:
    bodies = [
        {"model": model, "prompt": prompt, "max_tokens": NEW_TOKENS, "temperature": 1.0, "seed": seed + index}
        for index, prompt in enumerate(prompts)
    ]
    started = time.perf_counter()
    answers = await asyncio.gather(*(post(port, body) for body in bodies))
    seconds = time.perf_counter() - started
    return sum(answer["usage"]["completion_tokens"] for answer in answers) / seconds


def start_server(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "trainer.serve",
        "--checkpoints",
        str(folder.parent),
        "--port",
        str(port),
        "--threads",
        "1",
    ]
    server = subprocess.Popen(command, cwd=Path(__file__).parents[2], env=os.environ)
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server, port
        time.sleep(0.1)
    server.kill()
    raise SystemExit("expected the model server to listen within 60 s")


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far; 0 where the system does not tell (only Linux does)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m trainer.serving.bench_serve", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--calls", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    options = parser.parse_args(arguments)
    folder = options.checkpoint.resolve()
    torch.set_num_threads(1)
    prompts = prompts_of(Chat(folder), options.calls)
    baseline = Baseline(folder)
    server, port = start_server(folder)
    served, generated, alone = [], [], []
    served_cpu, generated_cpu = [], []
    try:
        for index in range(options.rounds + 1):
            seed = 1000 * index
            before = cpu_seconds(server.pid)
            fast = asyncio.run(served_tokens_per_second(port, folder.name, prompts, seed))
            fast_cpu = cpu_seconds(server.pid) - before
            before = time.process_time()
            slow = baseline.tokens_per_second(prompts, seed)
            slow_cpu = time.process_time() - before
            started = time.perf_counter()
            asyncio.run(served_tokens_per_second(port, folder.name, prompts[:1], seed))
            if index > 0:
                served.append(fast)
                generated.append(slow)
                served_cpu.append(fast_cpu)
                generated_cpu.append(slow_cpu)
                alone.append(1000 * (time.perf_counter() - started))
    finally:
        server.terminate()
        server.wait(30)
    ratio = statistics.median(served) / statistics.median(generated)
    detail = {
        "servedTokensPerSecond": round(statistics.median(served)),
        "generateTokensPerSecond": round(statistics.median(generated)),
        # On a busy machine these say more: what a round of calls costs each side in CPU time.
        "servedCpuSeconds": round(statistics.median(served_cpu), 3),
        "generateCpuSeconds": round(statistics.median(generated_cpu), 3),
        "aloneMs": round(statistics.median(alone), 1),
        "calls": options.calls,
        "rounds": options.rounds,
    }
    speeds = f"{detail['servedTokensPerSecond']} tokens/s served, {detail['generateTokensPerSecond']} by generate"
    print(f"{options.calls} calls at once: {speeds}, ratio {ratio:.2f}; one alone {detail['aloneMs']} ms")
    if options.json:
        print(json.dumps({"name": "serving", "value": round(ratio, 3), "goal": 0.9, "detail": detail}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
