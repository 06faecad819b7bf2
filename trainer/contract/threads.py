"""Threads beside the main one."""

import signal
import threading
from collections.abc import Callable
from typing import Any


def start_beside(name: str, target: Callable[..., None], *arguments: Any) -> threading.Thread:
    """Starts a daemon thread that does not take SIGTERM.

    The system may give it to any thread that does; Python's handlers run in the main one, whose wait for
    others would not be cut short.
    """
    thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return thread
