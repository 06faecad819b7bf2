"""Threads beside the main one leave signals to it."""

import signal
import unittest

from trainer.contract.threads import start_beside


def blocked() -> bool:
    return signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ())


class ThreadsTest(unittest.TestCase):
    def test_a_thread_beside_takes_no_sigterm_and_the_main_one_still_does(self) -> None:
        seen: list[bool] = []
        start_beside("test", lambda *words: seen.append(blocked()), "a", "b").join()
        self.assertEqual(seen, [True])
        self.assertFalse(blocked())


if __name__ == "__main__":
    unittest.main()
