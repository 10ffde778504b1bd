"""Measures answers on a folder of scenes: the share that is exactly right by kind, and the overlap of boxes.

    python scripts/demo/scenes.py --seed 7 --count 200 --out /tmp/scenes
    python scripts/demo/evaluate.py --scenes /tmp/scenes --save /tmp/transformers.jsonl
    python scripts/demo/evaluate.py --scenes /tmp/scenes --answers /tmp/ours.jsonl

Without --answers it asks the checkpoint through transformers, greedily, in float32. A file of answers holds one JSON
list of texts a line, one text a turn, in the order of scenes.jsonl; thoughts are left out.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

from PIL import Image

THOUGHT_END = "<unused95>"
MARKS = ("<end_of_turn>", "<eos>")


def padded(path):
    """The film as RGB on a black square, as MedGemma's notebooks pad."""
    image = Image.open(path).convert("RGB")
    side = max(image.size)
    square = Image.new("RGB", (side, side))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


class TransformersAnswers:
    def __init__(self, checkpoint):
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        self.model = AutoModelForImageTextToText.from_pretrained(checkpoint, dtype=torch.float32).eval()
        self.processor = AutoProcessor.from_pretrained(checkpoint)

    def __call__(self, scene, folder):
        images = [padded(folder / name) for name in scene["images"]]
        messages, answers = [], []
        if scene["system"]:
            messages.append({"role": "system", "content": [{"type": "text", "text": scene["system"]}]})
        for number, turn in enumerate(scene["turns"]):
            pictures = [{"type": "image"} for _ in images] if number == 0 else []
            messages.append({"role": "user", "content": [*pictures, {"type": "text", "text": turn["user"]}]})
            text = self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
            # The template already begins with <bos>.
            inputs = self.processor(text=text, images=images, return_tensors="pt", add_special_tokens=False)
            said = self.model.generate(**inputs, max_new_tokens=200, do_sample=False)[0, inputs["input_ids"].shape[1] :]
            reply = self.processor.tokenizer.decode(said, skip_special_tokens=False)
            for mark in MARKS:
                reply = reply.removesuffix(mark)
            answers.append(reply.rpartition(THOUGHT_END)[2])
            messages.append({"role": "assistant", "content": [{"type": "text", "text": answers[-1]}]})
        return answers


def overlap(one, other):
    """Intersection over union of two boxes [y0, x0, y1, x1]."""
    height = min(one[2], other[2]) - max(one[0], other[0])
    width = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0, height) * max(0, width)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared) if areas > shared else 0.0


def box_score(answer, expected):
    """Mean overlap of the expected boxes; an answer that is no such list, or has another length, scores 0."""
    wanted = json.loads(expected)
    try:
        found = json.loads(answer)
        if len(found) != len(wanted):
            return 0.0
        return sum(overlap(a["box_2d"], b["box_2d"]) for a, b in zip(found, wanted, strict=True)) / len(wanted)
    except (ValueError, TypeError, KeyError, IndexError):
        return 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    parser.add_argument("--answers", type=Path, help="measure these instead of asking the checkpoint")
    parser.add_argument("--save", type=Path, help="write the answers here")
    parser.add_argument("--show", type=int, default=0, help="print that many wrong answers of each kind")
    options = parser.parse_args()

    lines = (options.scenes / "scenes.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line) for line in lines]
    if options.answers:
        given = [json.loads(line) for line in options.answers.read_text(encoding="utf-8").splitlines()]
    else:
        answer = TransformersAnswers(options.checkpoint)
        given = [answer(scene, options.scenes) for scene in asked]
    if options.save:
        options.save.write_text("".join(json.dumps(answers) + "\n" for answers in given), encoding="utf-8")

    right, overlaps, shown = defaultdict(list), [], defaultdict(int)
    for scene, answers in zip(asked, given, strict=True):
        kind, expected = scene["kind"], [turn["expected"] for turn in scene["turns"]]
        right[kind].append(answers == expected)
        if kind == "where" and expected != ["[]"]:
            overlaps.append(box_score(answers[0], expected[0]))
        if answers != expected and shown[kind] < options.show:
            shown[kind] += 1
            print(f"{kind} {scene['images']}\n  expected {expected}\n  answered {answers}")
    for kind, results in right.items():
        print(f"{kind:9} {sum(results):4} of {len(results):4} exactly right ({sum(results) / len(results):.1%})")
    if overlaps:
        print(f"boxes     mean IoU {sum(overlaps) / len(overlaps):.3f} over {len(overlaps)}, smallest {min(overlaps):.3f}")


if __name__ == "__main__":
    main()
