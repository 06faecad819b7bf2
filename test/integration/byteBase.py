"""Writes a checkpoint for tests: `python byteBase.py PROMPTS_FOLDER OUT_FOLDER`.

A Llama of one layer that has learned nothing and knows no mathematics. Its tokenizer works on bytes, so it reads any
text; its embeddings and head are laid out by hand so that each token depends on the one before it, and what it writes
is in the formats of `prompts/`, or nearly: some answers lack their evaluation, some box a 7. Attention and feed-forward
begin at zero and learn like any other weights.
"""

import json
import math
import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

PROOF = [f"{word} step follows from the one before it. " for word in ("First, the", "The next", "The last")]
ANALYSIS = [f"I checked the {word} step. " for word in ("first", "middle", "last")]
META = [f"The {word} defect is described as it is. " for word in ("first", "other")]
BOXES = {"\\boxed{0}": 0.25, "\\boxed{0.5}": 0.2, "\\boxed{1}": 0.45, "\\boxed{7}": 0.1}
SOLUTION, SELF = "## Solution\n\n", "\n\n## Self Evaluation\n\n"
OPENING = "Here is my evaluation of the solution:\n"
CLOSING = "\n\nBased on my evaluation, the final overall score should be:\n"
META_OPENING = 'Here is my analysis of the "solution evaluation":\n'
META_CLOSING = '\n\nBased on my analysis, I will rate the "solution evaluation" as:\n'


def words(texts: list[str], total: float = 1.0) -> dict[str, float]:
    return {text: total / len(texts) for text in texts}


# What may follow a token, and how often. `<prove>` and its like end a prompt: the chat template knows the prompts by
# their formats.
NEXT = {
    "<prove>": {SOLUTION: 0.9, OPENING: 0.1},
    "<verify>": {OPENING: 1},
    "<meta>": {META_OPENING: 1},
    SOLUTION: words(PROOF),
    **{text: {**words(PROOF, 0.4), SELF: 0.4, "<eos>": 0.2} for text in PROOF},
    SELF: {OPENING: 1},
    OPENING: words(ANALYSIS),
    **{text: {**words(ANALYSIS, 0.5), CLOSING: 0.5} for text in ANALYSIS},
    META_OPENING: words(META),
    **{text: {**words(META, 0.4), META_CLOSING: 0.6} for text in META},
    CLOSING: BOXES,
    META_CLOSING: BOXES,
    **{box: {"<eos>": 1} for box in BOXES},
}
SPECIAL = ["<pad>", "<eos>", "<prove>", "<verify>", "<meta>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message.content }}{% endfor %}{% if add_generation_prompt %}"
    "{% set asked = messages[-1].content %}"
    "{% if 'my analysis of the \"solution evaluation\"' in asked %}<meta>"
    "{% elif '## Solution' in asked.split('# Material')[0] %}<prove>{% else %}<verify>{% endif %}"
    "{% endif %}"
)


def make_tokenizer(prompts: Path) -> PreTrainedTokenizerFast:
    """Byte-level BPE over the prompt texts, so that a prompt is some hundred tokens and not some thousand."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    lines = [line for file in sorted(prompts.glob("*.md")) for line in file.read_text().splitlines(keepends=True)]
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=SPECIAL,
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    spoken = sorted({text for follow in NEXT.values() for text in follow} - set(SPECIAL))
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in spoken])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        padding_side="left",
        chat_template=CHAT_TEMPLATE,
    )


def main(prompts: Path, out: Path) -> None:
    torch.manual_seed(1)
    tokenizer = make_tokenizer(prompts)
    width = 64
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=8192,
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
        head = torch.full((width, len(tokenizer)), -30.0)
        for token, direction in place.items():
            model.model.embed_tokens.weight[token] = torch.nn.functional.one_hot(torch.tensor(direction), width).float()
            for text, share in NEXT[tokenizer.convert_ids_to_tokens(token)].items():
                head[direction, tokenizer.convert_tokens_to_ids(text)] = math.log(share)
        model.lm_head.weight.copy_(head.T / math.sqrt(width))
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    sizes = {"vocabulary": len(tokenizer), "parameters": sum(weights.numel() for weights in model.parameters())}
    print(json.dumps(sizes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
