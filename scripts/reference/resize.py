"""What Pillow makes of noise in many sizes: the reference of the native resize test.

    python scripts/reference/resize.py > test/fixtures/native/resize.txt

Each line: width height side fit hash. "pad" lays the picture on a black square first (top and left half of the
difference, rounded down), as MedGemma's notebooks do; "stretch" squeezes it.
"""

import PIL
from noise import fnv1a, noise
from PIL import Image

SIZES = (
    (1, 1), (1, 2), (2, 1), (3, 2), (1, 300), (300, 1), (7, 5), (13, 13), (28, 28), (33, 90), (64, 64), (90, 33),
    (111, 224), (224, 111), (224, 224), (225, 223), (299, 301), (448, 336), (640, 37), (37, 640), (500, 500),
)  # fmt: skip
SIDES = (28, 224)
LARGE = ((1000, 700, 896), (300, 411, 896), (896, 896, 896), (1500, 40, 896))


def square_of(image):
    side = max(image.size)
    square = Image.new("RGB", (side, side))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def main():
    print(f"# Pillow {PIL.__version__}, BILINEAR. Columns: width height side fit hash")
    for width, height, side in [(*size, side) for size in SIZES for side in SIDES] + list(LARGE):
        pixels = noise(width * height * 3, width * 7919 + height).reshape(height, width, 3)
        image = Image.fromarray(pixels)
        for fit, canvas in (("pad", square_of(image)), ("stretch", image)):
            resized = canvas.resize((side, side), Image.Resampling.BILINEAR)
            print(width, height, side, fit, fnv1a(resized.tobytes()))


if __name__ == "__main__":
    main()
