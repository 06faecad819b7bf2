"""The client of the reward service (shared/reward/protocol.ts): one batched POST a step.

An outage is waited out, never scored; an item without a reward has None, which is not a reward of 0.
"""

import json
import math
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field, TypeAdapter, ValidationError

from trainer.contract.failures import JobFailure, one_line
from trainer.contract.model import Open

# Ours: long enough for a service to be restarted by hand, short enough that a job does not hold a GPU for a day.
OUTAGE_SECONDS = 600.0
# One answer may take this long (judges are models); the service goes on evaluating after we hang up, and keeps what it
# found.
ANSWER_SECONDS = 300.0
CONNECT_SECONDS = 10.0
HEALING = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Rewards:
    """Answers in the order of the items."""

    values: list[float | None]
    components: dict[str, float]
    """Mean of each component over the scored items that have it."""
    reasons: list[str]
    """Why items were unscorable."""


class RewardClient:
    def __init__(
        self, url: str, token: str, outage_seconds: float = OUTAGE_SECONDS, answer_seconds: float = ANSWER_SECONDS
    ):
        self.url = url
        self.outage_seconds = outage_seconds
        # One connection, kept however long a step takes.
        self.http = httpx.Client(
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            timeout=httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=None),
            verify=ssl.create_default_context(),
            trust_env=False,
        )
        self.answered = False
        """Whether the last request had an answer, so that the next one may go over the same connection."""

    def score(self, items: list[dict[str, Any]], sleep: Callable[[float], None] = time.sleep) -> Rewards:
        """Asks for the rewards of one step. Waits through outages of up to `outage_seconds`.

        Raises JobFailure (class reward): the outage lasted longer, the service refused the request, or its answer
        breaks the protocol.
        """
        body = json.dumps({"items": items}, ensure_ascii=False).encode()
        since = time.monotonic()
        pause = 0.2
        while True:
            wait = pause
            try:
                answer = self.post(body)
                if answer.status_code == 200:
                    return read_answer(answer.content, items)
                problem = f"HTTP {answer.status_code}: {one_line(answer.content.decode(errors='replace'), 200)}"
                if answer.status_code not in HEALING:
                    raise JobFailure("reward", f"the reward service at {self.url} refused the request with {problem}")
                wait = max(pause, retry_after(answer.headers.get("retry-after")))
            except httpx.RequestError as error:
                problem = f"{type(error).__name__}: {error}"
            lasted = time.monotonic() - since
            if lasted + wait > self.outage_seconds:
                silence = f"gave no answer for {lasted:.0f} s, last {one_line(problem, 200)}"
                raise JobFailure("reward", f"the reward service at {self.url} {silence}")
            sleep(wait)
            pause = min(pause * 1.7, 10.0)

    def post(self, body: bytes) -> httpx.Response:
        """One request. A connection that the service closed while it was idle is opened anew, once."""
        kept, self.answered = self.answered, False
        try:
            answer = self.http.post(self.url, content=body)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if not kept:
                raise
            answer = self.http.post(self.url, content=body)
        self.answered = True
        return answer


def retry_after(value: str | None) -> float:
    """Seconds to wait as the header says, at most a minute: an outage's end should be seen soon."""
    if value is None:
        return 0.0
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            return 0.0
    return min(max(seconds, 0.0), 60.0) if math.isfinite(seconds) else 0.0


class Scored(Open):
    item_id: str
    status: Literal["scored"]
    reward: float
    components: dict[str, float] = Field(default_factory=dict)


class Unscorable(Open):
    item_id: str
    status: Literal["unscorable"]
    reason: str = "no reason given"


ANSWER: TypeAdapter[Scored | Unscorable] = TypeAdapter(Annotated[Scored | Unscorable, Field(discriminator="status")])


def read_answer(text: bytes, items: list[dict[str, Any]]) -> Rewards:
    try:
        answers = json.loads(text)["items"]
    except (ValueError, KeyError, TypeError) as error:
        raise JobFailure("reward", f"expected a reward answer with items, got {text[:120]!r}") from error
    if not isinstance(answers, list) or len(answers) != len(items):
        got = len(answers) if isinstance(answers, list) else repr(answers)
        raise JobFailure("reward", f"expected {len(items)} reward items, got {got}")
    rewards = Rewards([], {}, [])
    sums: dict[str, list[float]] = {}
    for asked, answer in zip(items, answers, strict=True):
        item = asked["itemId"]
        if not isinstance(answer, dict) or answer.get("itemId") != item:
            raise JobFailure("reward", f"expected the reward of item {item}, got {json.dumps(answer)[:120]}")
        try:
            got = ANSWER.validate_python(answer)
        except ValidationError as error:
            expected = f"item {item} to be scored with a number or unscorable"
            raise JobFailure("reward", f"expected {expected}, got {json.dumps(answer)[:160]}") from error
        if got.status == "scored":
            rewards.values.append(got.reward)
            for name, part in got.components.items():
                sums.setdefault(name, []).append(part)
        else:
            rewards.values.append(None)
            rewards.reasons.append(got.reason)
    rewards.components.update((name, sum(parts) / len(parts)) for name, parts in sums.items())
    return rewards
