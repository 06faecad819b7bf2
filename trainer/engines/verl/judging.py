"""Rewards within verl: completions as they are done, gathered into batches for the reward service.

Needs neither torch nor verl: `manager` hands it what verl has.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from trainer.contract.batches import Answer, Item
from trainer.contract.chats import Chats, Prompt
from trainer.contract.failures import JobFailure, classify
from trainer.contract.files import write_atomically
from trainer.contract.job import GrpoJob
from trainer.contract.rewards import Patience, RewardClient
from trainer.engines.verl.place import Place

PAUSE_SECONDS = 0.25
"""How long the first item of a batch waits for others. Ours: a judge takes longer."""
AT_ONCE = 32
"""Batches that are asked for at once, each by a client of its own. Ours."""


class Gatherer:
    """Items that come one by one, asked for together; each is answered when its batch is."""

    def __init__(self, score: Callable[[list[Item]], Sequence[Answer]], pause: float = PAUSE_SECONDS):
        self.score = score
        self.pause = pause
        self.waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self.threads = ThreadPoolExecutor(AT_ONCE)
        self.sent: set[asyncio.Task[None]] = set()

    async def ask(self, item: Item) -> Answer:
        """Raises what `score` raises."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append((item, future))
        if len(self.waiting) == 1:
            task = asyncio.create_task(self.send())
            self.sent.add(task)
            task.add_done_callback(self.sent.discard)
        return await future

    async def send(self) -> None:
        await asyncio.sleep(self.pause)
        batch, self.waiting = self.waiting, []
        try:
            items = [item for item, _ in batch]
            answers = await asyncio.get_running_loop().run_in_executor(self.threads, self.score, items)
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)


class Judge:
    """What verl's reward manager asks: a completion's tokens, and what is to be said of them."""

    def __init__(self, job: GrpoJob, place: Place, chats: Chats, score: Callable[[list[Item]], Sequence[Answer]]):
        self.job = job
        self.place = place
        self.chats = chats
        self.gatherer = Gatherer(score)

    async def reward(self, row: dict[str, Any], ids: Sequence[int]) -> dict[str, Any]:
        """`row` is the `extra_info` of the job's table. The score is NaN where there is no reward: never 0."""
        split = self.chats.split(Prompt("", [], row["thinks"], row["thought"]), list(ids))
        cut = not ids or ids[-1] not in self.chats.stop_ids
        item: Item = {"itemId": row["itemId"], "response": split.answer, "truncated": cut}
        item["step"] = self.place.step_under_way()
        try:
            answer = await self.gatherer.ask(item | ({"thinking": split.thinking} if split.thinking else {}))
        except Exception as error:
            note_failure(self.place, error)
            raise
        scored = answer.status == "scored"
        return {
            "score": answer.reward if scored else float("nan"),
            "unscorable": float(not scored),
            "overlong": float(answer.overlong),
            "thinkingTokens": float(split.thinking_tokens),
        }


def asking(job: GrpoJob, place: Place) -> Callable[[list[Item]], Sequence[Answer]]:
    """The reward service of the job."""
    patience = Patience(outage=60 * job.reward.outage_minutes, stall=60 * job.reward.stall_minutes)
    token = place.token.read_text()

    def score(items: list[Item]) -> Sequence[Answer]:
        client = RewardClient(job.reward.url, token, patience)
        try:
            return client.score(items).answers
        finally:
            client.http.close()

    return score


def stop_ids_in(folder: Path, tokenizer: Any) -> list[int]:
    """Every token at which the model stops, by its files: no model is loaded."""
    said: Any = None
    for name in ("config.json", "generation_config.json"):
        if (folder / name).exists():
            said = json.loads((folder / name).read_text(encoding="utf-8")).get("eos_token_id", said)
    return sorted({tokenizer.eos_token_id, *(said if isinstance(said, list) else [said])} - {None})


def chats_of(job: GrpoJob, tokenizer: Any) -> Chats:
    """Raises JobFailure (class data) where no completion could end."""
    folder = job.init_checkpoint.path
    stop_ids = stop_ids_in(folder, tokenizer)
    if not stop_ids:
        raise JobFailure("data", f"checkpoint {folder} has no eos token, so no completion could end")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    vocabulary = config.get("vocab_size") or config.get("text_config", {}).get("vocab_size") or len(tokenizer)
    return Chats(tokenizer, job, stop_ids, vocabulary)


def note_failure(place: Place, error: BaseException) -> None:
    """For the process that sees the training through: verl itself may go on without the completion."""
    failure_class, message = classify(error)
    write_atomically(place.failure, json.dumps({"class": failure_class, "message": message}))
