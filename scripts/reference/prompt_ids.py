"""Token ids of the fixed conversations by Google's processor and template.

    python scripts/reference/prompt_ids.py > test/fixtures/reference/prompts.json

-1 stands for an image token. For texts that spell control tokens the reference is the template around the text tokenised
as plain text, since the processor itself would let a user's text become a control token.
"""

import argparse
import json
import sys
from pathlib import Path

from conversations import IMPOSTORS, fixed, one
from gemma import Reference

FILMS = ("00000-0.png", "00001-0.png", "00003-0.png")
PLACEHOLDER = "PLACEHOLDER"


def impostor_ids(reference, text, folder):
    """The prompt of a harmless text, with that text's place taken by `text` tokenised without control tokens."""
    tokenizer = reference.processor.tokenizer
    plain = lambda piece: tokenizer.encode(piece, add_special_tokens=False, split_special_tokens=True)  # noqa: E731
    ids = reference.ids(one("", PLACEHOLDER), folder)
    head, tail = plain("user\n" + PLACEHOLDER), plain("user\n" + text)
    at = next(i for i in range(len(ids)) if ids[i : i + len(head)] == head)
    return ids[:at] + tail + ids[at + len(head) :]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    parser.add_argument("--films", type=Path, default=Path("test/fixtures/scenes"))
    options = parser.parse_args()
    reference = Reference(options.checkpoint)
    entries = [{**case, "ids": reference.ids(case, options.films)} for case in fixed(*FILMS)]
    for text in IMPOSTORS:
        entries.append({**one(f"impostor {text}", text), "ids": impostor_ids(reference, text, options.films)})
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    sys.stdout.write(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
