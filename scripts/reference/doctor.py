"""What transformers computes for the demo model's film, stage by stage: what `medgemma-local doctor` compares a machine with.

    python scripts/reference/doctor.py > models/demo/doctor.json

pixels: sha256 of Pillow's square. stages: one value in `every` of each stage of the tower. logits: one value in `every` at
the last position of the prompt. answer: the greedy text.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from conversations import image, one
from gemma import Reference
from PIL import Image
from resize import square_of
from stages import stages_of

EVERY = 331  # a prime: no multiple of a width, so the values come from all columns
QUESTION = "Describe the image."


def sample(values, every):
    return [float(f"{value:.6g}") for value in values.flatten()[::every].tolist()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    parser.add_argument("--film", type=Path, default=Path("models/demo/examples/film.png"))
    options = parser.parse_args()
    reference = Reference(options.checkpoint)
    size = reference.processor.image_processor.size
    square = square_of(Image.open(options.film).convert("RGB")).resize((size["width"], size["height"]), Image.Resampling.BILINEAR)
    inputs = reference.inputs(one("film", image(options.film.name), QUESTION), options.film.parent)
    model = reference.model.model
    stages = stages_of(model.vision_tower, model.multi_modal_projector, inputs["pixel_values"])
    names = ["patch embedding", *(f"layer {number + 1}" for number in range(len(stages) - 4)), "post norm", "pooled", "image tokens"]
    tokens, _ = reference.greedy(inputs, 64)
    tokens = tokens[: tokens.index(reference.processor.tokenizer.convert_tokens_to_ids("<end_of_turn>"))]
    result = {
        "film": f"examples/{options.film.name}",
        "question": QUESTION,
        "pixels": hashlib.sha256(square.tobytes()).hexdigest(),
        "every": EVERY,
        "stages": [{"name": name, "values": sample(stage, EVERY)} for name, stage in zip(names, stages, strict=True)],
        "logits": {"every": 7, "values": sample(reference.logits(inputs)[-1], 7)},
        "answer": reference.processor.tokenizer.decode(tokens),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
