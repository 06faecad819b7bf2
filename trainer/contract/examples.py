"""Rows as tokens, and which of them a job leaves out because they are too long."""

from dataclasses import dataclass

from trainer.contract.chats import Chats
from trainer.contract.job import Hyper, SftHyper
from trainer.contract.rows import Long, Row


@dataclass(frozen=True)
class Example:
    """A row as tokens: the prompt, what of the answer is given, and what is learned after it."""

    item_id: str
    prompt: list[int]
    given: list[int]
    learned: list[int]

    @staticmethod
    def of(row: Row, chats: Chats) -> "Example":
        prompt = chats.prompt(row)
        return Example(row.item_id, prompt.ids, *chats.answered(row, prompt))

    def too_long(self, hyper: SftHyper) -> Long | None:
        for part, ids, limit, most in (
            ("prompt", self.prompt, "maxPromptTokens", hyper.max_prompt_tokens),
            ("completion", self.given + self.learned, "maxCompletionTokens", hyper.max_completion_tokens),
        ):
            if len(ids) > most:
                return Long(self.item_id, part, len(ids), limit, most)
        return None

    def inputs(self) -> dict[str, list[int]]:
        shown = self.prompt + self.given
        return {"input_ids": shown + self.learned, "labels": [-100] * len(shown) + self.learned}


def prompt_too_long(row: Row, chats: Chats, hyper: Hyper) -> Long | None:
    """A token is a byte or more: only texts with more bytes than the limit are tokenized."""
    most = hyper.max_prompt_tokens
    text = chats.prompt_text(row)
    length = len(chats.encode(text)) if len(text.encode()) > most else 0
    return Long(row.item_id, "prompt", length, "maxPromptTokens", most) if length > most else None
