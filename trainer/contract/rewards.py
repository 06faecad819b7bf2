"""The client of the reward service: protocol 2 of shared/reward/protocol.ts.

A step is posted in batches and polled for until it is judged, however long that takes. An outage is waited out, never
scored; an item without a reward has None, which is not a reward of 0.
"""

import logging
import math
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

from trainer.contract.batches import Item, Rewards, Scored, State, Unscorable, batches_of, encode, read_state
from trainer.contract.failures import JobFailure, one_line

log = logging.getLogger("trainer")

CONNECT_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
FULL = 429
"""The service has enough under way: not now."""
TOO_LONG = 413
HEALING = (408, 425, FULL)
"""Statuses of an outage, beside those from 500 on."""


@dataclass(frozen=True)
class Patience:
    """In seconds. Ours: outages are mended by people, and a verdict may take half an hour."""

    silence: float = 60.0
    """No answer to a request for this long: the service is gone."""
    outage: float = 7200.0
    """How long a service that is gone, or one whose judges are down, is waited for."""
    stall: float = 2700.0
    """How long nothing may move while all are there: no call started or ended, no token."""


class RewardClient:
    def __init__(self, url: str, token: str, patience: Patience = Patience()):
        self.url = url
        self.patience = patience
        # One connection, kept however long a step takes.
        self.http = httpx.Client(
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            timeout=httpx.Timeout(patience.silence, connect=min(CONNECT_SECONDS, patience.silence)),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=None),
            verify=ssl.create_default_context(),
            trust_env=False,
        )
        self.answered = False
        """Whether the last request had an answer, so that the next one may go over the same connection."""

    def score(self, items: list[Item], sleep: Callable[[float], None] = time.sleep) -> Rewards:
        """Asks for the rewards of one step, and returns when all of it is judged.

        Raises JobFailure: class infra where an outage or a stall lasts longer than is waited for, class reward where
        the service refuses the request or breaks the protocol.
        """
        step = Step(self, items, sleep)
        while step.to_post or step.posted:
            step.post_all()
            step.poll_one()
        return Rewards(step.answers)

    def ask(
        self, method: str, path: str, sleep: Callable[[float], None], body: bytes = b"", passes: int = 0
    ) -> httpx.Response:
        """The first answer that is no outage, and not 0. `passes` is a status of outages that is one."""
        since = time.monotonic()
        pause = FIRST_PAUSE_SECONDS
        while True:
            wait = pause
            try:
                answer = self.send(method, self.url + path, body)
                status = answer.status_code
                if status == passes or not (status in HEALING or status >= 500):
                    if pause > FIRST_PAUSE_SECONDS:
                        log.warning("the reward service answers again")
                    return answer
                problem = f"HTTP {status}: {said(answer)}"
                wait = max(pause, retry_after(answer.headers.get("retry-after")))
            except httpx.RequestError as error:
                problem = f"{type(error).__name__}: {error}"
            lasted = time.monotonic() - since
            silence = (
                f"the reward service at {self.url} gave no answer for {lasted:.0f} s, last {one_line(problem, 200)}"
            )
            if lasted + wait > self.patience.outage:
                raise JobFailure("infra", silence)
            if pause == FIRST_PAUSE_SECONDS:
                log.warning("%s; waiting up to %.0f s", silence, self.patience.outage)
            sleep(wait)
            pause = min(pause * 1.7, LONGEST_PAUSE_SECONDS)

    def send(self, method: str, url: str, body: bytes) -> httpx.Response:
        """One request. A connection that the service closed while it was idle is opened anew, once."""
        kept, self.answered = self.answered, False
        try:
            answer = self.http.request(method, url, content=body)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if not kept:
                raise
            answer = self.http.request(method, url, content=body)
        self.answered = True
        return answer


