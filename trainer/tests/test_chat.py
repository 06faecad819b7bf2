"""Prompts and texts of a checkpoint without transformers, against what transformers makes of the same folder."""

import json
import random
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import jinja2
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from trainer.contract.chats import Chats
from trainer.contract.thinking import ThinkingFormat
from trainer.serving.chat import Chat, words_alone
from trainer.tests.support import BASE
from trainer.tests.tiny_base import make_thinking_base
from trainer.tests.tiny_models import TEMPLATE, edit_json, make_tokenizer

CONVERSATION = [
    {"role": "system", "content": "You are <careful> & «exact»."},
    {"role": "user", "content": "  Let x = ½.\nProve it.  "},
    {"role": "assistant", "content": "No.", "reasoning_content": "hm"},
    {"role": "user", "content": "So?"},
]
TEMPLATES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": (TEMPLATE, {}),
    "generation": (
        "{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}{% generation %}\n  {{ m.content }}"
        "{% set said = 1 %}{{ loop.index }}{% endgeneration %}\n{% endif %}[{{ said }}]{% endfor %}",
        {},
    ),
    "strftime_now": ("{{ strftime_now('%Y') }} {{ strftime_now('%d %B') }}{{ messages[1].content }}", {}),
    "tojson": (
        "{{ messages[0] | tojson }}{{ messages[1] | tojson(indent=2) }}"
        "{{ {'b': 1, 'a': '½'} | tojson(sort_keys=true, ensure_ascii=true, separators=(',', ':')) }}",
        {},
    ),
    "loopcontrols": (
        "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.content }}"
        "{% if loop.index > 2 %}{% break %}{% endif %}{% endfor %}",
        {},
    ),
    "blocks and white space": (
        "{%- for m in messages %}\n    {%- if m.content is string %}\n  {{ m.content | trim }}\n    {% endif %}\n"
        "{% endfor -%}\n\n  end",
        {},
    ),
    "namespace and macros": (
        "{% set ns = namespace(last=0) %}{% macro say(m) %}<{{ m.role | upper }}>{{ m.content }}{% endmacro %}"
        "{% for m in messages[::-1] %}{% if m.role == 'user' and not ns.last %}{% set ns.last = loop.index %}"
        "{% endif %}{{ say(m) }}{% endfor %}{{ ns.last }}"
        "{{ messages[2].reasoning_content or '' }}{{ messages[1].thought }}",
        {},
    ),
    "what python's texts can": (
        "{% set c = messages[2].content %}{{ c.split('o')[0].rstrip('\\n') }}{{ 'N' in c }}{{ c.startswith('No') }}"
        "{{ messages[1].content.strip() }}{{ tools }}{{ tools is none }}{{ documents }}{{ eos_token }}{{ unk_token }}",
        {},
    ),
    "thinking switched off": (
        TEMPLATE + "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}",
        {"enable_thinking": False},
    ),
    "a budget": (TEMPLATE + "{{ budget or 'none' }}{{ bos_token }}", {"budget": 512, "bos_token": "[B]"}),
}


