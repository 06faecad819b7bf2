"""What is asked and what is learned is as the chat templates of several families of models have it."""

import unittest
from typing import Any
from unittest import mock

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from trainer.contract.chats import Chats
from trainer.contract.failures import JobFailure
from trainer.contract.rows import Row
from trainer.contract.thinking import ThinkingFormat

# Each is written after the manner of its family, as far as thinking goes.
QWEN = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{{ '<|im_start|>assistant\n' }}"
    "{% if loop.last or m.reasoning_content %}"
    "{{ '<think>\n' + (m.reasoning_content or '').strip('\n') + '\n</think>\n\n' }}{% endif %}"
    "{{ m.content.lstrip('\n') + '<|im_end|>\n' }}"
    "{% else %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{% endif %}"
)
DISTILL = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{% set content = m.content %}"
    "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}"
    "{{ '<|assistant|>' + content + '<|end|>' }}{% else %}{{ '<|user|>' + m.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|><think>\n' }}{% endif %}"
)
SWITCHED = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{{ '<|assistant|></think>' + m.content + '<|end|>' }}"
    "{% else %}{{ '<|user|>' + m.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}"
    "{% if thinking %}{{ '<think>' }}{% else %}{{ '</think>' }}{% endif %}{% endif %}"
)
MISTRAL = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST]{{ m.content }}[/INST]"
    "{% else %}{{ m.content }}</s>{% endif %}{% endfor %}"
)
CHANNELS = (
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% if m.thinking %}{{ '<|start|>assistant<|channel|>analysis<|message|>' + m.thinking + '<|end|>' }}{% endif %}"
    "{{ '<|start|>assistant<|channel|>final<|message|>' + m.content + '<|return|>' }}"
    "{% else %}{{ '<|start|>user<|message|>' + m.content + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}"
)
PLAIN = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content | trim) + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TOKENS = ["<|im_start|>", "<|im_end|>", "<|user|>", "<|assistant|>", "<|end|>", "</s>", "[INST]", "[/INST]", "[THINK]"]
TOKENS += ["[/THINK]", "<|start|>", "<|channel|>", "<|message|>", "<|return|>", "<|endoftext|>"]
THINK = {"open": "<think>", "close": "</think>"}


