"""How a job can end other than well, in the classes of shared/training/job.ts: they decide what a retry may do."""

import errno
from typing import Literal, get_args

FailureClass = Literal["infra", "capacity", "app", "data", "reward"]
CLASSES = get_args(FailureClass)


class JobFailure(Exception):
    """Ends the job with this class; the message is one line that says what was expected, what came, and what to do."""

    def __init__(self, failure_class: FailureClass, message: str):
        assert failure_class in CLASSES, failure_class
        super().__init__(message)
        self.failure_class = failure_class


class Preempted(Exception):
    """The job was asked to stop (SIGTERM). Its argument, once it leaves the engine: the step whose state is saved."""


# What a device says when it is gone rather than when it is misused.
LOST_DEVICE = ("CUDA error", "NCCL", "device-side assert", "unspecified launch failure", "no longer available")


def classify(error: BaseException) -> tuple[FailureClass, str]:
    """The class and one-line message of any exception.

    Disk, memory and device trouble is `infra` or `capacity` and may heal; everything unknown is `app`, so that a bug is
    not retried.
    """
    for cause in chain(error):
        if isinstance(cause, JobFailure):
            return cause.failure_class, one_line(str(cause))
    for cause in chain(error):
        name = type(cause).__name__
        text = one_line(f"{name}: {cause}")
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS):
            return "infra", text
        if isinstance(cause, MemoryError):
            return "infra", text
        if name == "OutOfMemoryError":
            return "capacity", text
        if "No space left on device" in text or "can't allocate memory" in text or "std::bad_alloc" in text:
            return "infra", text
        if isinstance(cause, RuntimeError) and any(sign in text for sign in LOST_DEVICE):
            return "infra", text
    return "app", one_line(f"{type(error).__name__}: {error}")


def chain(error: BaseException | None):
    """The exception and everything that caused it, outermost first."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or error.__context__
    return seen


def one_line(text: str, limit: int = 600) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