class ChatTest(unittest.TestCase):
    def folder(self) -> Path:
        return Path(self.enterContext(tempfile.TemporaryDirectory()))

    def check(self, folder: Path, more: dict[str, Any] | None = None, alone: bool = True) -> None:
        chat = Chat(folder)
        self.assertEqual(words_alone(folder) is not None, alone)
        theirs = AutoTokenizer.from_pretrained(folder)
        asked = {"add_generation_prompt": True, **(more or {})}
        self.assertEqual(
            chat.prompt(CONVERSATION, more), theirs.apply_chat_template(CONVERSATION, tokenize=False, **asked)
        )
        ids = theirs.apply_chat_template(CONVERSATION, return_dict=False, **asked)
        self.assertEqual(chat.prompt_ids(CONVERSATION, more), ids)
        self.assertEqual(chat.encode("a <think> b", special=True), theirs("a <think> b").input_ids)
        said = chat.encode("It 's <think> so , is n't it ?")
        plain = [token for token in said if token not in theirs.all_special_ids]
        self.assertEqual(chat.decode(plain), theirs.decode(plain, skip_special_tokens=True))

    def test_a_prompt_is_the_one_that_transformers_renders(self) -> None:
        for name, (template, more) in TEMPLATES.items():
            with self.subTest(name):
                folder = self.folder()
                make_tokenizer(folder, chat_template=template)
                self.check(folder, more)

    def test_a_template_is_found_wherever_it_stands(self) -> None:
        made = self.folder()
        make_tokenizer(made)
        self.assertTrue((made / "chat_template.jinja").exists())
        self.check(made)
        in_config = Path(shutil.copytree(made, self.folder(), dirs_exist_ok=True))
        edit_json(in_config / "tokenizer_config.json", chat_template="{{ messages[0].content }} of the config")
        self.check(in_config)  # the file of its own counts
        (in_config / "chat_template.jinja").unlink()
        self.check(in_config)
        named = [
            {"name": "tool_use", "template": "tools"},
            {"name": "default", "template": "{{ messages[1].content }}"},
        ]
        edit_json(in_config / "tokenizer_config.json", chat_template=named)
        self.check(in_config)

    def test_a_processors_template_is_taken_too_which_transformers_does_not_do_for_a_tokenizer(self) -> None:
        folder = self.folder()
        make_tokenizer(folder)
        (folder / "chat_template.jinja").unlink()
        with self.assertRaisesRegex(ValueError, "no chat template"):
            Chat(folder).prompt(CONVERSATION)
        edit_json(folder / "chat_template.json", chat_template=TEMPLATE)
        self.assertIn("<|user|>So?<|assistant|>", Chat(folder).prompt(CONVERSATION))

    def test_a_template_that_refuses_or_fails_says_why(self) -> None:
        for template, reason in (
            ("{{ raise_exception('no system here') }}", "no system here"),
            ("{{ messages[9].content.x }}", "has no element 9"),
            ("{{ 'a' + 1 }}", "can only concatenate"),
            ("{{ messages.__class__.__mro__ }}", "unsafe"),
        ):
            with self.subTest(template):
                folder = self.folder()
                make_tokenizer(folder, chat_template=template)
                with self.assertRaisesRegex(ValueError, f"chat template refused the messages: .*{reason}"):
                    Chat(folder).prompt(CONVERSATION)
                with self.assertRaises((jinja2.TemplateError, TypeError)):
                    AutoTokenizer.from_pretrained(folder).apply_chat_template(CONVERSATION)

    def test_a_text_that_is_no_template_is_refused_with_its_line(self) -> None:
        folder = self.folder()
        make_tokenizer(folder, chat_template="{{ messages }}\n{% for %}")
        with self.assertRaisesRegex(ValueError, "its chat template is none: .*line 2"):
            Chat(folder)

    def test_tokenizers_that_transformers_changes_are_read_by_it(self) -> None:
        changed: dict[str, dict[str, Any]] = {
            "tokens that tokenizer.json lacks": {"extra_special_tokens": ["<think>", "<|new|>"]},
            "an own class": {"tokenizer_class": "Qwen2Tokenizer"},
            "a begin token": {"add_bos_token": True},
        }
        for name, fields in changed.items():
            with self.subTest(name):
                folder = self.folder()
                make_tokenizer(folder)
                edit_json(folder / "tokenizer_config.json", **fields)
                self.check(folder, alone=False)

    def test_spaces_are_tidied_where_the_tokenizer_says_so(self) -> None:
        folder = self.folder()
        words = ["<unk>", "<think>", "It", "'s", "so", ",", "is", "n't", "it", "?"]
        tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        tokenizer.decoder = decoders.WordPiece(cleanup=False)
        fast = PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, unk_token="<unk>", chat_template=TEMPLATE, clean_up_tokenization_spaces=True
        )
        fast.save_pretrained(folder)
        self.check(folder, alone=False)
        self.assertEqual(Chat(folder).decode([2, 3, 4, 5, 6, 7, 8, 9]), "It's so, isn't it?")

    def test_what_ends_a_text_or_fills_it_up_is_left_out_of_it_and_tags_are_kept(self) -> None:
        folder = self.folder()
        make_tokenizer(folder)
        chat = Chat(folder)
        ids = chat.encode("<bos><think>plan</think>proof<eos><pad>")
        self.assertEqual(chat.decode(ids), "<think>plan</think>proof")

    def test_an_answer_ends_with_any_token_that_the_checkpoint_says_it_ends_with(self) -> None:
        for files, ends in (
            ({}, [1]),
            ({"generation_config.json": [5, 3]}, [1, 3, 5]),
            ({"config.json": [4, 0]}, [0, 1, 4]),
            ({"config.json": 4, "generation_config.json": 5}, [1, 5]),
            ({"config.json": 4, "generation_config.json": None}, [1, 4]),
            ({"config.json": None}, [1]),
        ):
            with self.subTest(str(files)):
                folder = self.folder()
                make_tokenizer(folder)
                for name, eos in files.items():
                    edit_json(folder / name, eos_token_id=eos)
                self.assertEqual(Chat(folder).stop_ids, ends)

    def test_a_completion_is_the_same_text_to_the_server_and_to_a_training(self) -> None:
        own = make_thinking_base(self.folder())
        form = ThinkingFormat(open="[THINK]", close="[/THINK]", promptOpens=True)
        draw = random.Random(1)
        for folder, thinking in ((BASE, None), (own, None), (own, form)):
            chat, tokenizer = Chat(folder), AutoTokenizer.from_pretrained(folder)
            job = mock.Mock(thinking=thinking, template_kwargs={})
            trained = Chats(tokenizer, job, chat.stop_ids, len(tokenizer))
            served = chat if thinking is None else chat.separator(thinking)
            for _ in range(200):
                ids = [draw.randrange(len(tokenizer)) for _ in range(draw.randrange(1, 30))]
                self.assertEqual(served.decode(ids), trained.decode(ids))
                if thinking is not None:
                    self.assertEqual(served.split(ids), trained.separator.split(ids))

    def test_the_shipped_base_is_read_without_transformers(self) -> None:
        self.assertIsNotNone(words_alone(BASE))
        named = Chat(BASE)
        # Its template has an answer begin with a token of its own, which is none of it.
        self.assertEqual(named.silent, {0, 1, 2, 3})
        self.assertEqual(
            json.loads((BASE / "tokenizer_config.json").read_text())["eos_token"], named.named["eos_token"]
        )


if __name__ == "__main__":
    unittest.main()
