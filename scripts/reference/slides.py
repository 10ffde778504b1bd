"""Small slides, and the patches that tifffile, NumPy and Pillow take of them: the reference of the slide tests.

    python scripts/reference/slides.py --out test/fixtures/slides

Writes the files, and expected.json: for every case what is asked for and what must come back, patches as sha256 of their RGB.
Which level is read and which is searched for tissue is said here for every case, not computed. JPEG is what tifffile decodes.
"""

import argparse
import hashlib
import json
import math
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

APERIO = "Aperio Image Library v12.0.15\r\n452x330 [0,0 452x330] (64x64) JPEG/RGB Q=90|AppMag = 40|Filename = SECRET|MPP = 0.2527"
# Nothing of it may come back.
SECRET = "SECRET^PATIENT"


def slide(width, height, seed):
    """A stained section on glass, with a black pen mark."""
    y, x = np.mgrid[0:height, 0:width]
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 243.0)
    for _ in range(7):
        cx, cy, radius = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height, rng.uniform(0.08, 0.22) * width
        colour = np.array([rng.uniform(150, 215), rng.uniform(70, 150), rng.uniform(140, 205)])
        inside = (x - cx) ** 2 + (1.7 * (y - cy)) ** 2 < radius**2
        picture[inside] = colour + 20 * np.sin(x / 9 + y / 5)[inside, None] + 14 * (((x // 3) * (y // 2)) % 5 == 0)[inside, None]
    picture[:48, :48] = 0
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def pyramid(picture, levels):
    """Each half of the one before, edges rounded up."""
    found = [picture]
    while len(found) < levels:
        found.append(np.asarray(Image.fromarray(found[-1]).reduce(2)))
    return found


def write(path, levels, *, subifds=False, bigtiff=False, byteorder="<", ome=None, descriptions=None, others=(), resolution=None, **how):
    """others: pages that are no level. Aperio keeps them behind the first level and at the end."""
    with tifffile.TiffWriter(path, bigtiff=bigtiff, byteorder=byteorder, ome=False) as tiff:
        for index, level in enumerate(levels):
            text = ome if index == 0 else None
            if descriptions is not None:
                text = descriptions[min(index, len(descriptions) - 1)]
            extra = {} if resolution is None else {"resolution": (resolution[0] / 2**index, resolution[0] / 2**index), "resolutionunit": resolution[1]}
            below = {"subifds": len(levels) - 1} if subifds and index == 0 else {}
            tiff.write(level, photometric="rgb", description=text and text.encode(), metadata=None, subfiletype=min(index, 1), software=SECRET, **below, **extra, **how)
            if index == 0:
                for other, at_end in others:
                    if not at_end:
                        tiff.write(other, photometric="rgb", metadata=None, description=SECRET, rowsperstrip=16)
        for other, at_end in others:
            if at_end:
                tiff.write(other, photometric="rgb", metadata=None, description=f"{SECRET}\r\nlabel", compression="lzw", rowsperstrip=16)


def ome_xml(width, height, unit, size):
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0" Name="SECRET">'
        f'<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="{width}" SizeY="{height}" SizeC="3" SizeZ="1" SizeT="1" '
        f'PhysicalSizeX="{size}" PhysicalSizeXUnit="{unit}" PhysicalSizeY="{size}" PhysicalSizeYUnit="{unit}"><Channel ID="Channel:0:0" '
        'SamplesPerPixel="3"/></Pixels></Image></OME>'
    )


def evenly_spaced(count, most):
    return list(range(count)) if count <= most else [round(i / most * (count - 1)) for i in range(1, most + 1)]


def edge(index, pitch, downsample, limit):
    return min(limit, math.floor(index * pitch / downsample + 0.5))


def patches(levels, read, search, shrink, side, most):
    """Levels as they are decoded; read and search are their indices."""
    height, width = levels[0].shape[:2]
    downsample = [(width / level.shape[1] + height / level.shape[0]) / 2 for level in levels]
    pitch = side * shrink * downsample[read]
    columns, rows = (math.floor(size / (side * shrink) + 1e-6) for size in (levels[read].shape[1], levels[read].shape[0]))

    def box(column, row, level):
        h, w = levels[level].shape[:2]
        return tuple(edge(i, pitch, downsample[level], limit) for i, limit in ((column, w), (row, h), (column + 1, w), (row + 1, h)))

    tissue = []
    for row in range(rows):
        for column in range(columns):
            gray = np.asarray(Image.fromarray(levels[search]).crop(box(column, row, search)).convert("L"))
            if 1 <= round(gray.mean()) <= 204:
                tissue.append((column, row))
    taken = evenly_spaced(len(tissue), most)
    found = []
    for index in taken:
        part = Image.fromarray(levels[read]).crop(box(*tissue[index], read))
        found.append(np.asarray(part if part.size == (side, side) else part.resize((side, side), Image.Resampling.BILINEAR)))
    left_top_right_bottom = [box(*tissue[index], 0) for index in taken]
    return {
        "grid": columns * rows,
        "of": len(tissue),
        "taken": len(taken),
        "numbers": [index + 1 for index in taken],
        "positions": [{"x": l, "y": t, "width": r - l, "height": b - t} for l, t, r, b in left_top_right_bottom],
        "sha256": [hashlib.sha256(patch.tobytes()).hexdigest() for patch in found],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    whole = pyramid(slide(452, 330, 1), 3)
    small = pyramid(slide(226, 164, 2), 2)
    label = np.zeros((40, 40, 3), np.uint8)
    macro = slide(120, 50, 3)

    write(out / "pages-lzw.tif", whole, tile=(64, 64), compression="lzw", predictor=True, resolution=(20000, "CENTIMETER"))
    write(out / "subifds-deflate.ome.tif", whole, subifds=True, bigtiff=True, tile=(48, 80), compression="zlib", ome=ome_xml(452, 330, "nm", 250))
    thumbnail = np.asarray(Image.fromarray(whole[0]).resize((226, 165)))
    write(out / "aperio-jpeg.svs", whole, tile=(64, 64), compression="jpeg", compressionargs={"level": 90, "subsampling": "420"}, descriptions=[APERIO], others=[(thumbnail, False), (label, True), (macro, True)])
    write(out / "uncompressed-big-endian.tif", small, byteorder=">", tile=(64, 64), resolution=(20000, "CENTIMETER"))
    write(out / "pages-deflate.ome.tif", small, tile=(32, 32), compression="zlib", ome=ome_xml(226, 164, "µm", 0.5))
    write(out / "strips-packbits.tif", small[:1], rowsperstrip=20, compression="packbits")

    cases = []

    def case(file, levels, options, *, read, search, shrink=1, magnification, scanned_at, source, mpp):
        side, most = options["side"], options.get("patches", 125)
        facts = {"width": levels[0].shape[1], "height": levels[0].shape[0], "levels": len(levels), "level": read, "shrunkBy": shrink, "magnification": magnification, "scannedAt": scanned_at, "magnificationFrom": source, "micrometresPerPixel": mpp}
        cases.append({"file": file, "options": options, "summary": facts, **patches(levels, read, search, shrink, side, most)})

    scanned = {"scanned_at": 20, "source": "TIFF resolution", "mpp": 0.5}
    case("pages-lzw.tif", whole, {"side": 32}, read=1, search=1, magnification=10, **scanned)
    case("pages-lzw.tif", whole, {"side": 32, "magnification": 20}, read=0, search=1, magnification=20, **scanned)
    case("pages-lzw.tif", whole, {"side": 64, "magnification": 20, "patches": 7}, read=0, search=2, magnification=20, **scanned)
    case("pages-lzw.tif", whole, {"side": 32, "magnification": 40, "patches": 50}, read=0, search=1, magnification=20, **scanned)
    case("pages-lzw.tif", whole, {"side": 30, "magnification": 7}, read=1, search=2, shrink=20 / (452 / 226 + 330 / 165) * 2 / 7, magnification=7, **scanned)
    case("pages-lzw.tif", whole, {"side": 17, "level": 2, "patches": 9}, read=2, search=2, magnification=20 / ((452 / 113 + 330 / 83) / 2), **scanned)
    scanned = {"scanned_at": 40, "source": "OME-XML PhysicalSizeX", "mpp": 0.25}
    case("subifds-deflate.ome.tif", whole, {"side": 24, "magnification": 40, "patches": 125}, read=0, search=0, magnification=40, **scanned)
    case("subifds-deflate.ome.tif", whole, {"side": 36}, read=2, search=2, magnification=40 / ((452 / 113 + 330 / 83) / 2), **scanned)
    with tifffile.TiffFile(out / "aperio-jpeg.svs") as tiff:
        decoded = [page.asarray() for page in tiff.pages if page.is_tiled]
    scanned = {"scanned_at": 40, "source": "Aperio AppMag", "mpp": 0.2527}
    case("aperio-jpeg.svs", decoded, {"side": 64, "magnification": 40}, read=0, search=2, magnification=40, **scanned)
    case("aperio-jpeg.svs", decoded, {"side": 24, "magnification": 20, "patches": 12}, read=1, search=1, magnification=20, **scanned)
    case("aperio-jpeg.svs", decoded, {"side": 32, "magnification": 16}, read=1, search=2, shrink=1.25, magnification=16, **scanned)
    case("uncompressed-big-endian.tif", small, {"side": 20, "magnification": 5}, read=1, search=1, shrink=2, magnification=5, scanned_at=20, source="TIFF resolution", mpp=0.5)
    case("pages-deflate.ome.tif", small, {"side": 48, "magnification": 20}, read=0, search=1, magnification=20, scanned_at=20, source="OME-XML PhysicalSizeX", mpp=0.5)
    case("strips-packbits.tif", small[:1], {"side": 40, "level": 0}, read=0, search=0, magnification=None, scanned_at=None, source=None, mpp=None)

    reduced = Image.fromarray(whole[2]).reduce(2)
    overview = {"file": "pages-lzw.tif", "side": 50, "width": reduced.width, "height": reduced.height, "sha256": hashlib.sha256(reduced.tobytes()).hexdigest()}
    (out / "expected.json").write_text(json.dumps({"cases": cases, "overview": overview}, indent=1) + "\n")


main()