class Step:
    """One step's items on their way: batches to post, batches that are under way, and what was answered."""

    def __init__(self, client: RewardClient, items: list[Item], sleep: Callable[[float], None]):
        self.client = client
        self.items = items
        self.sleep = sleep
        self.answers: list[Scored | Unscorable | None] = [None] * len(items)
        self.to_post = deque(batches_of(items))
        self.posted: deque[tuple[slice, str]] = deque()
        """Batches and their ids."""
        self.progress = -1.0
        self.moved = self.unstalled = time.monotonic()
        """When something was last seen to move; and when it last moved or waited for a judge that is down."""
        self.asked_again = False

    def post_all(self) -> None:
        """Posts until the service has enough under way."""
        while self.to_post and self.post(self.to_post[0]):
            self.to_post.popleft()

    def post(self, batch: slice, again: bool = False) -> bool:
        """Whether it is dealt with. Where nothing of ours is under way, that it has enough is waited out."""
        passes = FULL if self.posted else 0
        answer = self.client.ask("POST", "?again=1" if again else "", self.sleep, encode(self.items[batch]), passes)
        if answer.status_code == FULL:
            return False
        if answer.status_code == TOO_LONG and batch.stop - batch.start > 1:
            # For a gateway on the way, with a limit of its own.
            middle = (batch.start + batch.stop) // 2
            self.to_post.extend((slice(batch.start, middle), slice(middle, batch.stop)))
            return True
        state = self.read(answer, batch, 202)
        if not again:
            self.posted.append((batch, state.id))
        return True

    def poll_one(self) -> None:
        """Waits for the oldest batch; with more to post, only shortly for each in turn."""
        batch, name = self.posted.popleft()
        wait = self.client.patience.silence * (1 if self.to_post else 55) / 60
        asked = time.monotonic()
        answer = self.client.ask("GET", f"/{name}?wait={wait:.3f}", self.sleep)
        if answer.status_code == 404:
            # The service was restarted since: what was judged is answered from its log.
            self.to_post.append(batch)
            self.watch(None)
            self.sleep(FIRST_PAUSE_SECONDS)
            return
        state = self.read(answer, batch, 200)
        if None not in state.items:
            self.answers[batch] = state.items
            self.moved = self.unstalled = time.monotonic()
            return
        (self.posted.append if self.to_post else self.posted.appendleft)((batch, name))
        self.watch(state)
        if time.monotonic() - asked < FIRST_PAUSE_SECONDS:
            self.sleep(FIRST_PAUSE_SECONDS)

    def watch(self, state: State | None) -> None:
        """Takes in where a batch stands, None where it is not known any more.

        Raises JobFailure (class infra) where nothing moved for too long; what is stalled is asked for again once.
        """
        now, patience = time.monotonic(), self.client.patience
        if state is not None and state.progress != self.progress:
            self.progress, self.moved, self.unstalled = state.progress, now, now
        elif state is None or state.waiting is not None:
            self.unstalled = now
            if now - self.moved > patience.outage:
                why = "it is restarted again and again" if state is None else one_line(str(state.waiting), 200)
                problem = f"judged nothing for {now - self.moved:.0f} s: {why}"
                raise JobFailure("infra", f"the reward service at {self.client.url} {problem}")
        elif now - self.unstalled > patience.stall:
            if self.asked_again:
                problem = f"nothing moved for {now - self.unstalled:.0f} s, also when it was asked again"
                raise JobFailure("infra", f"the rewards of {self.client.url} are stalled: {problem}")
            log.warning("no reward call moved for %.0f s: asking again", now - self.unstalled)
            self.asked_again = True
            for batch, _ in self.posted:
                self.post(batch, again=True)
            self.moved = self.unstalled = time.monotonic()

    def read(self, answer: httpx.Response, batch: slice, status: int) -> State:
        """Raises JobFailure (class reward) where it is a refusal, or no state of that batch."""
        asked = self.items[batch]
        if answer.status_code != status:
            which = f"item {asked[0]['itemId']}" if len(asked) == 1 else f"a batch of {len(asked)} items"
            problem = f"{which} with HTTP {answer.status_code}: {said(answer)}"
            raise JobFailure("reward", f"the reward service at {self.client.url} refused {problem}")
        return read_state(answer.content, asked)


def said(answer: httpx.Response) -> str:
    return one_line(answer.content.decode(errors="replace"), 600)


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
