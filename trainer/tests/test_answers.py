"""Answers of the model server for checkpoints of every kind: as transformers has them, thinking apart, as streams."""

import asyncio
import http.client
import json
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.contract.thinking import ThinkingFormat
from trainer.serving.batch import Answer, Call
from trainer.serving.chat import Chat
from trainer.serving.openai_requests import ChatRequest, Refused
from trainer.serving.replies import Asked, growing, pieces_of
from trainer.tests.support import start_server
from trainer.tests.tiny_models import (
    CONFIGS,
    SPECIAL,
    TEMPLATE,
    as_torch_file,
    edit_json,
    half_precision,
    make_model,
    make_speaker,
    make_tokenizer,
)

TOKENS = 24
PROMPT = [{"role": "user", "content": "Prove it."}]
THINK = {"open": "<think>", "close": "</think>"}
THINKS = ("<think>", "a ", "plan", "</think>", " The proof", " quotes </", "think>.")


def make_models(folder: Path) -> list[str]:
    for name in CONFIGS:
        make_model(folder / name, name)
    make_model(folder / "sharded", "qwen3", max_shard_size="20KB")
    make_model(folder / "bf16", "llama", dtype=torch.bfloat16)
    half_precision(make_model(folder / "fp16", "tied"))
    as_torch_file(make_model(folder / "torch-file", "llama"))
    make_model(folder / "ends-in-config", "llama3-rope")
    make_tokenizer(folder / "ends-in-config", eos_token="<bos>")
    (folder / "ends-in-config" / "generation_config.json").unlink()
    names = sorted(entry.name for entry in folder.iterdir())
    # The third token of what this one says ends it: as an end token of a list in config.json alone.
    third = likeliest(folder / "ends-in-config")[2]
    edit_json(folder / "ends-in-config" / "config.json", eos_token_id=[third, 3])
    return names


