"""Small pictures, and what Pillow's BILINEAR makes of them along one direction: the reference of src/image/square-pixels.ts.

    python scripts/reference/square_pixels.py > test/fixtures/reference/square-pixels.json
"""

import base64
import json

import numpy as np
from PIL import Image

# Height and width, how high a pixel is by its width, and the size with square pixels.
CASES = [(9, 7, 2, (18, 7)), (9, 7, 2.5, (23, 7)), (9, 7, 0.64, (9, 11)), (1, 5, 3, (3, 5)), (6, 1, 0.25, (6, 4)), (40, 48, 1.53, (61, 48)), (5, 8, 1 / 3.6, (5, 29)), (30, 20, 1.02, (31, 20)), (6, 5, 1, (6, 5))]


def main():
    rng = np.random.default_rng(5)
    rows = []
    for height, width, aspect, (tall, wide) in CASES:
        rgb = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        square = np.asarray(Image.fromarray(rgb).resize((wide, tall), Image.Resampling.BILINEAR))
        encoded = [base64.b64encode(pixels.tobytes()).decode() for pixels in (rgb, square)]
        rows.append({"width": width, "height": height, "pixelAspect": aspect, "wide": wide, "tall": tall, "rgb": encoded[0], "square": encoded[1]})
    print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")


if __name__ == "__main__":
    main()
