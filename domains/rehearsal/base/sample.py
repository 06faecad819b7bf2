"""Samples answers in batches, for inspecting a checkpoint.

Reads `{prompt}` lines, writes `{text, truncated}` lines in the same order.

Usage: sample.py <checkpoint> <prompts.jsonl> <answers.jsonl> <max new tokens> <seed>
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

BATCH = 128


@torch.inference_mode()
def main(checkpoint, source, target, max_new_tokens, seed):
    torch.set_num_threads(1)
    torch.manual_seed(int(seed))
    tokenizer = AutoTokenizer.from_pretrained(checkpoint, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    with open(source) as file:
        rows = [json.loads(line) for line in file]
    prompts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": row["prompt"]}], add_generation_prompt=True, tokenize=False
        )
        for row in rows
    ]
    answers = [None] * len(rows)
    by_length = sorted(range(len(rows)), key=lambda i: len(prompts[i]))
    sampling = {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    for start in range(0, len(by_length), BATCH):
        chosen = by_length[start : start + BATCH]
        inputs = tokenizer([prompts[i] for i in chosen], return_tensors="pt", padding=True, return_token_type_ids=False)
        output = model.generate(**inputs, max_new_tokens=int(max_new_tokens), **sampling)
        for i, ids in zip(chosen, output[:, inputs["input_ids"].shape[1] :].tolist(), strict=True):
            ended = tokenizer.eos_token_id in ids
            length = ids.index(tokenizer.eos_token_id) if ended else len(ids)
            answers[i] = {"text": tokenizer.decode(ids[:length]), "truncated": not ended}
    with open(target, "w") as file:
        file.writelines(json.dumps(answer) + "\n" for answer in answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
