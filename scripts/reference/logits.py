"""Logits of some of the fixed conversations, and the greedy tokens after them, by transformers in float32.

    python scripts/reference/logits.py > test/fixtures/reference/logits.json

One conversation a line, with "positions" (those that are no image token), for each of them "best" (the token of the
largest logit) and "logits" (one in 37, from token 5 on, to four decimals), and "greedy" (48 tokens, end marks or not).
"""

import argparse
import json
import sys
from pathlib import Path

from conversations import fixed
from gemma import Reference
from prompt_ids import FILMS

FIRST, EVERY = 5, 37
NAMES = ("system of two lines", "image first", "image last and system", "image in the middle", "two images", "three images",
         "numbered slices", "second turn with system", "images in three turns", "think", "many turns", "long text behind an image")  # fmt: skip


def entry_of(reference, case, films, count):
    """A line of the file, with `count` greedy tokens."""
    inputs = reference.inputs(case, films)
    positions = (inputs["input_ids"][0] != reference.image_token).nonzero().flatten()
    logits = reference.logits(inputs)[positions]
    return {
        **case,
        "positions": positions.tolist(),
        "best": logits.argmax(-1).tolist(),
        "logits": [[round(value, 4) for value in row] for row in logits[:, FIRST::EVERY].tolist()],
        "greedy": reference.greedy(inputs, count)[0],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    parser.add_argument("--films", type=Path, default=Path("test/fixtures/scenes"))
    options = parser.parse_args()
    reference = Reference(options.checkpoint)
    cases = {case["name"]: case for case in fixed(*FILMS)}
    lines = [json.dumps(entry_of(reference, cases[name], options.films, 48), ensure_ascii=False) for name in NAMES]
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
