"""Where a completion's thinking ends and its answer begins.

By token ids where the tags are tokens of their own, so that a tag which is spelled out in ordinary tokens is text; by
the decoded text else. Decide once, on what the model emitted: nothing is cut from an answer afterwards.
"""

import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from trainer.contract.model import Read

Tag = Annotated[str, Field(pattern=r"\S")]


class ThinkingFormat(Read):
    """How a model marks its thinking: `thinking` of the job file (shared/training/job.ts), or of a request."""

    open: Tag
    close: Tag
    prompt_opens: bool | None = None
    """Whether the chat template's generation prompt ends in `open`. None: it is not known."""


@dataclass(frozen=True)
class Split:
    """Both texts are without the white space around them."""

    thinking: str
    """Empty where there is none."""
    answer: str
    """Empty where the thinking never ended."""
    closed: bool
    """False where thinking began and never ended."""
    thinking_tokens: int
    """Tokens up to the tag that ends the thinking, with the tags; all of them where it never ended."""


class Separator:
    """Splits completions of one tokenizer by one format.

    `added` has the id of every added token of the tokenizer by its text (`get_added_vocab()`). `encode` adds no special
    tokens. `decode` keeps all special tokens but those that end a text or fill it up: a tag may be one.
    """

    def __init__(
        self,
        form: ThinkingFormat,
        added: Mapping[str, int],
        encode: Callable[[str], Sequence[int]],
        decode: Callable[[Sequence[int]], str],
    ):
        self.form = form
        self.decode = decode
        self.texts = form.open.strip(), form.close.strip()
        ids = [tag_ids(tag, added, encode) for tag in self.texts]
        # A tag that the tokenizer does not know is its unknown token, which is any other word's, too.
        known = all(each and decode(each).strip() == tag for each, tag in zip(ids, self.texts, strict=True))
        self.ids = ids if known else None

    def split(self, ids: Sequence[int], opened: bool | None = None) -> Split:
        """`opened`: whether the very prompt has opened the thinking; by default, as the format says."""
        opened = self.form.prompt_opens if opened is None else opened
        if self.ids is None:
            thinking, answer, closed = cut(self.decode(ids), *self.texts, opened, str.find, str.isspace)
            return Split(thinking.strip(), answer.strip(), closed, self.tokens_before(answer, ids))
        thinking, answer, closed = cut(list(ids), *self.ids, opened, find, lambda part: self.decode(part).strip() == "")
        return Split(self.decode(thinking).strip(), self.decode(answer).strip(), closed, len(ids) - len(answer))

    def tokens_before(self, answer: str, ids: Sequence[int]) -> int:
        """Tokens before the text that ends a completion."""
        length = len(self.decode(ids)) - len(answer)
        return bisect.bisect_left(range(len(ids)), length, key=lambda count: len(self.decode(ids[:count])))


def tag_ids(tag: str, added: Mapping[str, int], encode: Callable[[str], Sequence[int]]) -> list[int] | None:
    """A tag as tokens that no ordinary text becomes: one that was added, or several between two such."""
    if tag in added:
        return [added[tag]]
    ids = list(encode(tag))
    own = set(added.values())
    return ids if ids and ids[0] in own and ids[-1] in own else None


def cut(
    whole: Any,
    open_tag: Any,
    close_tag: Any,
    opened: bool | None,
    find: Callable[[Any, Any, int], int],
    blank: Callable[[Any], bool],
) -> tuple[Any, Any, bool]:
    """Thinking, answer, and whether the thinking has ended; of a text, or of a list of ids.

    A reply that starts with the open tag thinks. So does one whose prompt has opened; where that is not known, one that
    has a close tag. The first close tag ends the thinking; none within an answer is looked for.
    """
    nothing = whole[:0]
    begin = find(whole, open_tag, 0)
    starts = begin == 0 or (begin > 0 and blank(whole[:begin]))
    begin = begin + len(open_tag) if starts else 0
    end = find(whole, close_tag, begin)
    if not starts and (opened is False or (opened is None and end < 0)):
        return nothing, whole, True
    if end < 0:
        return whole[begin:], nothing, False
    return whole[begin:end], whole[end + len(close_tag) :], True


def find(ids: list[int], tag: list[int], start: int) -> int:
    """The first place from `start` on where the tag's ids stand; -1 where there is none."""
    try:
        while ids[(start := ids.index(tag[0], start)) : start + len(tag)] != tag:
            start += 1
    except ValueError:
        return -1
    return start
