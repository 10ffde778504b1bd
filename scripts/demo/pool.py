"""The training pool of all stages but the last: pairs of films as the tower sees them, with the shapes that are on them.

    python scripts/demo/pool.py --pairs 16000 --out DIR

A pair shares one film; its second picture has at most one change. The questions are asked anew in every epoch.
"""

import argparse
import pickle
from pathlib import Path

import numpy as np
from PIL import Image

import scenes

# No one should check the model on this seed or the next: what it learned from is drawn from them.
TRAINING_SEED = 20_260_524
IMAGE_SIDE = 224


def to_square(pixels, side=IMAGE_SIDE):
    """(side, side) uint8: black up to a square (the floor of the half goes to the top and the left), then bilinear."""
    height, width = pixels.shape
    longest = max(height, width)
    square = Image.new("L", (longest, longest), 0)
    square.paste(Image.fromarray(pixels), ((longest - width) // 2, (longest - height) // 2))
    return np.asarray(square.resize((side, side), Image.Resampling.BILINEAR))


def draw_pair(seed, number):
    rng = np.random.default_rng((seed, number))
    film, before, after = scenes.random_pair(rng)
    pixels = np.stack([to_square(scenes.draw_film(rng, film, shapes)) for shapes in (before, after)])
    return pixels, (film, before, after)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    options.out.mkdir(parents=True, exist_ok=True)
    pixels = np.lib.format.open_memmap(
        options.out / "pixels.npy", "w+", np.uint8, (options.pairs, 2, IMAGE_SIDE, IMAGE_SIDE)
    )
    pairs = []
    for number in range(options.pairs):
        pixels[number], pair = draw_pair(TRAINING_SEED, number)
        pairs.append(pair)
    (options.out / "pairs.pickle").write_bytes(pickle.dumps(pairs))


def load(folder):
    """(pixels (pairs, 2, side, side) uint8, list of (film, shapes before, shapes after))."""
    return np.load(folder / "pixels.npy", mmap_mode="r"), pickle.loads((folder / "pairs.pickle").read_bytes())


if __name__ == "__main__":
    main()
