"""Checkpoints made on the spot, of one layer that has learned nothing, and which know the words of the tests."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

WORDS = ["<pad>", "<eos>", "<unk>", "<answer>", "prove", "=", *"+-*", *(f"L{n}" for n in range(1, 9))]
WORDS += [str(number) for number in range(11)]
TAGS = ["[THINK]", "[/THINK]"]
TURN = "<turn>"
THINKING_TEMPLATE = "{{ messages[0].content }}{% if hard %} 10{% endif %} [THINK]"


def make_base(folder: Path) -> Path:
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        unk_token="<unk>",
        chat_template="{{ messages[0]['content'] }} <answer>",
    )
    fast.save_pretrained(folder)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=128,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def make_thinking_base(folder: Path) -> Path:
    """A Qwen3 of one layer whose prompts open the thinking. No pad token, and two tokens that end a turn."""
    words = [*WORDS, TURN, *TAGS]
    tokenizer = Tokenizer(models.WordLevel({word: id for id, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<eos>",
        unk_token="<unk>",
        additional_special_tokens=TAGS,
        chat_template=THINKING_TEMPLATE,
    )
    fast.save_pretrained(folder)
    torch.manual_seed(1)
    config = Qwen3Config(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        eos_token_id=fast.eos_token_id,
    )
    model = Qwen3ForCausalLM(config).to(torch.bfloat16)
    ends = [fast.eos_token_id, fast.convert_tokens_to_ids(TURN)]
    model.generation_config = GenerationConfig(eos_token_id=ends)
    model.save_pretrained(folder, max_shard_size="4KB")
    return folder
