"""The model server as its callers see it: a process of its own, asked over HTTP."""

import collections
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM

from trainer.contract.files import checkpoint_digest
from trainer.serving.chat import Chat
from trainer.tests.support import BASE, start_server, statement

CONTEXT = 512


class ServerTest(unittest.TestCase):
    server: subprocess.Popen[bytes]
    port: int

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.model = checkpoint_digest(BASE)
        (folder / cls.model).symlink_to(BASE)
        cls.checkpoints = folder
        cls.server, cls.port = start_server(folder)
        cls.idle: collections.deque[http.client.HTTPConnection] = collections.deque()
        cls.addClassCleanup(cls.end)

    @classmethod
    def end(cls) -> None:
        cls.server.kill()
        cls.server.wait()
        for connection in cls.idle:
            connection.close()

    def send(self, body: bytes, path: str = "/v1/chat/completions", method: str = "POST") -> tuple[int, Any]:
        """One request, on a connection that is idle or new."""
        try:
            connection = self.idle.pop()
        except IndexError:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, path, body or None, {"content-type": "application/json"})
        response = connection.getresponse()
        answer = response.status, json.loads(response.read())
        self.idle.append(connection)
        return answer

    def ask(self, **fields: Any) -> tuple[int, Any]:
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": f"prove {statement(1)}"}],
            "max_tokens": 40,
            "seed": 1,
            **fields,
        }
        return self.send(json.dumps({name: value for name, value in body.items() if value is not ...}).encode())

    def answer(self, **fields: Any) -> dict[str, Any]:
        status, body = self.ask(**fields)
        self.assertEqual(status, 200, body)
        return body

    def text(self, **fields: Any) -> str:
        return self.answer(**fields)["choices"][0]["message"]["content"]

    def test_a_seed_gives_the_same_text_alone_and_among_127_others(self) -> None:
        bodies = []
        for seed in range(200):
            prompt = ("prove {0}", "verify {0}\nproof:\n{0}")[seed % 2].format(statement(seed))
            manners = {
                "temperature": (1.0, 0.7)[seed % 3 == 0],
                "top_p": (1.0, 0.9)[seed % 5 == 0],
                "max_tokens": 12 + seed % 20,
            }
            bodies.append({"messages": [{"role": "user", "content": prompt}], "seed": seed, **manners})
        alone = [self.text(**body) for body in bodies]
        with ThreadPoolExecutor(128) as callers:
            together = list(callers.map(lambda body: self.text(**body), reversed(bodies)))
        self.assertEqual(together[::-1], alone)
        self.assertGreater(len(set(alone)), 100)

    def test_another_seed_gives_another_text(self) -> None:
        self.assertGreater(len({self.text(seed=seed) for seed in range(20)}), 3)

    def test_without_a_seed_texts_differ(self) -> None:
        # So hot that two of 40 tokens do not meet by chance: at 1 the base is sure enough for ten equal proofs.
        # Two may be equal by chance: one that ends at once, say.
        self.assertGreater(len({self.text(seed=..., temperature=2) for _ in range(10)}), 5)

    def test_temperature_0_takes_the_likeliest_token_whatever_the_seed(self) -> None:
        chat = Chat(BASE)
        reference = LlamaForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()
        for number in range(5):
            messages = [{"role": "user", "content": f"prove {statement(number)}"}]
            ids = torch.tensor([chat.prompt_ids(messages)])
            with torch.inference_mode():
                likeliest = reference.generate(
                    ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=40, pad_token_id=0
                )
            expected = chat.decode(likeliest[0, ids.shape[1] :].tolist())
            self.assertEqual({self.text(messages=messages, temperature=0, seed=seed) for seed in (1, 2)}, {expected})

    def test_an_answer_ends_at_its_limit_or_by_itself_and_says_which(self) -> None:
        cut = self.answer(max_tokens=3)
        self.assertEqual((cut["choices"][0]["finish_reason"], cut["usage"]["completion_tokens"]), ("length", 3))
        whole = self.answer(max_tokens=300)
        self.assertEqual(whole["choices"][0]["finish_reason"], "stop")
        self.assertEqual(whole["choices"][0]["message"]["role"], "assistant")

    def test_an_answer_ends_before_a_stop_text(self) -> None:
        whole = self.text(temperature=0, max_tokens=300)
        word = whole.split()[-1]
        stopped = self.answer(temperature=0, max_tokens=300, stop=["no such words", word])["choices"][0]
        self.assertEqual(
            (stopped["message"]["content"], stopped["finish_reason"]), (whole[: whole.index(word)], "stop")
        )
        self.assertEqual(self.text(temperature=0, max_tokens=300, stop="no such words"), whole)

    def test_usage_counts_the_tokens_of_prompt_and_answer_and_the_end_itself(self) -> None:
        chat = Chat(BASE)
        body = self.answer(max_tokens=300)
        prompt = len(chat.prompt_ids([{"role": "user", "content": f"prove {statement(1)}"}]))
        answer = len(chat.encode(body["choices"][0]["message"]["content"], special=False)) + 1
        self.assertEqual(
            body["usage"], {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
        )

    def test_a_completion_goes_on_from_its_prompt_as_a_chat_does(self) -> None:
        prompt = f"prove {statement(1)} <answer>"
        body = {"model": self.model, "prompt": prompt, "max_tokens": 40, "seed": 1}
        status, answer = self.send(json.dumps(body).encode(), "/v1/completions")
        self.assertEqual((status, answer["choices"][0]["text"]), (200, self.text()))

    def test_a_bad_field_is_refused_by_its_name(self) -> None:
        refused: list[tuple[str, dict[str, Any]]] = [
            ("temperature", {"temperature": -1}),
            ("temperature", {"temperature": "hot"}),
            ("temperature", {"temperature": True}),
            ("temperature", {"temperature": 10**400}),
            ("top_p", {"top_p": 0}),
            ("top_p", {"top_p": 1.5}),
            ("max_tokens", {"max_tokens": 0}),
            ("max_tokens", {"max_tokens": 2.5}),
            ("max_tokens", {"max_tokens": CONTEXT}),
            ("max_completion_tokens", {"max_tokens": ..., "max_completion_tokens": -3}),
            ("max_completion_tokens", {"max_tokens": ..., "max_completion_tokens": CONTEXT}),
            ("n", {"n": 2}),
            ("stream", {"stream": "yes"}),
            ("top_logprobs", {"logprobs": True, "top_logprobs": 21}),
            ("top_logprobs", {"top_logprobs": 5}),
            ("chat_template_kwargs", {"chat_template_kwargs": "no thinking"}),
            ("chat_template_kwargs", {"chat_template_kwargs": {"messages": []}}),
            ("thinking.close", {"thinking": {"open": "<think>"}}),
            ("messages", {"messages": ...}),
            ("messages", {"messages": []}),
            ("messages", {"messages": "prove"}),
            ("messages[0]", {"messages": ["prove"]}),
            ("messages[0].content", {"messages": [{"role": "user", "content": 1}]}),
            ("messages[0].role", {"messages": [{"content": "prove"}]}),
            ("messages", {"messages": [{"role": "user", "content": "1 " * CONTEXT}]}),
            ("seed", {"seed": 1.5}),
            ("seed", {"seed": 2**64}),
            ("stop", {"stop": [""]}),
            ("stop", {"stop": 3}),
            ("model", {"model": ...}),
            ("model", {"model": 3}),
        ]
        for name, fields in refused:
            with self.subTest(name, **{key: str(value)[:40] for key, value in fields.items()}):
                status, body = self.ask(**fields)
                self.assertEqual((status, body["error"]["param"]), (400, name), body)
                self.assertIn(name, body["error"]["message"])

    def test_a_number_that_is_none_is_refused(self) -> None:
        body = {"model": self.model, "messages": [{"role": "user", "content": "prove"}], "temperature": float("nan")}
        status, answer = self.send(json.dumps(body).encode())
        self.assertEqual((status, answer["error"]["param"]), (400, "temperature"))

    def test_a_body_that_is_no_json_object_is_refused(self) -> None:
        for body in (b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000):
            with self.subTest(body[:10]):
                status, answer = self.send(body)
                self.assertEqual(status, 400)
                self.assertIn("JSON", answer["error"]["message"])

    def test_a_model_that_is_not_there_is_not_found_and_no_path_is_followed(self) -> None:
        outside = os.path.relpath(BASE, self.checkpoints)
        for name in (
            "0" * 64,
            outside,
            str(BASE),
            f"./{self.model}",
            f"{self.model}/",
            f"{self.model}/../{self.model}",
            "..",
            ".",
            "a\0b",
            "a\\b",
        ):
            with self.subTest(name):
                status, body = self.ask(model=name)
                self.assertEqual((status, body["error"]["param"]), (404, "model"), body)

    def test_a_checkpoint_that_cannot_be_read_is_refused_by_its_name_and_the_server_goes_on(self) -> None:
        folder = self.checkpoints / "broken"
        folder.mkdir()
        try:
            for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
                (folder / name).write_bytes((BASE / name).read_bytes())
            for weights in (None, b"no weights"):
                if weights is not None:
                    (folder / "model.safetensors").write_bytes(weights)
                status, body = self.ask(model="broken")
                self.assertEqual(
                    (status, body["error"]["param"], body["error"]["code"]), (400, "model", "model_unusable"), body
                )
                self.assertIn("broken", body["error"]["message"])
        finally:
            shutil.rmtree(folder)
        self.assertTrue(self.text())

    def test_half_a_surrogate_pair_is_no_text(self) -> None:
        half = "\ud835"
        for path, place, asked in (
            ("completions", "prompt", {"prompt": half}),
            ("chat/completions", "messages[0].content", {"messages": [{"role": "user", "content": f"Let {half} be"}]}),
            ("chat/completions", "stop[1]", {"messages": [{"role": "user", "content": "prove"}], "stop": ["a", half]}),
        ):
            body = json.dumps({"model": self.model, "max_tokens": 4, **asked})
            for sent in (body.encode(), body.replace("\\ud835", half).encode(errors="surrogatepass")):
                status, answer = self.send(sent, f"/v1/{path}")
                self.assertEqual((status, answer["error"]["param"]), (400, place), answer)
                self.assertIn("half of a surrogate pair", answer["error"]["message"])

    def test_the_models_are_listed_and_the_server_tells_its_pid(self) -> None:
        _, models = self.send(b"", "/v1/models", "GET")
        self.assertEqual([model["id"] for model in models["data"]], [self.model])
        status, health = self.send(b"", "/health", "GET")
        self.assertEqual((status, health["status"], health["pid"]), (200, "ok", self.server.pid))

    def test_sigterm_lets_calls_under_way_finish_and_then_ends_the_server(self) -> None:
        server, port = start_server(self.checkpoints)
        try:
            first = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            body = {"model": self.model, "prompt": [21, 22], "max_tokens": 500, "seed": 1, "temperature": 100}
            first.request("POST", "/v1/completions", json.dumps(body), {"connection": "close"})
            watch = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            active = 0
            while active == 0 and server.poll() is None:
                watch.request("GET", "/health")
                active = json.loads(watch.getresponse().read())["active"]
            server.send_signal(signal.SIGTERM)
            self.assertEqual(first.getresponse().status, 200)
            watch.close()
            self.assertIn(server.wait(60), (0, -signal.SIGTERM))
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    unittest.main()
