"""Small image files of every kind, and the square that Pillow makes of each: the reference of the image tests.

    python scripts/reference/images.py --out test/fixtures/images

Writes the files and images.json: file -> {"width", "height", "side", fit: sha256 of the square's RGB bytes}. Transparent
and 16-bit pictures are brought to 8-bit RGB by the rules of docs/images.md first, where Pillow's own conversion differs.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image
from resize import square_of

SIDES = (56, 224)


def picture(width, height, channels, seed):
    """A smooth pattern with noise: compressible, yet no two pixels are alike by accident."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    base = (np.sin(x / 11.0) + np.cos(y / 7.0) + 2) * 55
    layers = [base * (1 - 0.2 * c) + rng.normal(0, 12, (height, width)) for c in range(channels)]
    return np.stack(layers, -1).clip(0, 255).astype(np.uint8)


def files():
    """Name, image as it is saved, options, and the 8-bit RGB picture that is meant (None: what Pillow reads back)."""
    for width, height in ((90, 60), (60, 90), (1, 120), (120, 1), (33, 34), (56, 56), (400, 150)):
        yield f"gray-{width}x{height}.png", Image.fromarray(picture(width, height, 1, 1)[..., 0]), {}, None
        yield f"rgb-{width}x{height}.png", Image.fromarray(picture(width, height, 3, 2)), {}, None
    rgb = Image.fromarray(picture(90, 61, 3, 3))
    yield "palette.png", rgb.quantize(32), {}, None
    yield "bilevel.png", rgb.convert("1"), {}, None
    yield "baseline.jpg", rgb, {"quality": 90}, None
    yield "progressive.jpg", rgb, {"quality": 85, "progressive": True}, None
    yield "gray.jpg", rgb.convert("L"), {"quality": 90}, None
    yield "lossless.webp", rgb, {"lossless": True}, None
    yield "lossy.webp", rgb, {"quality": 80}, None
    yield "plain.tiff", rgb, {}, None
    yield "lzw.tiff", rgb, {"compression": "tiff_lzw"}, None
    yield "gray.tiff", rgb.convert("L"), {}, None
    yield "still.gif", rgb.quantize(32), {}, None

    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned clockwise by a quarter
    yield "rotated.jpg", rgb, {"quality": 90, "exif": exif}, "rotate"

    alpha = picture(90, 61, 1, 4)
    rgba = np.concatenate([np.asarray(rgb), alpha], -1)
    # libvips flattens in integers: colour * alpha / 255, rounded down... so only fully clear and fully solid pixels are exact.
    rgba[..., 3] = np.where(alpha[..., 0] > 90, 255, 0)
    yield "alpha.png", Image.fromarray(rgba), {}, Image.fromarray(np.where(rgba[..., 3:] > 0, rgba[..., :3], 0).astype(np.uint8))
    wide = picture(90, 61, 1, 5)[..., 0].astype(np.uint16) * 256 + picture(90, 61, 1, 6)[..., 0]
    high = Image.fromarray((wide >> 8).astype(np.uint8)).convert("RGB")
    yield "gray-16-bit.png", Image.fromarray(wide), {}, high
    yield "gray-16-bit.tiff", Image.fromarray(wide), {}, high


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    facts = []
    for name, image, options, meant in files():
        image.save(out / name, **options)
        seen = meant
        if meant is None or meant == "rotate":
            seen = Image.open(out / name).convert("RGB")
        if meant == "rotate":
            seen = seen.transpose(Image.Transpose.ROTATE_270)
        for side in SIDES:
            fact = {"file": name, "width": seen.width, "height": seen.height, "side": side}
            for fit, canvas in (("pad", square_of(seen)), ("stretch", seen)):
                square = canvas.resize((side, side), Image.Resampling.BILINEAR)
                fact[fit] = hashlib.sha256(square.tobytes()).hexdigest()
            facts.append(fact)
    lines = ",\n".join(f"  {json.dumps(fact)}" for fact in facts)
    (out / "images.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