def chats(template: Any, eos: str, stops: list[str] | None = None, form: dict[str, Any] | None = None, **settings: Any):
    """Bytes are its tokens, beside those of all families; `<think>` is none that is special."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({symbol: id for id, symbol in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(text, special=True) for text in TOKENS])
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in ("<think>", "</think>")])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=eos, chat_template=template)
    job = mock.Mock(
        thinking=None if form is None else ThinkingFormat(**form),
        template_kwargs={"prove": settings} if settings else {},
    )
    return Chats(fast, job, fast.convert_tokens_to_ids(stops or [eos]), len(fast))


def row(thinking: str | None = None, answer: str = "## Solution\nBy </think> parity.") -> Row:
    content = {"thinking": thinking} if thinking else {}
    return Row(
        itemId="r1", task="prove", prompt=[{"role": "user", "content": "prove"}], meta={}, completion=answer, **content
    )


def learned(chat: Chats, item: Row) -> tuple[str, str]:
    """The end of the prompt, and what is learned after it."""
    prompt = chat.prompt(item)
    return prompt.text[-16:], chat.tokenizer.decode(chat.answered(item, prompt)[1])


class LearnedTest(unittest.TestCase):
    answer = "## Solution\nBy </think> parity."

    def test_the_template_writes_the_thinking_where_it_can(self) -> None:
        chat = chats(QWEN, "<|im_end|>", form=THINK)
        self.assertEqual(learned(chat, row("Try 2.\n"))[1], f"<think>\nTry 2.\n</think>\n\n{self.answer}<|im_end|>")
        chat = chats(CHANNELS, "<|return|>")
        self.assertEqual(
            learned(chat, row("Try 2."))[1],
            "<|channel|>analysis<|message|>Try 2.<|end|><|start|>assistant<|channel|>final<|message|>"
            f"{self.answer}<|return|>",
        )

    def test_an_answer_without_thinking_is_as_the_template_has_it(self) -> None:
        chat = chats(QWEN, "<|im_end|>", form=THINK)
        self.assertEqual(learned(chat, row())[1], f"<think>\n\n</think>\n\n{self.answer}<|im_end|>")
        self.assertEqual(learned(chats(PLAIN, "<|im_end|>"), row())[1], f"{self.answer}<|im_end|>")

    def test_a_prompt_that_opens_the_thinking_is_not_answered_by_a_second_tag(self) -> None:
        prompt, text = learned(chats(DISTILL, "<|end|>", form=THINK), row("Try 2."))
        self.assertTrue(prompt.endswith("<think>\n"))
        self.assertEqual(text, f"Try 2.\n</think>\n\n{self.answer}<|end|>")
        prompt, text = learned(chats(SWITCHED, "<|end|>", form=THINK, thinking=True), row("Try 2."))
        self.assertTrue(prompt.endswith("<think>"))
        self.assertEqual(text, f"Try 2.</think>{self.answer}<|end|>")

    def test_an_opened_thinking_is_closed_before_an_answer_without_any(self) -> None:
        text = learned(chats(DISTILL, "<|end|>", form=THINK), row())[1]
        self.assertEqual(text, f"\n</think>\n\n{self.answer}<|end|>")
        text = learned(chats(SWITCHED, "<|end|>", form=THINK, thinking=True), row())[1]
        self.assertEqual(text, f"</think>{self.answer}<|end|>")

    def test_where_the_prompt_switches_thinking_off_none_is_learned(self) -> None:
        for chat in (
            chats(QWEN, "<|im_end|>", form=THINK, enable_thinking=False),
            chats(SWITCHED, "<|end|>", form=THINK),
        ):
            for item in (row("Try 2."), row()):
                prompt, text = learned(chat, item)
                self.assertTrue(prompt.rstrip().endswith("</think>"))
                self.assertEqual(text, self.answer + chat.tokenizer.eos_token)

    def test_a_template_that_drops_thinking_is_completed_by_the_format(self) -> None:
        form = {"open": "[THINK]", "close": "[/THINK]"}
        text = learned(chats(MISTRAL, "</s>", form=form), row("Try 2."))[1]
        self.assertEqual(text, f"[THINK]Try 2.[/THINK]{self.answer}</s>")
        self.assertEqual(learned(chats(MISTRAL, "</s>", form=form), row())[1], f"{self.answer}</s>")
        text = learned(chats(PLAIN, "<|im_end|>", form=THINK), row("Try 2."))[1]
        self.assertEqual(text, f"<think>\nTry 2.\n</think>\n\n{self.answer}<|im_end|>")

    def test_what_is_given_of_an_answer_stands_before_it_with_the_thinking_and_is_not_learned(self) -> None:
        chat = chats(QWEN, "<|im_end|>", form=THINK)
        item = row("Try 2.", answer="It is wrong.").model_copy(update={"given": "## Solution\n2 = 3.\n"})
        given, learned = (chat.tokenizer.decode(ids) for ids in chat.answered(item, chat.prompt(item)))
        self.assertEqual(given, "<think>\nTry 2.\n</think>\n\n## Solution\n2 = 3.\n")
        self.assertEqual(learned, "It is wrong.<|im_end|>")

    def test_thinking_that_nothing_can_mark_is_refused_by_name(self) -> None:
        with self.assertRaises(JobFailure) as caught:
            learned(chats(PLAIN, "<|im_end|>"), row("Try 2."))
        self.assertEqual(caught.exception.failure_class, "data")
        self.assertIn("r1", str(caught.exception))

    def test_the_answer_ends_as_the_template_ends_a_turn_not_by_the_tokenizers_end_of_text(self) -> None:
        stops = ["<|endoftext|>", "<|im_end|>"]
        self.assertTrue(learned(chats(PLAIN, "<|endoftext|>", stops), row())[1].endswith("parity.<|im_end|>"))
        # Where nothing stops at the end of a turn, the text has to end, too.
        text = learned(chats(PLAIN, "<|endoftext|>"), row())[1]
        self.assertTrue(text.endswith("parity.<|im_end|><|endoftext|>"))

    def test_a_template_that_knows_no_answers_ends_by_the_tokenizers_end_of_text(self) -> None:
        chat = chats("{{ messages[0].content }}<|assistant|>", "<|end|>")
        self.assertEqual(learned(chat, row())[1], f"{self.answer}<|end|>")

    def test_of_named_templates_the_default_one_is_taken(self) -> None:
        chat = chats({"default": DISTILL, "tool_use": PLAIN}, "<|end|>", form=THINK)
        self.assertEqual(learned(chat, row())[1], f"\n</think>\n\n{self.answer}<|end|>")

    def test_an_answer_that_the_template_would_trim_is_learned_as_it_is(self) -> None:
        text = learned(chats(PLAIN, "<|im_end|>"), row(answer="By parity.\n"))[1]
        self.assertEqual(text, "By parity.\n<|im_end|>")

    def test_a_row_that_the_template_refuses_is_named(self) -> None:
        with self.assertRaises(JobFailure) as caught:
            learned(chats("{{ raise_exception('no system role') }}", "<|end|>"), row())
        self.assertEqual(caught.exception.failure_class, "data")
        for said in ("r1", "no system role"):
            self.assertIn(said, str(caught.exception))

    def test_a_token_that_the_model_does_not_have_is_named(self) -> None:
        chat = chats(PLAIN, "<|im_end|>")
        chat.vocabulary = len(chat.tokenizer) - 1
        learned(chat, row(answer="By parity."))
        with self.assertRaises(JobFailure) as caught:
            learned(chat, row(answer="By </think> parity."))
        self.assertEqual(caught.exception.failure_class, "data")
        self.assertIn("</think>", str(caught.exception))


class SplitTest(unittest.TestCase):
    def assert_split(self, chat: Chats, completion: str, thinking: str, answer: str) -> None:
        got = chat.split(chat.prompt(row()), chat.encode(completion))
        self.assertEqual((got.thinking, got.answer), (thinking, answer))

    def test_tags_that_are_special_tokens_do_not_vanish_into_the_answer(self) -> None:
        chat = chats(MISTRAL, "</s>", form={"open": "[THINK]", "close": "[/THINK]"})
        self.assert_split(chat, "[THINK]## Solution[/THINK]answer</s>", "## Solution", "answer")
        self.assert_split(chat, "answer[/THINK]more</s>", "", "answer[/THINK]more")

    def test_the_prompt_that_was_asked_says_whether_it_opened_the_thinking(self) -> None:
        chat = chats(SWITCHED, "<|end|>", form=THINK, thinking=True)
        self.assert_split(chat, "plan</think>answer</think>more<|end|>", "plan", "answer</think>more")
        self.assert_split(chat, "plan and no end", "plan and no end", "")
        # Some have it begin in their own words.
        chat = chats("{{ messages[0].content }}<|assistant|><think>\nOkay,", "<|end|>", form=THINK)
        self.assert_split(chat, " plan</think>answer<|end|>", "plan", "answer")
        chat = chats(SWITCHED, "<|end|>", form=THINK | {"promptOpens": True}, thinking=False)
        for text in ("answer</think>more", "<think>hm</think>more"):
            self.assert_split(chat, text + "<|end|>", "", text)

    def test_a_question_that_ends_in_a_tag_opens_nothing(self) -> None:
        chat = chats("{{ messages[0].content }}", "<|end|>", form=THINK)
        asked = row().model_copy(update={"prompt": [{"role": "user", "content": "What is <think>"}]})
        self.assertFalse(chat.prompt(asked).thinks)

    def test_no_token_but_those_that_begin_or_end_a_turn_vanishes(self) -> None:
        text = "[THINK]plan[/THINK]</think>answer"
        self.assert_split(chats(PLAIN, "<|im_end|>"), f"<|im_start|>{text}<|im_end|>", "", text)


if __name__ == "__main__":
    unittest.main()
