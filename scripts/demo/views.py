"""Films of many sizes, and the squares in which the model may be shown one: padded, squeezed, and parts of it."""

import numpy as np
from PIL import Image
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil

import pool
import scenes

LONG_SIDES = (256, 1200)
NARROWEST = 0.5  # short side by long side
MOST_CROPS = 2  # of films no narrower than that
SQUARES = 2 + MOST_CROPS

# Gemma3Processor's own values.
PAN_AND_SCAN = {
    "pan_and_scan_min_crop_size": 256,
    "pan_and_scan_max_num_crops": 4,
    "pan_and_scan_min_ratio_to_activate": 1.2,
}
processor = Gemma3ImageProcessorPil()


def random_film(rng):
    """Some as in scenes.py; more of any size, many of them large and long enough for crops."""
    film = scenes.random_film(rng)
    if rng.random() < 0.4:
        return film
    long_side = round(rng.uniform(*LONG_SIDES))
    short_side = round(long_side * (1.0 if rng.random() < 0.1 else rng.uniform(NARROWEST, 1)))
    width, height = (long_side, short_side) if rng.random() < 0.5 else (short_side, long_side)
    return scenes.Film(width, height, film.gray, film.noise, film.contrast)


def squeeze(pixels):
    side = (pool.IMAGE_SIDE, pool.IMAGE_SIDE)
    return np.asarray(Image.fromarray(pixels).resize(side, Image.Resampling.BILINEAR))


def squares(pixels):
    """The padded square, the squeezed one, and pan and scan's crops: 2 to SQUARES of them, (side, side) uint8 each."""
    crops = processor.pan_and_scan(pixels[None], **PAN_AND_SCAN)
    return [pool.to_square(pixels), squeeze(pixels), *(squeeze(np.ascontiguousarray(crop[0])) for crop in crops)]
