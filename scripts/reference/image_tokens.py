"""Compares image tokens that `medgemma-local encode` wrote with those of transformers in float32.

    medgemma-local encode a.png b.png -o tokens.npy -m demo
    python scripts/reference/image_tokens.py a.png b.png --tokens tokens.npy

Prints the smallest cosine of a token and the largest difference of a number. Pictures are padded to a black square first.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from resize import square_of
from transformers import AutoProcessor, Gemma3ForConditionalGeneration


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--tokens", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    options = parser.parse_args()
    model = Gemma3ForConditionalGeneration.from_pretrained(options.checkpoint, dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(options.checkpoint).image_processor
    squares = [square_of(Image.open(path).convert("RGB")) for path in options.images]
    with torch.no_grad():
        tower = model.model.vision_tower(pixel_values=processor(squares, return_tensors="pt")["pixel_values"])
        expected = model.model.multi_modal_projector(tower.last_hidden_state).numpy()
    found = np.load(options.tokens)
    lengths = np.linalg.norm(expected, axis=-1) * np.linalg.norm(found, axis=-1)
    cosine = (expected * found).sum(-1) / lengths
    print(f"{found.shape}: smallest cosine {cosine.min():.8f}, largest difference {np.abs(expected - found).max():.2e}")


if __name__ == "__main__":
    main()
