"""Films of many sizes and shapes with one question each where something is, and the truth in pixels: for bench/boxes.mjs.

    python scripts/reference/boxes.py --seed 701 --count 100 --out build/boxes

writes PNG files and boxes.jsonl, one film a line:
    {"image": file, "question": …, "label": form, "box": {"x": …, "y": …, "width": …, "height": …}}
The films are those of scripts/demo/scenes.py, but larger, so that all that are not square are long enough to be cropped by
pan and scan. Every question asks for a shape that is there. The demo model was trained on seeds 20260524 and 20260525, and
earlier weights of it were chosen with 501 and 502: take another.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parent.parent / "demo"))
import scenes  # noqa: E402

LONG_SIDES = (512, 640, 768, 896, 1024)


def random_film(rng, ratios):
    """As scenes.random_film; a short edge of at least 256 pixels, as 0.5 times 512."""
    long_side = int(rng.choice(LONG_SIDES))
    short_side = round(long_side * float(rng.choice(ratios)))
    width, height = (long_side, short_side) if rng.random() < 0.5 else (short_side, long_side)
    return scenes.Film(width, height, rng.uniform(105, 145), rng.uniform(5, 12), rng.uniform(60, 85))


def random_case(rng, ratios):
    """(film, shapes, the one that is asked for)"""
    film = random_film(rng, ratios)
    shapes = []
    while not shapes:
        shapes = scenes.random_shapes(rng, film)
    return film, shapes, shapes[rng.integers(len(shapes))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ratios", type=float, nargs="+", default=scenes.ASPECT_RATIOS, help="short edge by long edge")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "boxes.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for number in range(options.count):
            rng = np.random.default_rng((options.seed, number))
            film, shapes, asked = random_case(rng, options.ratios)
            name = f"{number:03d}.png"
            Image.fromarray(scenes.draw_film(rng, film, shapes)).save(options.out / name)
            question = str(rng.choice((f"Where is the {asked.form}?", f"Find the {asked.form}.", f"Show me the {asked.form}.")))
            box = {"x": asked.left, "y": asked.top, "width": asked.diameter, "height": asked.diameter}
            lines.write(json.dumps({"image": name, "question": question, "label": asked.form, "box": box}) + "\n")


if __name__ == "__main__":
    main()
