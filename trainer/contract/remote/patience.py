"""A store that does not answer is waited for; one that refuses ends the job and says why."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from trainer.contract.failures import JobFailure, chain, one_line

log = logging.getLogger("trainer")

T = TypeVar("T")

OUTAGE_SECONDS = 7200.0
"""How long a store that is away is waited for. Ours: as long as a reward service is (reward.outageMinutes)."""
LAST_SECONDS = 5.0
"""How long once the attempt is asked to stop. Ours: a quarter of its grace."""
LONGEST_PAUSE_SECONDS = 5.0
BUSY = {"SlowDown", "RequestTimeout", "BadDigest", "ConditionalRequestConflict", "OperationAborted", "InternalError"}
PASSING = {"ExpiredToken", "ExpiredTokenException", "RequestTimeTooSkewed"}
"""Refusals that a next attempt need not meet."""


class Away(JobFailure):
    """The store did not answer for longer than anyone waits."""

    def __init__(self, message: str):
        super().__init__("infra", message)


class Outage:
    """What this process knows of the store's absence."""

    stop: Any = None
    """Its StopRequest, where there is one."""
    since: float | None = None
    """When the store was first missed since it last answered, by the monotonic clock."""
    stop_seen: float | None = None


def heed(stop: Any) -> None:
    Outage.stop = stop


def asked_to_stop() -> bool:
    return Outage.stop is not None and Outage.stop.asked


def is_outage(error: BaseException) -> bool:
    """Whether the same may succeed later: a connection that breaks or is none, a status that says so."""
    from botocore import exceptions
    from urllib3.exceptions import HTTPError

    passing = (
        exceptions.HTTPClientError,
        exceptions.ConnectionError,
        exceptions.IncompleteReadError,
        exceptions.FlexibleChecksumError,
        exceptions.CredentialRetrievalError,
        exceptions.MetadataRetrievalError,
        HTTPError,
        ConnectionError,
        TimeoutError,
    )
    for cause in chain(error):
        if isinstance(cause, exceptions.ClientError):
            return status_of(cause) >= 500 or status_of(cause) in (408, 425, 429) or code_of(cause) in BUSY
        if isinstance(cause, passing):
            return True
    return False


def status_of(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def refusal(what: str, error: Exception) -> Exception:
    """What a job fails with where the store refuses; the error itself where it is not of the store."""
    from botocore.exceptions import BotoCoreError, ClientError

    refused = next((cause for cause in chain(error) if isinstance(cause, ClientError)), None)
    if refused is not None:
        said = one_line(str(refused), 300)
        failure_class = "infra" if code_of(refused) in PASSING else "app"
        remedy = (
            "see that the credentials of this machine (AWS's standard chain) may use the bucket, and that it exists"
        )
        return JobFailure(failure_class, f"the store refused to {what}: {said}; {remedy}")
    if isinstance(error, BotoCoreError):
        remedy = "set AWS's standard variables (AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID, …) where jobs run"
        return JobFailure("app", f"cannot {what}: {one_line(str(error), 300)}; {remedy}")
    return error


def waited(what: str, work: Callable[[], T], waits: bool = True) -> T:
    """Does it, as often as an outage asks for.

    Raises Away where one lasts too long, or at once where nobody `waits`; JobFailure where the store refuses.
    """
    pause = 0.2
    while True:
        try:
            answer = work()
            Outage.since = None
            return answer
        except Exception as error:
            if not is_outage(error):
                raise refusal(what, error) from error
            words = one_line(f"{type(error).__name__}: {error}", 300)
            if not waits or is_too_long(time.monotonic()):
                raise Away(f"cannot {what}: the store does not answer ({words})") from error
            if pause == 0.2:
                log.warning("the store does not answer, and is waited for: cannot %s (%s)", what, words)
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS if not asked_to_stop() else 1)


def is_too_long(now: float) -> bool:
    """Whether an outage of now has lasted for longer than it is waited for."""
    Outage.since = Outage.since or now
    if asked_to_stop():
        Outage.stop_seen = Outage.stop_seen or now
        return now - max(Outage.stop_seen, Outage.since) > LAST_SECONDS
    return now - Outage.since > OUTAGE_SECONDS