def likeliest(folder: Path, count: int = TOKENS) -> list[int]:
    """What transformers goes on with after the prompt."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = tokenizer.apply_chat_template(PROMPT, add_generation_prompt=True, return_tensors="pt", return_dict=False)
    with torch.inference_mode():
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=count, pad_token_id=0
        )
    return out[0, ids.shape[1] :].tolist()


class AnswersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.checkpoints = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.names = make_models(cls.checkpoints)
        cls.server, cls.port = start_server(cls.checkpoints)
        cls.addClassCleanup(cls.server.wait)
        cls.addClassCleanup(cls.server.kill)

    def send(self, **fields: Any) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        self.addCleanup(connection.close)
        body = {"model": "llama", "messages": PROMPT, "temperature": 0, "max_tokens": TOKENS, **fields}
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        return connection.getresponse()

    def answer(self, **fields: Any) -> dict[str, Any]:
        response = self.send(**fields)
        body = json.loads(response.read())
        self.assertEqual(response.status, 200, body)
        return body

    def pieces(self, **fields: Any) -> list[dict[str, Any]]:
        response = self.send(stream=True, **fields)
        self.assertEqual(response.headers["content-type"].split(";")[0], "text/event-stream")
        events = [event for event in response.read().decode().split("\n\n") if event.startswith("data: ")]
        self.assertEqual(events.pop(), "data: [DONE]")
        return [json.loads(event.removeprefix("data: ")) for event in events]

    def says(self, *tokens: str | bytes, template: str = TEMPLATE, ends: bool = True) -> str:
        """A checkpoint that says this whatever it is asked."""
        name = f"says-{len(list(self.checkpoints.iterdir()))}"
        make_speaker(self.checkpoints / name, tokens, template, ends)
        return name

    def test_a_served_text_is_what_transformers_makes_of_the_checkpoint(self) -> None:
        for name in self.names:
            with self.subTest(name):
                folder = self.checkpoints / name
                theirs = AutoTokenizer.from_pretrained(folder)
                ids = likeliest(folder)
                body = self.answer(model=name)
                # Tags that are special tokens stay, where transformers leaves them out; what ends a text goes.
                said = body["choices"][0]["message"]["content"]
                for tag in SPECIAL:
                    said = said.replace(tag, "")
                ends = Chat(folder).stop_ids
                plain = [token for token in ids if token not in ends]
                self.assertEqual(said, theirs.decode(plain, skip_special_tokens=True))
                self.assertEqual(body["usage"]["completion_tokens"], len(ids))
                self.assertEqual(body["choices"][0]["finish_reason"], "length" if len(ids) == TOKENS else "stop")
        self.assertEqual(len(likeliest(self.checkpoints / "ends-in-config")), 3)

    def test_an_answer_without_a_limit_ends_where_the_context_does(self) -> None:
        body = self.answer(max_tokens=None, model=self.says("on ", "and ", ends=False))
        self.assertEqual(body["choices"][0]["finish_reason"], "length")
        self.assertEqual(body["usage"]["total_tokens"], 256)

    def test_a_prompt_that_exceeds_the_context_is_refused_with_both_numbers(self) -> None:
        for fields, number in (
            ({"messages": [{"role": "user", "content": "x" * 300}]}, "303"),
            ({"max_tokens": 250}, "250"),
        ):
            response = self.send(**fields)
            error = json.loads(response.read())["error"]
            self.assertEqual((response.status, error["code"]), (400, "context_length_exceeded"))
            self.assertIn(number, error["message"])
            self.assertIn("256", error["message"])

    def test_tags_stay_in_the_text_unless_the_request_says_what_they_are(self) -> None:
        name = self.says(*THINKS)
        message = self.answer(model=name, max_tokens=100)["choices"][0]["message"]
        self.assertEqual(message, {"role": "assistant", "content": "<think>a plan</think> The proof quotes </think>."})
        body = self.answer(model=name, max_tokens=100, thinking=THINK)
        message = body["choices"][0]["message"]
        self.assertEqual(message["reasoning_content"], "a plan")
        self.assertEqual(message["content"], "The proof quotes </think>.")
        self.assertEqual(body["usage"]["completion_tokens_details"], {"reasoning_tokens": 4})

    def test_a_prompt_that_opens_the_thinking_is_seen_whatever_the_request_says(self) -> None:
        name = self.says("a pl", "an", "</think>", "a proof", template=TEMPLATE + "<think>\n")
        for format in (THINK, {**THINK, "promptOpens": False}):
            message = self.answer(model=name, max_tokens=100, thinking=format)["choices"][0]["message"]
            self.assertEqual((message["reasoning_content"], message["content"]), ("a plan", "a proof"))
        begun = self.says("a plan", "</think>", "a proof", template=TEMPLATE + "<think>\nWell, ")
        message = self.answer(model=begun, thinking=THINK)["choices"][0]["message"]
        self.assertEqual((message["reasoning_content"], message["content"]), ("a plan", "a proof"))
        for question, template in (("Open with <think>", "{{ messages[-1].content }}"), (" ", TEMPLATE)):
            quoted = self.says("a plan", "</think>", "a proof", template=template)
            asked = [{"role": "user", "content": question}]
            message = self.answer(model=quoted, messages=asked, thinking=THINK)["choices"][0]["message"]
            self.assertEqual((message["reasoning_content"], message["content"]), (None, "a plan</think>a proof"))
        cut = self.answer(model=name, max_tokens=1, thinking=THINK)
        message = cut["choices"][0]["message"]
        self.assertEqual((message["reasoning_content"], message["content"]), ("a pl", ""))
        self.assertEqual(cut["choices"][0]["finish_reason"], "length")
        self.assertEqual(cut["usage"]["completion_tokens_details"], {"reasoning_tokens": 1})

    def test_a_template_is_told_what_the_request_tells_it(self) -> None:
        template = TEMPLATE + "{% if thinks is not false %}<think>{% endif %}"
        name = self.says("a plan", "</think>", "a proof", template=template)
        on = self.answer(model=name, max_tokens=100, thinking=THINK)
        self.assertEqual(on["choices"][0]["message"]["content"], "a proof")
        off = self.answer(model=name, max_tokens=100, thinking=THINK, chat_template_kwargs={"thinks": False})
        message = off["choices"][0]["message"]
        self.assertEqual((message["reasoning_content"], message["content"]), (None, "a plan</think>a proof"))

    def test_a_stream_says_what_the_whole_answer_does(self) -> None:
        tagged = self.says(*THINKS)
        spelled = self.says(
            "[T", "]ein Pl", b"\xc3", b"\xa4n[/", "T] Die Lö", "sung [/T] ist «", b"\xcf", b"\x80\xc2", b"\xbb."
        )
        for fields in (
            {"model": "llama"},
            {"model": "gpt-neox"},
            {"model": tagged, "max_tokens": 100, "thinking": THINK},
            {"model": tagged, "max_tokens": 3, "thinking": THINK},
            {"model": spelled, "max_tokens": 100},
            {"model": spelled, "max_tokens": 100, "thinking": {"open": "[T]", "close": "[/T]"}},
            {"model": spelled, "max_tokens": 100, "stop": ["Lös"]},
        ):
            with self.subTest(str(fields)):
                whole = self.answer(**fields)
                pieces = self.pieces(stream_options={"include_usage": True}, **fields)
                self.assertEqual(pieces[0]["object"], "chat.completion.chunk")
                self.assertEqual(pieces[0]["choices"][0]["delta"]["role"], "assistant")
                self.assertEqual(pieces[-1]["usage"], whole["usage"])
                self.assertEqual(pieces[-1]["choices"], [])
                choices = [piece["choices"][0] for piece in pieces[:-1]]
                self.assertEqual(choices[-1]["finish_reason"], whole["choices"][0]["finish_reason"])
                self.assertEqual({choice["finish_reason"] for choice in choices[:-1]}, {None})
                message = whole["choices"][0]["message"]
                for part in ("content", "reasoning_content"):
                    said = "".join(choice["delta"].get(part) or "" for choice in choices)
                    self.assertEqual(said, message.get(part) or "")
                self.assertNotIn("usage", self.pieces(**fields)[-1])

    def test_log_probabilities_are_the_models_own_whatever_the_temperature(self) -> None:
        folder = self.checkpoints / "qwen3"
        ids = likeliest(folder, 5)
        chat = Chat(folder)
        prompt = chat.prompt_ids(PROMPT)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        with torch.inference_mode():
            logs = torch.log_softmax(model(torch.tensor([prompt + ids])).logits[0, len(prompt) - 1 : -1].double(), -1)
        body = self.answer(model="qwen3", max_tokens=5, logprobs=True, top_logprobs=20)
        told = body["choices"][0]["logprobs"]["content"]
        self.assertEqual([each["token"] for each in told], [chat.tokenizer.decode([token], False) for token in ids])
        for place, (each, token) in enumerate(zip(told, ids, strict=True)):
            self.assertAlmostEqual(each["logprob"], float(logs[place, token]), 3)
            best = logs[place].topk(20).values.tolist()
            for other, expected in zip(each["top_logprobs"], best, strict=True):
                self.assertAlmostEqual(other["logprob"], expected, 3)
        hot = self.answer(model="qwen3", max_tokens=5, logprobs=True, top_logprobs=3, temperature=2, seed=1)
        first = hot["choices"][0]["logprobs"]["content"][0]
        self.assertEqual(first["top_logprobs"], told[0]["top_logprobs"][:3])
        pieces = self.pieces(model="qwen3", max_tokens=5, logprobs=True, top_logprobs=20)
        streamed = [each for piece in pieces for each in (piece["choices"][0]["logprobs"] or {}).get("content", [])]
        self.assertEqual(streamed, told)
        self.assertIsNone(self.answer(model="qwen3")["choices"][0]["logprobs"])

    def test_what_cannot_be_run_is_refused_by_what_is_wrong_with_it(self) -> None:
        shutil.copytree(self.checkpoints / "llama", self.checkpoints / "of-tomorrow")
        edit_json(self.checkpoints / "of-tomorrow" / "config.json", model_type="of-tomorrow")
        shutil.copytree(self.checkpoints / "sharded", self.checkpoints / "cut")
        shard = sorted((self.checkpoints / "cut").glob("*.safetensors"))[1]
        shard.write_bytes(shard.read_bytes()[:-3])
        for name, reason in (("of-tomorrow", "of-tomorrow"), ("cut", f"{shard.name} cannot be read")):
            response = self.send(model=name)
            error = json.loads(response.read())["error"]
            self.assertEqual((response.status, error["param"], error["code"]), (400, "model", "model_unusable"))
            self.assertIn(reason, error["message"])


class GrowingTest(unittest.IsolatedAsyncioTestCase):
    def asked(self) -> Asked:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        make_speaker(folder, ["[T", "]a plan", "[", "/T]", "It is ", b"\xcf", b"\x80.", " Q", "ED"])
        chat = Chat(folder)
        call = Call([2], 100, 0, 1, 1, ["QED"], asyncio.get_running_loop().create_future())
        wanted = ChatRequest(model="m", messages=PROMPT, stream=True, stop=["QED"])
        return Asked(wanted, chat, call, chat.separator(ThinkingFormat(open="[T]", close="[/T]")), False)

    async def test_who_hangs_up_frees_the_slot_and_a_batch_that_failed_is_told(self) -> None:
        asked = self.asked()

        async def read() -> None:
            async for _ in pieces_of(asked):
                pass

        reader = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        self.assertFalse(asked.call.cancelled)
        reader.cancel()
        await asyncio.wait((reader,))
        self.assertTrue(asked.call.cancelled)
        failed = self.asked()
        failed.call.ticket.set_exception(Refused("the batch failed", None, 500, None))
        *_, error = [piece async for piece in pieces_of(failed)]
        self.assertEqual(json.loads(error.removeprefix("data: "))["error"]["message"], "the batch failed")

    async def test_an_answer_is_told_as_it_grows_but_not_what_may_still_change(self) -> None:
        asked = self.asked()
        call, ids = asked.call, asked.chat.tokenizer.get_vocab()
        pieces = growing(asked)
        self.assertEqual((await anext(pieces))["choices"][0]["delta"], {"role": "assistant", "content": ""})
        for tokens, delta in (
            (["[T", "]a\u0120plan"], {"reasoning_content": "a p"}),
            (["[", "/T]", "It\u0120is\u0120"], {"reasoning_content": "lan", "content": "It"}),
            (["\u00cf", "\u0122."], {"content": " is"}),
            (["\u0120Q"], {"content": " \u03c0"}),
        ):
            call.said += [ids[token] for token in tokens]
            self.assertEqual((await anext(pieces))["choices"][0]["delta"], delta)
        call.said += [ids["ED"]]
        call.ticket.set_result(Answer(call.said, "stop"))
        rest = [piece["choices"][0] async for piece in pieces]
        self.assertEqual([choice["delta"] for choice in rest], [{"content": ". "}, {}])
        self.assertEqual([choice["finish_reason"] for choice in rest], [None, "stop"])


if __name__ == "__main__":
    unittest.main()
