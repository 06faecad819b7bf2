"""The client of the reward service (shared/rewardProtocol.ts): one batched POST a step; an outage is waited out, never scored."""

import http.client
import json
import math
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from trainer.contract.failures import JobFailure, one_line

# Ours: long enough for a service to be restarted by hand, short enough that a job does not hold a GPU for a day.
OUTAGE_SECONDS = 600.0
# One answer may take this long (judges are models); the service goes on evaluating after we hang up, and keeps what it found.
ANSWER_SECONDS = 300.0
CONNECT_SECONDS = 10.0
HEALING = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Rewards:
    """Answers in the order of the items: a reward, or None for an unscorable item (no reward is not a reward of 0)."""

    values: list[float | None]
    components: dict[str, float]
    """Mean of each component over the scored items that have it."""
    reasons: list[str]
    """Why items were unscorable."""


class RewardClient:
    def __init__(
        self, url: str, token: str, outage_seconds: float = OUTAGE_SECONDS, answer_seconds: float = ANSWER_SECONDS
    ):
        parts = urlsplit(url)
        self.url = url
        self.secure = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.secure else 80)
        self.path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "accept": "application/json",
        }
        self.outage_seconds = outage_seconds
        self.answer_seconds = answer_seconds
        self.connection: http.client.HTTPConnection | None = None

    def score(self, items: list[dict[str, Any]], sleep: Callable[[float], None] = time.sleep) -> Rewards:
        """Asks for the rewards of one step. Waits through outages of up to `outage_seconds`.

        Raises JobFailure (class reward): the outage lasted longer, the service refused the request, or its answer breaks the protocol.
        """
        body = json.dumps({"items": items}, ensure_ascii=False).encode()
        since = time.monotonic()
        pause = 0.2
        while True:
            wait = pause
            try:
                status, headers, text = self.post(body)
                if status == 200:
                    return read_answer(text, items)
                problem = f"HTTP {status}: {one_line(text.decode(errors='replace'), 200)}"
                if status not in HEALING:
                    raise JobFailure("reward", f"the reward service at {self.url} refused the request with {problem}")
                wait = max(pause, retry_after(headers.get("retry-after")))
            except (OSError, http.client.HTTPException) as error:
                self.close()
                problem = f"{type(error).__name__}: {error}"
            lasted = time.monotonic() - since
            if lasted + wait > self.outage_seconds:
                raise JobFailure(
                    "reward",
                    f"the reward service at {self.url} gave no answer for {lasted:.0f} s, last {one_line(problem, 200)}",
                )
            sleep(wait)
            pause = min(pause * 1.7, 10.0)

    def post(self, body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request on a kept-alive connection; a connection that the server closed while idle is opened anew once."""
        for fresh in (False, True):
            if fresh or self.connection is None:
                self.close()
                self.connection = self.connect()
                fresh = True
            try:
                self.connection.request("POST", self.path, body, self.headers)
                response = self.connection.getresponse()
                return response.status, response.headers, response.read()
            except (ConnectionError, http.client.BadStatusLine):
                if fresh:
                    raise
        raise AssertionError("unreachable")

    def connect(self) -> http.client.HTTPConnection:
        if self.secure:
            connection = http.client.HTTPSConnection(
                self.host, self.port, timeout=CONNECT_SECONDS, context=ssl.create_default_context()
            )
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=CONNECT_SECONDS)
        connection.connect()
        connection.sock.settimeout(self.answer_seconds)
        return connection

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


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


def read_answer(text: bytes, items: list[dict[str, Any]]) -> Rewards:
    try:
        answers = json.loads(text)["items"]
    except (ValueError, KeyError, TypeError) as error:
        raise JobFailure("reward", f"expected a reward answer with items, got {text[:120]!r}") from error
    if not isinstance(answers, list) or len(answers) != len(items):
        raise JobFailure(
            "reward",
            f"expected {len(items)} reward items, got {len(answers) if isinstance(answers, list) else answers!r}",
        )
    values: list[float | None] = []
    sums: dict[str, list[float]] = {}
    reasons: list[str] = []
    for asked, answer in zip(items, answers):
        if not isinstance(answer, dict) or answer.get("itemId") != asked["itemId"]:
            raise JobFailure("reward", f"expected the reward of item {asked['itemId']}, got {json.dumps(answer)[:120]}")
        status, value = answer.get("status"), answer.get("reward")
        if status == "unscorable":
            values.append(None)
            reasons.append(str(answer.get("reason", "no reason given")))
        elif (
            status == "scored"
            and isinstance(value, (int, float))
            and not isinstance(value, bool)
            and math.isfinite(value)
        ):
            values.append(float(value))
            for name, part in (answer.get("components") or {}).items():
                if isinstance(part, (int, float)) and math.isfinite(part):
                    sums.setdefault(name, []).append(float(part))
        else:
            raise JobFailure(
                "reward",
                f"expected item {asked['itemId']} to be scored with a number or unscorable, got {json.dumps(answer)[:160]}",
            )
    return Rewards(values, {name: sum(parts) / len(parts) for name, parts in sums.items()}, reasons)
