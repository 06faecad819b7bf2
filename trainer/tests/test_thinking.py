"""Thinking is told from the answer by the tokens that the model emitted."""

import unittest

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from trainer.contract.thinking import Separator, Split, ThinkingFormat

WORDS = ["<unk>", "<eos>", "plan", "answer", "final", "analysis", "quoted", "\\boxed{0}"]
TAGS = ["[THINK]", "[/THINK]", "<|channel|>", "<|message|>", "<|end|>"]


def tokenizer_of(*tags: str) -> Tokenizer:
    """Words apart by spaces; the tags are special tokens, or words like others."""
    words = [*WORDS, *(tag for tag in TAGS if tag not in tags)]
    tokenizer = Tokenizer(models.WordLevel({word: id for id, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_tokens([AddedToken(tag, special=True) for tag in tags])
    return tokenizer


def separator_of(tokenizer: Tokenizer, open_tag: str, close_tag: str, opens: bool | None = None) -> Separator:
    end = tokenizer.token_to_id("<eos>")
    return Separator(
        ThinkingFormat(open=open_tag, close=close_tag, promptOpens=opens),
        {token.content: id for id, token in tokenizer.get_added_tokens_decoder().items()},
        lambda text: tokenizer.encode(text, add_special_tokens=False).ids,
        lambda ids: tokenizer.decode([id for id in ids if id != end], skip_special_tokens=False),
    )


def split(completion: str, tokens: bool = True, opened: bool | None = None, opens: bool | None = None) -> Split:
    tokenizer = tokenizer_of(*TAGS) if tokens else tokenizer_of()
    separator = separator_of(tokenizer, "[THINK]", "[/THINK]", opens)
    return separator.split(tokenizer.encode(completion, add_special_tokens=False).ids, opened)


class SplitTest(unittest.TestCase):
    def test_thinking_and_answer_are_apart_whether_the_tags_are_tokens_or_text(self) -> None:
        for tokens in (True, False):
            with self.subTest(tokens=tokens):
                got = split("[THINK] plan [/THINK] answer <eos>", tokens)
                self.assertEqual(got, Split("plan", "answer", True, 3))

    def test_a_reply_without_thinking_is_an_answer(self) -> None:
        for tokens in (True, False):
            for opens in (None, False):
                self.assertEqual(split("answer <eos>", tokens, opens=opens), Split("", "answer", True, 0))

    def test_thinking_that_never_ends_has_no_answer(self) -> None:
        for tokens in (True, False):
            for text, opens in (("[THINK] plan plan", None), ("plan plan", True)):
                got = split(text, tokens, opens=opens)
                self.assertEqual((got.thinking, got.answer, got.closed), ("plan plan", "", False))
                self.assertEqual(got.thinking_tokens, len(text.split()))

    def test_what_the_prompt_has_opened_ends_at_the_first_close_tag(self) -> None:
        for tokens in (True, False):
            for told in ({"opens": True}, {"opened": True}, {}):
                got = split("plan [/THINK] answer [/THINK] final <eos>", tokens, **told)
                self.assertEqual(got, Split("plan", "answer [/THINK] final", True, 2))

    def test_a_prompt_that_has_opened_once_may_be_answered_by_a_second_open_tag(self) -> None:
        self.assertEqual(split("[THINK] plan [/THINK] answer", opened=True), Split("plan", "answer", True, 3))

    def test_a_tag_within_an_answer_is_text(self) -> None:
        for tokens in (True, False):
            text = "answer [/THINK] final"
            self.assertEqual(split(text, tokens, opens=False), Split("", text, True, 0))
            # The prompt that was asked counts, not the format.
            self.assertEqual(split(text, tokens, opened=False, opens=True), Split("", text, True, 0))
            text = "answer [THINK] final"
            self.assertEqual(split(text, tokens), Split("", text, True, 0))

    def test_empty_thinking_is_none(self) -> None:
        self.assertEqual(split("[THINK] [/THINK] answer <eos>"), Split("", "answer", True, 2))

    def test_a_tag_spelled_in_ordinary_tokens_ends_no_thinking_whose_tags_are_tokens(self) -> None:
        tokenizer = tokenizer_of("[THINK]", "[/THINK]")
        separator = separator_of(tokenizer, "[THINK]", "[/THINK]")
        vocabulary = tokenizer.get_vocab()
        spelled = vocabulary["quoted"]
        separator.decode = lambda ids: " ".join("[/THINK]" if id == spelled else "word" for id in ids)
        got = separator.split([vocabulary[word] for word in ("[THINK]", "plan", "quoted", "[/THINK]", "answer")])
        self.assertEqual(got, Split("word [/THINK]", "word", True, 4))

    def test_a_tag_of_several_tokens_is_found_by_them(self) -> None:
        tokenizer = tokenizer_of(*TAGS)
        separator = separator_of(tokenizer, "<|channel|> analysis <|message|>", "<|end|> <|channel|> final <|message|>")
        self.assertIsNotNone(separator.ids)
        text = "<|channel|> analysis <|message|> plan <|end|> <|channel|> final <|message|> answer <eos>"
        got = separator.split(tokenizer.encode(text, add_special_tokens=False).ids)
        self.assertEqual(got, Split("plan", "answer", True, 8))


if __name__ == "__main__":
    unittest.main()
