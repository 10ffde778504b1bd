"""Compares what run.mjs wrote with transformers in float32: prompt ids, logits at every position, greedy tokens.

    python scripts/reference/conversations.py --seed 5 --count 100 --out /tmp/c
    node scripts/reference/run.mjs --conversations /tmp/c/conversations.jsonl --out /tmp/c/ours.jsonl
    python scripts/reference/compare.py --conversations /tmp/c/conversations.jsonl --ours /tmp/c/ours.jsonl

Greedy tokens may part where the two best logits are closer than 1e-4: such ties are counted, and what follows is not
compared.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from gemma import Reference

TIE = 1e-4


def same_greedy(ours, theirs, margins):
    """True, False, or "tie" when they part where the best two were equal within TIE."""
    for mine, other, margin in zip(ours, theirs, margins, strict=True):
        if mine != other:
            return "tie" if margin < TIE else False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=Path, required=True)
    parser.add_argument("--ours", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    parser.add_argument("--show", action="store_true", help="name the conversations with other greedy tokens")
    options = parser.parse_args()
    reference = Reference(options.checkpoint)
    vocabulary = reference.model.config.text_config.vocab_size
    logits = np.memmap(f"{options.ours}.logits", np.float32, "r").reshape(-1, vocabulary)
    lines = [path.read_text(encoding="utf-8").splitlines() for path in (options.conversations, options.ours)]
    at, results, differences = 0, [], []
    for conversation, ours in zip(*map(lambda column: map(json.loads, column), lines), strict=True):
        inputs = reference.inputs(conversation, options.conversations.parent)
        tokens = inputs["input_ids"][0].numpy()
        text = tokens != reference.image_token
        rows = logits[at : at + sum(token >= 0 for token in ours["ids"])]
        at += len(rows)
        # Positions of another prompt cannot be compared.
        if ours["ids"] == [-1 if token == reference.image_token else int(token) for token in tokens]:
            differences.append(float(np.abs(reference.logits(inputs).numpy()[text] - rows).max()))
        results.append(same_greedy(ours["greedy"], *reference.greedy(inputs, len(ours["greedy"]))))
        if results[-1] is False and options.show:
            print(f"other greedy tokens: {conversation['name']}")
    count = len(results)
    print(f"prompt ids      {len(differences)} of {count} equal")
    if differences:
        print(f"logits          largest difference {max(differences):.2e}, median of the conversations {np.median(differences):.2e}")
    print(f"greedy tokens   {results.count(True)} of {count} equal, {results.count('tie')} parted at a tie, {results.count(False)} differ")


if __name__ == "__main__":
    main()
