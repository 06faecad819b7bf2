"""How rewards are asked for: in batches, on a kept connection, through outages, and never guessed."""

import json
import unittest
from email.utils import formatdate
from time import sleep, time
from typing import Any
from unittest import mock

from trainer.contract.batches import Rewards, batches_of, encode, read_state
from trainer.contract.failures import JobFailure
from trainer.contract.rewards import Patience, RewardClient, retry_after
from trainer.tests.reward_server import RewardServer, answer_to

ITEMS = [{"itemId": str(number), "response": f"answer {number}"} for number in range(24)]
REWARDS = [answer_to(item).get("reward") for item in ITEMS]


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(RewardServer())
        self.client = self.make_client()
        self.waits: list[float] = []

    def make_client(self, **patience: float) -> RewardClient:
        client = RewardClient(self.service.url, "secret", Patience(**patience))
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
        self.assertEqual((self.service.connections, self.waits), (6, []))

    def test_an_outage_is_waited_for_as_long_as_the_service_says(self) -> None:
        self.service.refusals = [(503, {}), (429, {"retry-after": "7"}), (502, {"retry-after": "0"})]
        self.assertEqual(self.score().values, REWARDS)
        self.assertEqual([round(wait, 3) for wait in self.waits], [0.2, 7.0, 0.578])

    def test_a_refusal_is_no_outage_and_ends_the_job_in_class_reward(self) -> None:
        for status in (400, 401, 404, 409, 410, 422, 302):
            self.service.refusals = [(status, {})]
            with self.subTest(status), self.assertRaises(JobFailure) as caught:
                self.score()
            self.assertEqual(caught.exception.failure_class, "reward")
            self.assertIn(f'refused a batch of 24 items with HTTP {status}: "not now"', str(caught.exception))
        self.assertEqual(self.waits, [])

    def test_an_outage_that_lasts_too_long_ends_the_job_in_class_infra_and_no_pause_is_zero(self) -> None:
        self.client = self.make_client(outage=1.0)
        self.service.refusals = [(503, {"retry-after": "0"})] * 9
        self.fails("infra", "gave no answer for .*, last HTTP 503")
        self.assertTrue(all(0 < wait <= 1 for wait in self.waits))

    def test_a_service_that_is_silent_is_seen_to_be_gone_by_its_clock_of_silence(self) -> None:
        self.client = self.make_client(silence=0.2, outage=0.5)
        self.service.open.clear()
        self.addCleanup(self.service.let_go)
        self.fails("infra", "gave no answer for .* s, last ReadTimeout")

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

    def test_a_service_that_was_restarted_and_does_not_know_the_batch_is_sent_it_again(self) -> None:
        self.service.states = [{"progress": 1}]

        def restart(seconds: float) -> None:
            self.waits.append(seconds)
            self.service.batches.clear()

        self.assertEqual(self.client.score(ITEMS, sleep=restart).values, REWARDS)
        self.assertEqual((len(self.service.posts), len(self.service.asked), self.waits), (2, 1, [0.2, 0.2]))

    def test_a_service_that_is_restarted_again_and_again_ends_in_class_infra(self) -> None:
        self.client = self.make_client(outage=0.1)
        self.service.states = [{"progress": 1}] * 1000

        def restart(_: float) -> None:
            sleep(0.01)
            self.service.batches.clear()

        self.fails("infra", "restarted again and again", restart)

    def test_a_batch_that_a_gateway_finds_too_long_goes_out_in_parts(self) -> None:
        self.service.most = 7
        self.assertEqual(self.score().values, REWARDS)
        self.assertEqual([len(asked) for asked in self.service.asked], [6, 6, 6, 6])
        self.service.most = 0
        self.fails("reward", "refused item 0 with HTTP 413")

    def test_judging_that_moves_may_take_many_times_as_long_as_any_clock(self) -> None:
        self.client = self.make_client(outage=0.05, stall=0.05)
        self.service.states = [{"progress": number} for number in range(40)]
        slept = time()
        self.assertEqual(self.client.score(ITEMS, sleep=lambda _: sleep(0.01)).values, REWARDS)
        self.assertGreater(time() - slept, 0.4)
        self.assertEqual(len(self.service.posts), 1)

    def test_judging_that_stands_still_is_asked_for_again_once_and_then_ends_in_class_infra(self) -> None:
        self.client = self.make_client(stall=0.05)
        self.service.states = [{"progress": 1}] * 100
        self.fails("infra", "stalled: nothing moved", lambda _: sleep(0.01))
        self.assertEqual([path.partition("?")[2] for path in self.service.posts], ["", "again=1"])

    def test_what_was_stalled_and_moves_when_it_is_asked_for_again_is_scored(self) -> None:
        self.client = self.make_client(stall=0.05)
        self.service.states = [{"progress": 1}] * 100

        def wait(_: float) -> None:
            sleep(0.01)
            if len(self.service.posts) > 1:
                self.service.states.clear()

        self.assertEqual(self.client.score(ITEMS, sleep=wait).values, REWARDS)

    def test_a_judge_that_is_down_is_waited_for_as_an_outage_and_is_no_stall(self) -> None:
        down = {"progress": 1, "waiting": "no server answers"}
        self.client = self.make_client(outage=60.0, stall=0.05)
        self.service.states = [down] * 20
        self.assertEqual(self.client.score(ITEMS, sleep=lambda _: sleep(0.01)).values, REWARDS)
        self.client = self.make_client(outage=0.1, stall=0.05)
        self.service.states = [down] * 40
        self.fails("infra", "no server answers", lambda _: sleep(0.01))
        self.assertEqual(len(self.service.posts), 2)

    def test_a_step_of_several_batches_goes_out_as_the_service_has_room_and_comes_back_in_order(self) -> None:
        items = [{"itemId": str(number), "response": f"answer {number}"} for number in range(700)]
        for room in (float("inf"), 2, 1):
            with self.subTest(room):
                self.service.room = room
                self.service.asked.clear()
                self.service.states = [{"progress": number} for number in range(5)]
                got = self.client.score(items, sleep=self.waits.append)
                self.assertEqual(got.values, [answer_to(item).get("reward") for item in items])
                self.assertEqual([len(asked) for asked in self.service.asked], [256, 256, 188])

    def test_a_full_service_is_waited_for(self) -> None:
        self.service.room = 0

        def make_room(seconds: float) -> None:
            self.waits.append(seconds)
            self.service.room = 1

        self.assertEqual(self.client.score(ITEMS, sleep=make_room).values, REWARDS)
        self.assertEqual(self.waits, [0.2])

    def fails(self, failure_class: str, words: str, wait: Any = None) -> None:
        with self.assertRaisesRegex(JobFailure, words) as caught:
            self.client.score(ITEMS, sleep=wait or self.waits.append)
        self.assertEqual(caught.exception.failure_class, failure_class)


