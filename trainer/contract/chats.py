"""Rows as a model reads and writes them: prompts, what is learned of an answer, and what a completion says.

Takes a tokenizer of transformers' and imports none of it, so that every engine renders alike.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

from trainer.contract.failures import JobFailure
from trainer.contract.job import Job
from trainer.contract.rows import Row
from trainer.contract.thinking import Separator, Split

THINKING_FIELDS = ("reasoning_content", "reasoning", "thinking")
"""Names under which chat templates take the thinking of an assistant's message."""
QUESTION, THINKING, ANSWER = "HERE-STANDS-THE-QUESTION", "HERE-STANDS-THE-THINKING", "HERE-STANDS-THE-ANSWER"
"""Stand for the texts while a template is asked what it writes around them: it may not look into the texts."""


@dataclass(frozen=True)
class Prompt:
    text: str
    ids: list[int]
    thinks: bool
    """It ends within the thinking that it has opened."""
    thought: bool
    """It closes the thinking: the model shall not think."""


class Chats:
    def __init__(self, tokenizer: Any, job: Job, stop_ids: Sequence[int], vocabulary: int):
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        """Tokens that the model has an embedding of; some tokenizers know more."""
        self.form = job.thinking
        self.template_kwargs = job.template_kwargs
        self.stop_ids = list(stop_ids)
        self.added: dict[str, int] = tokenizer.get_added_vocab()
        self.silent = {*stop_ids, *named_ids(tokenizer), *self.turn_ids()}
        """Tokens that begin a text, end it or fill it up; all others are part of what is said, special or not."""
        self.separator = Separator(self.form, self.added, self.encode, self.decode) if self.form else None

    def encode(self, text: str) -> list[int]:
        """Raises JobFailure (class data) for a token that the model does not know."""
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        if (last := max(ids, default=0)) >= self.vocabulary:
            token = self.tokenizer.convert_ids_to_tokens(last)
            problem = f"the tokenizer has a token {last}, {token}, and the model only {self.vocabulary} embeddings"
            raise JobFailure("data", f"{problem}; they are not of one checkpoint")
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """A completion's text."""
        return self.tokenizer.decode([token for token in ids if token not in self.silent])

    def turn_ids(self) -> set[int]:
        """Special tokens by which the template has an answer begin, but for the tags of thinking."""
        asked = [{"role": "user", "content": QUESTION}]
        try:
            text = self.tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
        except (jinja2.TemplateError, ValueError, TypeError):
            return set()
        special = {number for number, token in self.tokenizer.added_tokens_decoder.items() if token.special}
        tags = self.encode(self.form.open + self.form.close) if self.form else []
        return special.intersection(self.encode(text.rpartition(QUESTION)[2])).difference(tags)

    def prompt(self, row: Row) -> Prompt:
        text = self.prompt_text(row)
        if self.form is None:
            return Prompt(text, self.encode(text), False, False)
        asked = [*row.prompt[:-1], {**row.prompt[-1], "content": QUESTION}]
        _, _, tail = self.render(row, asked, add_generation_prompt=True).rpartition(QUESTION)
        opened, closed = tail.rfind(self.form.open.strip()), tail.rfind(self.form.close.strip())
        thinks = closed <= opened and (opened >= 0 or self.form.prompt_opens is True)
        return Prompt(text, self.encode(text), thinks, closed > opened)

    def prompt_text(self, row: Row) -> str:
        return self.render(row, row.prompt, add_generation_prompt=True)

    def render(self, row: Row, messages: Sequence[Any], add_generation_prompt: bool) -> str:
        """Raises JobFailure (class data) where the template refuses."""
        settings = {**self.template_kwargs.get(row.task, {}), "add_generation_prompt": add_generation_prompt}
        try:
            return self.tokenizer.apply_chat_template(messages, tokenize=False, **settings)
        except (jinja2.TemplateError, ValueError, TypeError) as error:
            raise JobFailure("data", f"the chat template refuses row {row.item_id}: {error}") from error

    def split(self, prompt: Prompt, ids: Sequence[int]) -> Split:
        """A completion's thinking and its answer. A model that has been told not to think has written an answer."""
        if self.separator is None or prompt.thought:
            return Split("", self.decode(ids), True, 0)
        return self.separator.split(ids, prompt.thinks)

    def answered(self, row: Row, prompt: Prompt) -> tuple[list[int], list[int]]:
        """What follows an sft row's prompt, thinking and answer up to the end of the turn: what is given, and learned.

        As the chat template writes them; where it drops the thinking of an answer, as the format says. A prompt that
        opens the thinking has it closed before the answer, whether there is any or not.
        """
        thinking = "" if prompt.thought else (row.thinking or "").strip()
        around = self.written(row, prompt, thinking != "")
        if around is None:
            around = self.composed(row, prompt, thinking != ""), self.ending(row)
        before, after = around
        text, end = self.end_of(after)
        before = before.replace(THINKING, thinking)
        if row.given:
            return self.encode(before + row.given), self.encode(row.completion + text) + end
        return [], self.encode(before + row.completion + text) + end

    def written(self, row: Row, prompt: Prompt, thinks: bool) -> tuple[str, str] | None:
        """What the template writes after the prompt, before and after the answer; None where it drops a part."""
        for field in THINKING_FIELDS if thinks else ("",):
            around = self.around(row, prompt.text, {field: THINKING} if thinks else {})
            if around is None or (THINKING in around[0]) != thinks:
                continue
            if not prompt.thinks or self.form.close.strip() in around[0]:
                return around
        return None

    def around(self, row: Row, start: str, fields: dict[str, str]) -> tuple[str, str] | None:
        """What stands before and after the answer in an assistant's message that goes on from `start`."""
        message = {"role": "assistant", "content": ANSWER, **fields}
        try:
            full = self.render(row, [*row.prompt, message], add_generation_prompt=False)
        except JobFailure:
            return None
        if not full.startswith(start) or ANSWER not in full[len(start) :]:
            return None
        before, _, after = full[len(start) :].rpartition(ANSWER)
        return before, after

    def composed(self, row: Row, prompt: Prompt, thinks: bool) -> str:
        """What stands between the prompt and the answer, by the format of thinking."""
        if not thinks and not prompt.thinks:
            return ""
        if self.form is None:
            raise JobFailure(
                "data",
                f"row {row.item_id} has thinking, which this checkpoint's chat template leaves out, and the job file "
                "does not say how the model marks it; set the base's `thinking`, or consolidation.thinking to drop",
            )
        open_tag, close_tag = self.form.open.strip(), self.form.close.strip()
        line = "\n" if self.in_lines(prompt) else ""
        start = "" if prompt.thinks else open_tag + line
        return f"{start}{THINKING if thinks else ''}{line}{close_tag}{2 * line}"

    def in_lines(self, prompt: Prompt) -> bool:
        """Whether the tags stand on lines of their own: in the prompt, in the template, or as most of their form."""
        if prompt.thinks:
            return prompt.text.endswith("\n")
        tag, template = self.form.open.strip(), self.tokenizer.get_chat_template()
        return re.search(re.escape(tag) + r"(\\n|\n)", template) is not None if tag in template else tag[0] == "<"

    def ending(self, row: Row) -> str:
        """What the template writes after an assistant's answer, wherever that begins."""
        around = self.around(row, self.render(row, row.prompt, add_generation_prompt=False), {})
        return around[1] if around else ""

    def end_of(self, after: str) -> tuple[str, list[int]]:
        """The text between answer and end token, and the end token, in what a template writes after an answer.

        An end of turn at which nothing stops is followed by the token at which everything does.
        """
        ids = self.encode(after)
        own = set(self.added.values())
        stop = next((token for token in ids if token in self.stop_ids), None)
        turn = next((token for token in ids if token in own), None) if stop is None else stop
        if turn is None:
            return "", [self.tokenizer.eos_token_id]
        text, _, _ = after.partition(self.tokenizer.convert_ids_to_tokens(turn))
        return text, [turn] if stop is not None else [turn, self.tokenizer.eos_token_id]


def named_ids(tokenizer: Any) -> set[int]:
    """Ids of the tokens with a part of their own, such as bos, eos and pad; not of the additional ones."""
    names = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
    return {getattr(tokenizer, f"{name}_token_id", None) for name in names} - {None}
