"""How rewards are asked for: on a kept connection, through outages, and never guessed."""

import json
import unittest
from email.utils import formatdate
from time import time
from typing import Any

from trainer.contract.failures import JobFailure
from trainer.contract.rewards import RewardClient, Rewards, read_answer, retry_after
from trainer.tests.reward_server import RewardServer, answer_to

ITEMS = [{"itemId": str(number), "response": f"answer {number}"} for number in range(24)]
REWARDS = [answer_to(item).get("reward") for item in ITEMS]


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(RewardServer())
        self.client = self.make_client()
        self.waits: list[float] = []

    def make_client(self, **patience: float) -> RewardClient:
        client = RewardClient(self.service.url, "secret", **patience)
        self.addCleanup(client.http.close)
        return client

    def score(self) -> Rewards:
        return self.client.score(ITEMS, sleep=self.waits.append)

    def test_steps_are_scored_on_one_connection_and_the_unscorable_have_no_reward(self) -> None:
        for _ in range(3):
            self.assertEqual(self.score().values, REWARDS)
        self.assertIn(None, REWARDS)
        self.assertEqual((self.service.connections, self.waits), (1, []))

    def test_a_connection_that_was_closed_while_idle_is_opened_anew_without_a_wait(self) -> None:
        self.service.closes = True
        for _ in range(3):
            self.assertEqual(self.score().values, REWARDS)
        self.assertEqual((self.service.connections, self.waits), (3, []))

    def test_an_outage_is_waited_for_as_long_as_the_service_says(self) -> None:
        self.service.refusals = [(503, {}), (429, {"retry-after": "7"}), (502, {"retry-after": "0"})]
        self.assertEqual(self.score().values, REWARDS)
        self.assertEqual([round(wait, 3) for wait in self.waits], [0.2, 7.0, 0.578])

    def test_a_refusal_is_no_outage_and_ends_the_job_in_class_reward(self) -> None:
        for status in (400, 401, 404, 302):
            self.service.refusals = [(status, {})]
            with self.subTest(status), self.assertRaises(JobFailure) as caught:
                self.score()
            self.assertEqual(caught.exception.failure_class, "reward")
            self.assertIn(f"HTTP {status}: not now", str(caught.exception))
        self.assertEqual(self.waits, [])

    def test_an_outage_that_lasts_too_long_ends_the_job_in_class_reward(self) -> None:
        self.client = self.make_client(outage_seconds=1.0)
        self.service.refusals = [(503, {})] * 9
        with self.assertRaises(JobFailure) as caught:
            self.score()
        self.assertEqual(caught.exception.failure_class, "reward")
        self.assertIn("gave no answer", str(caught.exception))
        self.assertLess(sum(self.waits), 2)

    def test_a_service_that_does_not_answer_in_time_is_an_outage(self) -> None:
        self.client = self.make_client(outage_seconds=1.0, answer_seconds=0.2)
        self.service.open.clear()
        self.addCleanup(self.service.let_go)
        with self.assertRaisesRegex(JobFailure, "gave no answer for .* s, last ReadTimeout"):
            self.score()

    def test_a_service_that_comes_back_after_it_was_gone_scores_the_step(self) -> None:
        port = self.service.http.server_address[1]
        self.service.http.server_close()
        back = []

        def wait(seconds: float) -> None:
            self.waits.append(seconds)
            if len(self.waits) == 2:
                back.append(self.enterContext(RewardServer(port)))

        self.assertEqual(self.client.score(ITEMS, sleep=wait).values, REWARDS)
        self.assertEqual((len(self.waits), back[0].connections), (2, 1))


class RetryAfterTest(unittest.TestCase):
    def test_it_is_seconds_or_a_date_and_at_most_a_minute(self) -> None:
        self.assertEqual([retry_after(value) for value in (None, "3", "-1", "900", "soon", "nan")], [0, 3, 0, 60, 0, 0])
        self.assertAlmostEqual(retry_after(formatdate(time() + 20, usegmt=True)), 20, delta=2)


class AnswerTest(unittest.TestCase):
    ASKED = ({"itemId": "a"}, {"itemId": "b"})

    def read(self, *answers: Any) -> Rewards:
        return read_answer(json.dumps({"items": answers}).encode(), self.ASKED)

    def test_an_unscorable_answer_is_no_reward_and_a_reward_of_0_is_one(self) -> None:
        zero = {"itemId": "a", "status": "scored", "reward": 0, "components": {"format": 0}}
        got = self.read(zero, {"itemId": "b", "status": "unscorable", "reason": "no verdict"})
        self.assertEqual((got.values, got.components, got.reasons), ([0.0, None], {"format": 0.0}, ["no verdict"]))

    def test_an_answer_that_breaks_the_protocol_is_never_taken_for_a_reward(self) -> None:
        good = {"itemId": "a", "status": "scored", "reward": 1, "components": {}}
        other = {**good, "itemId": "b"}
        broken = [
            [good],
            [good, good],
            [other, good],
            [good, {**other, "reward": None}],
            [good, {**other, "reward": True}],
            [good, {**other, "status": "ok"}],
            [good, {**other, "reward": float("nan")}],
            [good, 1],
        ]
        for answers in broken:
            with self.subTest(answers=answers), self.assertRaises(JobFailure) as caught:
                self.read(*answers)
            self.assertEqual(caught.exception.failure_class, "reward")


if __name__ == "__main__":
    unittest.main()
