"""What is put into a base's mouth, what it says then, and the order of steps that teach one task each."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from trainer.contract.order import by_dataset
from trainer.serving.chat import Chat
from trainer.teach import Ask, prompt_of
from trainer.tests.tiny_base import make_base

FORM = {"open": "<think>", "close": "</think>"}
ASK = {"id": "a", "messages": [{"role": "user", "content": "prove L1"}], "maxTokens": 3, "seed": 1}


class TeachTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = make_base(Path(cls.enterClassContext(tempfile.TemporaryDirectory())) / "base")
        cls.chat = Chat(cls.folder)

    def text_of(self, **more: object) -> str:
        said: list[str] = []
        chat = Chat(self.folder)
        chat.encode = lambda text, special=False: said.append(text) or []  # type: ignore
        prompt_of(Ask.model_validate({**ASK, **more}), chat)
        return "|".join(said)

    def test_an_answer_begins_with_the_forced_words_as_tokens_of_their_own(self) -> None:
        self.assertEqual(self.text_of(forced="L2 ="), "prove L1 <answer>|L2 =")
        ids = prompt_of(Ask.model_validate({**ASK, "forced": "L2 ="}), self.chat)
        self.assertEqual(ids, [*self.chat.encode("prove L1 <answer>"), *self.chat.encode("L2 =")])

    def test_of_a_base_that_thinks_the_thinking_is_opened_and_closed_before_the_answer(self) -> None:
        self.assertEqual(self.text_of(thinking=FORM), "prove L1 <answer>|<think>\n")
        self.assertEqual(
            self.text_of(thinking=FORM, thought="L3", forced="L2"), "prove L1 <answer>|<think>\nL3\n</think>\n\nL2"
        )

    def test_thinking_that_the_prompt_has_opened_is_not_opened_again(self) -> None:
        form = {"open": "<answer>", "close": "</answer>"}
        self.assertEqual(self.text_of(thinking=form, thought="L3"), "prove L1 <answer>|L3\n</answer>\n\n")

    def test_a_text_depends_on_its_ask_alone(self) -> None:
        alone = self.answers([ASK])
        among = self.answers([{**ASK, "id": "b", "seed": 2}, ASK, {**ASK, "id": "c", "forced": "L4"}])
        self.assertEqual(among["a"], alone["a"])
        self.assertEqual(set(among), {"a", "b", "c"})

    def test_what_is_longer_than_the_model_ends_the_program_by_its_name(self) -> None:
        done = self.run_with([{**ASK, "maxTokens": 10**6}])
        self.assertEqual(done.returncode, 1)
        self.assertIn("a has 3 tokens and asks for 1000000", done.stderr)

    def answers(self, asks: list[dict[str, object]]) -> dict[str, object]:
        with subprocess.Popen(
            [sys.executable, "-m", "trainer.teach", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as child:
            assert child.stdin is not None and child.stdout is not None
            child.stdin.writelines(f"{json.dumps(ask)}\n" for ask in asks)
            child.stdin.flush()
            lines = [json.loads(child.stdout.readline()) for _ in asks]
            child.stdin.close()
        return {line["id"]: line for line in lines}

    def run_with(self, asks: list[dict[str, object]]) -> subprocess.CompletedProcess[str]:
        lines = "".join(f"{json.dumps(ask)}\n" for ask in asks)
        command = [sys.executable, "-m", "trainer.teach", str(self.folder)]
        return subprocess.run(command, input=lines, capture_output=True, text=True)


class OrderTest(unittest.TestCase):
    def test_steps_of_one_dataset_hold_the_same_rows_and_one_dataset_each(self) -> None:
        order = [0, 3, 6, 1, 4, 7, 2, 5, 8, 0, 3, 6]
        together = by_dataset(order, [3, 3, 3], per_step=2)
        self.assertEqual(sorted(together), sorted(order))
        steps = [{row // 3 for row in together[start : start + 2]} for start in range(0, len(together), 2)]
        self.assertEqual(steps, [{0}, {1}, {2}, {0}, {1}, {2}])


if __name__ == "__main__":
    unittest.main()
