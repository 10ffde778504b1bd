"""A small HEIC picture, which nothing that is installed with this package decodes: for its message, and for what decodes it.

    python scripts/reference/heic.py --out test/fixtures/images

Needs pillow-heif 1.8.1.
"""

import argparse
from pathlib import Path

import pillow_heif
from images import picture
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("--out", type=Path, required=True)
out = parser.parse_args().out
pillow_heif.register_heif_opener()
Image.fromarray(picture(64, 48, 3, 21)).save(out / "photograph.heic", quality=80)
