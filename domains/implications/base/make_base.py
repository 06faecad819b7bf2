"""Writes the base `chance`: `python domains/implications/base/make_base.py OUT_FOLDER`.

A Llama of one layer that has learned nothing. Its tokenizer works on bytes and on whole pieces of answers; its
embeddings and head are laid out by hand so that each token depends on the one before it, and what it writes is in the
formats of the domain, right by chance. Attention and feed-forward begin at zero and learn like any other weights.
"""

import json
import math
import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

LETTERS = "ABCDEF"
SOLUTION, SELF = "## Solution\n", "## Self Evaluation\n"
OPENING = "Here is my evaluation of the solution:\n"
CLOSING = "Based on my evaluation, the final overall score should be:\n"
META_OPENING = 'Here is my analysis of the "solution evaluation":\n'
META_CLOSING = 'Based on my analysis, I will rate the "solution evaluation" as:\n'
META = "What it claims was compared with the proof.\n"
BOXES = {"\\boxed{0}": 0.4, "\\boxed{0.5}": 0.2, "\\boxed{1}": 0.4}
VERDICTS = {"ok": 0.5, "wrong": 0.3, "skips": 0.1, "?": 0.1}
# A line of a proof that its writer evaluates begins with a space: so that a token knows which of the two it is in.
LINES = {mark: [f"{mark}{letter}\n" for letter in LETTERS] for mark in ("", " ")}
SAID = [[f"{number} {verdict}\n" for verdict in VERDICTS] for number in (1, 2, 3)]
END = "end wrong\n"


def evenly(texts: list[str], total: float) -> dict[str, float]:
    return {text: total / len(texts) for text in texts}


def said(number: int, total: float) -> dict[str, float]:
    return {text: total * share for text, share in zip(SAID[number], VERDICTS.values(), strict=True)}


# What may follow a token, and how often. `<prove>` and its like end a prompt, as the chat template has it.
NEXT = {
    "<prove>": {SOLUTION: 0.95, OPENING: 0.05},
    "<self>": {f" {SOLUTION}": 1},
    "<verify>": {OPENING: 0.95, SOLUTION: 0.05},
    "<meta>": {META_OPENING: 1},
    SOLUTION: evenly(LINES[""], 1),
    f" {SOLUTION}": evenly(LINES[" "], 1),
    **{line: {**evenly(LINES[""], 0.5), "<eos>": 0.5} for line in LINES[""]},
    **{line: {**evenly(LINES[" "], 0.5), SELF: 0.5} for line in LINES[" "]},
    SELF: {OPENING: 1},
    OPENING: said(0, 1),
    **{text: {**said(1, 0.4), END: 0.2, CLOSING: 0.4} for text in SAID[0]},
    **{text: {**said(2, 0.2), END: 0.2, CLOSING: 0.6} for text in SAID[1]},
    **{text: {CLOSING: 1} for text in [*SAID[2], END]},
    META_OPENING: {META: 0.5, META_CLOSING: 0.5},
    META: {META_CLOSING: 1},
    CLOSING: BOXES,
    META_CLOSING: BOXES,
    **{box: {"<eos>": 1} for box in BOXES},
}
SPECIAL = ["<pad>", "<eos>", "<prove>", "<self>", "<verify>", "<meta>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message.content }}{% if message.role == 'assistant' %}<eos>{% else %}"
    "{% set task = message.content.split(' ')[0] %}"
    "{% set ends = {'metaVerify': '<meta>', 'verify': '<verify>', 'selfVerify': '<self>', 'selfRefine': '<self>'} %}"
    "{{ ends.get(task, '<prove>') }}"
    "{% endif %}{% endfor %}"
)
WIDTH = 64


def make_tokenizer() -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {text: index for index, text in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in SPECIAL])
    spoken = sorted({text for follow in NEXT.values() for text in follow} - set(SPECIAL))
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in spoken])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        padding_side="left",
        chat_template=CHAT_TEMPLATE,
    )


def main(out: Path) -> None:
    torch.manual_seed(1)
    tokenizer = make_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=1024,
        bos_token_id=None,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config)
    place = {tokenizer.convert_tokens_to_ids(text): index for index, text in enumerate(NEXT)}
    with torch.no_grad():
        layer = model.model.layers[0]
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
        # One direction per token that is ever spoken; the norm makes its length the root of the width.
        head = torch.full((WIDTH, len(tokenizer)), -30.0)
        for token, direction in place.items():
            one = torch.nn.functional.one_hot(torch.tensor(direction), WIDTH)
            model.model.embed_tokens.weight[token] = one.float()
            for text, share in NEXT[tokenizer.convert_ids_to_tokens(token)].items():
                head[direction, tokenizer.convert_tokens_to_ids(text)] = math.log(share)
        model.lm_head.weight.copy_(head.T / math.sqrt(WIDTH))
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    print(json.dumps({"spoken": len(NEXT), "vocabulary": len(tokenizer)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