class BatchesTest(unittest.TestCase):
    def test_they_hold_all_items_in_order_within_both_limits_and_an_item_over_them_alone(self) -> None:
        items = [{"itemId": "x", "response": "é" * size} for size in [1] * 300 + [200, 150, 100, 0, 450, 0, 900, 1]]
        with mock.patch("trainer.contract.batches.BATCH_BYTES", 1000):
            batches = [items[batch] for batch in batches_of(items)]
        self.assertEqual([item for batch in batches for item in batch], items)
        self.assertEqual([len(batch) for batch in batches if len(encode(batch)) > 1000], [1])
        with mock.patch("trainer.contract.batches.BATCH_BYTES", 10**6):
            self.assertEqual([len(items[batch]) for batch in batches_of(items)], [256, 52])

    def test_there_are_none_of_no_items(self) -> None:
        self.assertEqual(list(batches_of([])), [])

    def test_a_text_that_utf_8_cannot_say_is_posted_all_the_same(self) -> None:
        items = [{"itemId": "a", "response": "x \ud800 \u2028 \0 y"}]
        self.assertEqual(json.loads(encode(items))["items"][0]["response"], "x ? \u2028 \0 y")


class RetryAfterTest(unittest.TestCase):
    def test_it_is_seconds_or_a_date_and_at_most_a_minute(self) -> None:
        self.assertEqual([retry_after(value) for value in (None, "3", "-1", "900", "soon", "nan")], [0, 3, 0, 60, 0, 0])
        self.assertAlmostEqual(retry_after(formatdate(time() + 20, usegmt=True)), 20, delta=2)


class AnswerTest(unittest.TestCase):
    ASKED = ({"itemId": "a"}, {"itemId": "b"})

    def read(self, *answers: Any) -> Rewards:
        text = json.dumps({"id": "x", "progress": 1, "items": answers}).encode()
        return Rewards(read_state(text, list(self.ASKED)).items)

    def test_an_unscorable_answer_is_no_reward_and_a_reward_of_0_is_one(self) -> None:
        zero = {"itemId": "a", "status": "scored", "reward": 0, "components": {"format": 0}}
        got = self.read(zero, {"itemId": "b", "status": "unscorable", "reason": "no verdict"})
        self.assertEqual((got.values, got.components, got.reasons), ([0.0, None], {"format": 0.0}, ["no verdict"]))

    def test_what_was_too_long_for_its_judge_is_counted_whatever_it_got(self) -> None:
        zero = {"itemId": "a", "status": "scored", "reward": 0, "components": {"format": 1}, "overlong": True}
        none = {"itemId": "b", "status": "unscorable", "reason": "too long", "overlong": True}
        self.assertEqual(self.read(zero, {**zero, "itemId": "b", "overlong": False}).overlong, 1)
        self.assertEqual(self.read(zero, none).overlong, 2)

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
