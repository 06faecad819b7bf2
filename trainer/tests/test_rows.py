"""A job's rows: what ends one, what may not stand in one, and which are left out."""

import hashlib
import json
import tempfile
import unittest
from pathlib import Path

from trainer.contract.failures import JobFailure
from trainer.contract.job import DatasetSpec
from trainer.contract.rows import Long, Row, fitting, load_rows

# JSON allows each within a text; some readers end a line there.
SEPARATORS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e\r".replace("\r", "")


def row(number: int, text: str) -> dict[str, object]:
    prompt = [{"role": "user", "content": text}]
    return {"itemId": f"i{number}", "task": "prove", "prompt": prompt, "meta": {}, "completion": "ok"}


class LoadTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def load(self, data: bytes, rows: int) -> list[Row]:
        path = self.folder / "rows.jsonl"
        path.write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        spec = {"role": "prove", "uri": path.as_uri(), "sha256": sha256, "rows": rows, "weight": 1}
        return load_rows(DatasetSpec.model_validate(spec), "sft")

    def refused(self, data: bytes, rows: int) -> str:
        with self.assertRaises(JobFailure) as caught:
            self.load(data, rows)
        self.assertEqual(caught.exception.failure_class, "data")
        return str(caught.exception)

    def test_a_row_ends_at_a_line_feed_and_nowhere_else(self) -> None:
        text = f"first{SEPARATORS}second"
        lines = [json.dumps(row(number, text), ensure_ascii=False).encode() for number in range(2)]
        for data in (b"\n".join(lines) + b"\n", b"\n".join(lines), b"\r\n".join(lines) + b"\r\n"):
            self.assertEqual([each.prompt[0]["content"] for each in self.load(data, 2)], [text, text])

    def test_half_of_a_surrogate_pair_is_refused_by_the_rows_name(self) -> None:
        broken = [row(0, "Let x be real"), row(1, "Let \ud835 be real")]
        in_meta = row(1, "Let x be real") | {"meta": {"problem": {"statement": "\udc00"}}}
        in_thinking = row(1, "Let x be real") | {"thinking": "\ud835"}
        for rows in (broken, [broken[0], in_meta], [broken[0], in_thinking]):
            said = self.refused("".join(json.dumps(each) + "\n" for each in rows).encode(), 2)
            for text in ("line 2", "'i1'", "surrogate"):
                self.assertIn(text, said)

    def test_a_pair_of_surrogates_is_a_character(self) -> None:
        data = json.dumps(row(0, "\U0001d465 is real")).encode()
        self.assertIn(b"\\ud835", data)
        self.assertEqual(self.load(data, 1)[0].prompt[0]["content"], "\U0001d465 is real")

    def test_bytes_that_are_no_text_are_refused_by_their_line(self) -> None:
        whole = json.dumps(row(0, "x")).encode() + b"\n"
        self.assertIn("line 2", self.refused(whole + whole.replace(b"x", b"\xed\xa0\xb5"), 2))


class FittingTest(unittest.TestCase):
    def fit(self, sizes: list[int], share: float) -> tuple[list[list[int]], list[Long]]:
        def long(size: int) -> Long | None:
            return Long(f"row-{size}", "prompt", size, "maxPromptTokens", 10) if size > 10 else None

        return fitting([sizes], long, share)

    def test_long_rows_are_left_out_up_to_the_share(self) -> None:
        kept, left_out = self.fit([*range(1, 20), 30], 0.5)
        self.assertEqual(kept, [list(range(1, 11))])
        self.assertEqual([long.item_id for long in left_out], [*(f"row-{size}" for size in range(11, 20)), "row-30"])
        self.assertEqual(self.fit([1] * 19 + [30], 0.05)[0], [[1] * 19])

    def test_beyond_the_share_the_longest_is_named(self) -> None:
        for sizes, share in (([1] * 18 + [30, 20], 0.05), ([11, 30], 1.0), ([30], 1.0)):
            with self.assertRaises(JobFailure) as caught:
                self.fit(sizes, share)
            self.assertEqual(caught.exception.failure_class, "data")
            for text in ("row-30", "30 tokens", "maxPromptTokens is 10", "maxLongRowShare"):
                self.assertIn(text, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
