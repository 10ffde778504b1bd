"""DICOM versions of the demo model's scenes, whose windowed pixels are those of the PNG files: for bench/dicom-scenes.mjs.

    python scripts/demo/scenes.py --seed 811 --count 60 --out build/scenes
    python scripts/reference/dicom_scenes.py --scenes build/scenes --out build/scenes-dicom

writes a file for each image and variant:
    mono1   8 bits, MONOCHROME1
    12bit   12 of 16 bits, 16 times the levels
    j2k     the same in JPEG 2000 Lossless
    window  CT in Hounsfield units, 3 a level; the second of two windows fits
What pydicom makes of each is compared with the PNG file here.
"""

import argparse
from pathlib import Path

import numpy as np
from dicom import compressed, dataset, saved
from PIL import Image
from pydicom import dcmread, uid
from pydicom.pixels import apply_rescale, apply_windowing

# PS3.3 C.11.2.1.2.1: a width of n + 1 about the middle plus a half maps n steps to the whole range.
VARIANTS = ("mono1", "12bit", "j2k", "window")


def linear(least, most):
    return {"WindowCenter": (least + most + 1) / 2, "WindowWidth": most - least + 1}


def variant(levels, name):
    """The bytes of a file."""
    if name == "mono1":
        return saved(dataset([255 - levels], "MONOCHROME1", **linear(0, 255)), uid.DeflatedExplicitVRLittleEndian)
    twelve = levels.astype(np.uint16) * 16
    if name == "12bit":
        return saved(dataset([twelve], bits=12, **linear(0, 255 * 16)), uid.DeflatedExplicitVRLittleEndian)
    if name == "j2k":
        return compressed(dataset([twelve], bits=12, **linear(0, 255 * 16)), uid.JPEG2000Lossless)
    fitting = linear(-324, -324 + 3 * 255)
    windows = {keyword: [other, fitting[keyword]] for keyword, other in {"WindowCenter": 40, "WindowWidth": 80}.items()}
    made = dataset([levels.astype(np.uint16) * 3 + 700], SOPClassUID=uid.CTImageStorage, Modality="CT", RescaleSlope=1, RescaleIntercept=-1024, **windows)
    return saved(made, uid.DeflatedExplicitVRLittleEndian)


def shown(path, index):
    """As pydicom shows it."""
    made = dcmread(path)
    values = apply_windowing(apply_rescale(made.pixel_array, made), made, index=index)
    top = apply_windowing(np.array([-(2**15), 2**15]), made, index=index)
    gray = np.floor((values - top[0]) / (top[1] - top[0]) * 255 + 0.5).astype(np.uint8)
    return 255 - gray if made.PhotometricInterpretation == "MONOCHROME1" else gray


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="names of PNG files; all by default")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for path in sorted(options.scenes.glob("*.png")):
        if options.only and path.name not in options.only:
            continue
        levels = np.array(Image.open(path).convert("L"))
        for name in VARIANTS:
            target = options.out / f"{path.stem}.{name}.dcm"
            target.write_bytes(variant(levels, name))
            assert np.array_equal(shown(target, 1 if name == "window" else 0), levels), target


if __name__ == "__main__":
    main()
