"""Pathology slides as scanners and programs write them, each with the pixels that are right: for compare.mjs, which says what conditions.json has.

    python scripts/conditions/slides.py --out DIR
    node scripts/conditions/compare.mjs DIR

The right pixels are those that were put into the files; of JPEG, what Pillow decodes of the tiles. Beside each file stands what OpenSlide
and, of TIFF, tifffile make of the level: tifffile gives samples as they are stored, so palettes and inverted gray count as wrong.
No file is anybody's slide.
"""

import argparse
import gzip
import io
import json
import logging
import math
import shutil
import struct
import sys
import warnings
from pathlib import Path

import imagecodecs
import numpy as np
import openslide
import tifffile
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000, JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "reference")]
import slide_formats as made  # noqa: E402
import tiff_writer as tw  # noqa: E402
from slide_formats import half, tissue  # noqa: E402

SIDE = 64
LOSSLESS = {"compression": "zlib"}
WIDTH, HEIGHT = 200, 136
WHOLE = tissue(WIDTH, HEIGHT, 21)
SMALL = half(WHOLE)
GRAY = WHOLE[..., 1]
CENTIMETRE = {282: (tw.RATIONAL, [20000, 1]), 283: (tw.RATIONAL, [20000, 1]), 296: (tw.SHORT, [3])}


def patches_of(picture, size=(1, 1)):
    """All that are tissue, in reading order. size: of a pixel, across and down; what is not square is resized patch by patch."""
    height, width = picture.shape[:2]
    edges = [[math.floor(i * SIDE * min(size) / edge + 0.5) for i in range(math.floor(limit / (SIDE * min(size) / edge) + 1e-6) + 1)] for edge, limit in zip(size, (width, height))]
    found = []
    for top, bottom in zip(edges[1], edges[1][1:]):
        for left, right in zip(edges[0], edges[0][1:]):
            stored = Image.fromarray(picture).crop((left, top, right, bottom))
            if 1 <= round(float(np.asarray(stored.convert("L")).mean())) <= 204:
                found.append(np.asarray(stored if stored.size == (SIDE, SIDE) else stored.resize((SIDE, SIDE), Image.Resampling.BILINEAR)))
    return found


class Warned(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def verdict(read, right, tolerance):
    """right: the level as it is stored; None: nothing is right but a refusal."""
    heard = Warned()
    logging.getLogger("tifffile").addHandler(heard)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = read()
    except Exception:
        return "refused"
    finally:
        logging.getLogger("tifffile").removeHandler(heard)
    is_right = right is not None and found.shape == right.shape and int(np.abs(found.astype(int) - right).max()) <= tolerance
    return "right" if is_right else "warned" if heard.messages or caught else "wrong"


def by_openslide(path, level, right):
    with openslide.OpenSlide(path) as slide:
        width, height = slide.level_dimensions[level]
        if right is not None:
            width, height = min(width, right.shape[1]), min(height, right.shape[0])
        return made.on_white(slide.read_region((0, 0), level, (width, height)))


def by_tifffile(path, level):
    with tifffile.TiffFile(path) as tiff:
        series = max(tiff.series, key=lambda one: math.prod(one.shape))
        found, axes = series.levels[level].asarray(), series.levels[level].axes
    if found.dtype != np.uint8:
        raise ValueError(found.dtype)
    if axes in ("SYX", "CYX"):
        found = np.moveaxis(found, 0, -1)
    return np.stack([found] * 3, -1) if found.ndim == 2 else found[..., :3] if axes == "YXS" else found


class Conditions:
    def __init__(self, out):
        self.out, self.found = out, []

    def path(self, name):
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add(self, kind, source, right, *, level=0, options=None, size=(1, 1), tolerance=0, tells=None, must_tell=False, damaged=False, call="slide", peers=("OpenSlide", "tifffile"), name=None, shown=None):
        """right: the level as it is stored. shown: the same where the file leaves out tiles that make patches of glass."""
        name = name or source
        entry = {"id": name, "kind": kind, "call": call, "source": source, "options": options if options is not None else {"level": level, "side": SIDE, "patches": 100}}
        entry |= {"right": None, "tolerance": tolerance, "tells": tells, "mustTell": must_tell, "damaged": damaged}
        if right is not None:
            found = patches_of(right if shown is None else shown, size)
            assert found, name
            file = f"right/{name.replace('/', '-')}.gz"
            self.path(file).write_bytes(gzip.compress(b"".join(patch.tobytes() for patch in found)))
            entry["right"] = {"width": SIDE, "height": SIDE, "count": len(found), "file": file}
        path = self.out / source
        readers = {"OpenSlide": lambda: by_openslide(path, level, right), "tifffile": lambda: by_tifffile(path, level)}
        entry["peers"] = {peer: verdict(readers[peer], right, tolerance) for peer in peers}
        self.found.append(entry)

    def tiff(self, kind, name, pages, right, *, order="<", big=False, **more):
        tw.write(self.path(name), pages, order=order, big=big)
        self.add(kind, name, right, **more)


# Kinds, one after the other


def storage(c):
    kind = "TIFF: compression, byte order, tiles and strips"
    named = {"none": tw.NONE, "lzw": tw.LZW, "deflate": tw.DEFLATE, "old-deflate": tw.OLD_DEFLATE, "packbits": tw.PACKBITS}
    for big in (False, True):
        for order in "<>":
            for name, compression in named.items():
                for predictor in (1, 2) if name in ("lzw", "deflate") else (1,):
                    # Every second one in strips, or with tiles that are not square.
                    turn = len(c.found) % 3
                    tile = [(64, 64), (48, 32), 24][turn]
                    label = f"{name}{'-predictor' if predictor == 2 else ''}-{'big' if big else 'classic'}-{'little' if order == '<' else 'big'}-endian-{['tiles', 'oblong-tiles', 'strips'][turn]}.tif"
                    c.tiff(kind, label, [tw.page(WHOLE, compression=compression, predictor=predictor, tile=tile, tags=CENTIMETRE)], WHOLE, order=order, big=big)
    for name, compression in (("zstd", tw.ZSTD), ("webp", tw.WEBP)):
        c.tiff(kind, f"{name}.tif", [tw.page(WHOLE, compression=compression)], None)
    c.tiff(kind, "planes-lzw.tif", [tw.page(WHOLE, compression=tw.LZW, planar=True)], WHOLE)
    c.tiff(kind, "planes-deflate-predictor.tif", [tw.page(WHOLE, compression=tw.DEFLATE, predictor=2, planar=True, tile=(32, 48))], WHOLE, big=True)
    c.tiff(kind, "planes-strips.tif", [tw.page(WHOLE, planar=True, tile=40)], WHOLE, order=">")
    flipped = np.array([int(f"{value:08b}"[::-1], 2) for value in range(256)], np.uint8)
    for name, compression in (("none", tw.NONE), ("lzw", tw.LZW)):
        encode = lambda part, compression=compression: bytes(flipped[np.frombuffer(tw.compress(part, compression), np.uint8)])  # noqa: E731
        c.tiff(kind, f"fill-order-2-{name}.tif", [tw.page(WHOLE, compression=compression, encode=encode, tags={266: (tw.SHORT, [2])})], WHOLE)


def decoded(streams, shape, tile, is_rgb=False):
    """By Pillow, put together. is_rgb: the samples as they are."""
    columns = -(-shape[1] // tile[0])
    whole = np.zeros((-(-shape[0] // tile[1]) * tile[1], columns * tile[0], 3), np.uint8)
    for index, stream in enumerate(streams):
        picture = Image.open(io.BytesIO(stream))
        if is_rgb:
            picture.draft("YCbCr", picture.size)
        samples = np.asarray(picture if is_rgb or picture.mode == "RGB" else picture.convert("RGB"))
        y, x = index // columns * tile[1], index % columns * tile[0]
        whole[y : y + tile[1], x : x + tile[0]] = samples
    return whole[: shape[0], : shape[1]]


def jpegs(c):
    kind = "TIFF: JPEG"
    tile = (64, 64)
    for subsampling, tag in (("4:4:4", (1, 1)), ("4:2:2", (2, 1)), ("4:2:0", (2, 2))):
        for said, tags in (("right", {530: (tw.SHORT, tag)}), ("none", {}), ("wrong", {530: (tw.SHORT, (1, 1) if tag != (1, 1) else (2, 2))})):
            for shared in (False, True):
                if said == "none" and shared:
                    continue
                streams = [tw.jpeg(part, subsampling=subsampling) for part in tw.cut(WHOLE, tile)]
                right = decoded(streams, WHOLE.shape, tile)
                tables, short = tw.shared_tables(streams)
                one = tw.page(WHOLE, compression=tw.JPEG, photometric=6, encode=lambda part: b"", tags={**tags, **({347: (tw.UNDEFINED, tables)} if shared else {})})
                one.tiles = short if shared else streams
                c.tiff(kind, f"jpeg-{subsampling.replace(':', '')}-tag-{said}{'-shared' if shared else ''}.tif", [one], right, order="<>"[len(c.found) % 2])
    for adobe in (True, False):
        streams = [tw.jpeg(part, is_rgb=True, adobe=adobe) for part in tw.cut(WHOLE, tile)]
        one = tw.page(WHOLE, compression=tw.JPEG, photometric=2, encode=lambda part: b"")
        one.tiles = streams
        c.tiff(kind, f"jpeg-rgb-{'adobe' if adobe else 'no-marker'}.tif", [one], decoded([tw.jpeg(part, is_rgb=True) for part in tw.cut(WHOLE, tile)], WHOLE.shape, tile))
    # The tag counts, not the marker (TIFF technical note 2): YCbCr that is said to be RGB is shown as it is.
    streams = [tw.jpeg(part) for part in tw.cut(WHOLE, tile)]
    one = tw.page(WHOLE, compression=tw.JPEG, photometric=2, encode=lambda part: b"")
    one.tiles = [tw.without_markers(stream) for stream in streams]
    c.tiff(kind, "jpeg-ycbcr-said-rgb-no-marker.tif", [one], decoded(streams, WHOLE.shape, tile, is_rgb=True), tolerance=1)
    one = tw.page(GRAY, compression=tw.JPEG, photometric=1, encode=tw.jpeg)
    gray = [np.asarray(Image.open(io.BytesIO(stream))) for stream in one.tiles]
    joined = np.concatenate([np.concatenate(gray[row * 4 : row * 4 + 4], 1) for row in range(3)], 0)[:HEIGHT, :WIDTH]
    c.tiff(kind, "jpeg-gray.tif", [one], np.stack([joined] * 3, -1))
    cut_short = tw.page(WHOLE, compression=tw.JPEG, photometric=6, encode=lambda part: tw.jpeg(part)[: len(tw.jpeg(part)) // 2])
    c.tiff(kind, "jpeg-cut.tif", [cut_short], None, damaged=True)


def jpegs_2000(c):
    kind = "TIFF: JPEG 2000"

    def encode(part, *, mct=False, ycbcr=False, level=0, codecformat="j2k", reversible=True):
        samples = np.asarray(Image.fromarray(part).convert("YCbCr")) if ycbcr else part
        return imagecodecs.jpeg2k_encode(samples if samples.shape[-1] == 3 else samples[..., 0], level=level, codecformat=codecformat, mct=mct, reversible=reversible)

    back = np.asarray(Image.fromarray(np.asarray(Image.fromarray(WHOLE).convert("YCbCr")), "YCbCr").convert("RGB"))
    for name, compression, photometric, how, right in (
        ("aperio-rgb", tw.APERIO_RGB, 2, {}, WHOLE),
        ("aperio-rgb-mct", tw.APERIO_RGB, 2, {"mct": True}, WHOLE),
        ("aperio-ycbcr", tw.APERIO_YCBCR, 6, {"ycbcr": True}, back),
        ("aperio-ycbcr-said-rgb", tw.APERIO_YCBCR, 2, {"ycbcr": True}, back),
        ("adobe-rgb-mct", tw.JPEG_2000, 2, {"mct": True}, WHOLE),
        ("adobe-rgb-jp2", tw.JPEG_2000, 2, {"codecformat": "jp2"}, WHOLE),
        ("adobe-ycbcr", tw.JPEG_2000, 6, {"ycbcr": True}, back),
    ):
        tolerance = 2 if right is back else 0
        c.tiff(kind, f"jpeg-2000-{name}.tif", [tw.page(WHOLE, compression=compression, photometric=photometric, encode=lambda part, how=how: encode(part, **how))], right, tolerance=tolerance)
    c.tiff(kind, "jpeg-2000-gray.tif", [tw.page(GRAY, compression=tw.JPEG_2000, photometric=1, encode=encode)], np.stack([GRAY] * 3, -1))
    c.tiff(kind, "jpeg-2000-cut.tif", [tw.page(WHOLE, compression=tw.APERIO_RGB, encode=lambda part: encode(part)[:900])], None, damaged=True)


def samples(c):
    kind = "TIFF: photometric, samples, bits"
    grays = np.stack([GRAY] * 3, -1)
    c.tiff(kind, "min-is-black.tif", [tw.page(GRAY, photometric=1)], grays)
    c.tiff(kind, "min-is-white.tif", [tw.page(255 - GRAY, photometric=0, compression=tw.LZW)], grays)
    palette = tissue(256, 1, 3)[0]
    index = (WHOLE[..., 0] // 2 + 60).astype(np.uint8)
    colours = {320: (tw.SHORT, [int(value) * 257 for value in palette.T.ravel()])}
    c.tiff(kind, "palette.tif", [tw.page(index, photometric=3, tags=colours, compression=tw.DEFLATE)], palette[index])
    c.tiff(kind, "palette-pyramid.tif", [tw.page(index, photometric=3, tags=colours), tw.page(index[::2, ::2], photometric=3, tags=colours)], palette[index[::2, ::2]], level=1)
    ycbcr = np.asarray(Image.fromarray(WHOLE).convert("YCbCr"))
    back = np.asarray(Image.fromarray(ycbcr, "YCbCr").convert("RGB"))
    c.tiff(kind, "ycbcr-444.tif", [tw.page(ycbcr, photometric=6, tags={530: (tw.SHORT, (1, 1))}, compression=tw.LZW)], back, tolerance=3)
    halved = np.asarray(Image.fromarray(ycbcr[..., 1:].copy().repeat(1, 0)[..., 0]).reduce(2)), np.asarray(Image.fromarray(ycbcr[..., 2].copy()).reduce(2))

    def subsampled(part):
        """Blocks of 2 x 2 luminances, and the chrominances of each (TIFF 6.0, section 21)."""
        y, cb, cr = (part[..., i].astype(int) for i in range(3))
        blocks = [np.stack([y[0::2, 0::2], y[0::2, 1::2], y[1::2, 0::2], y[1::2, 1::2], *((z[0::2, 0::2] + z[0::2, 1::2] + z[1::2, 0::2] + z[1::2, 1::2] + 2) // 4 for z in (cb, cr))], -1)]
        return blocks[0].astype(np.uint8).tobytes()

    rough = np.stack([ycbcr[..., 0], *(channel.repeat(2, 0).repeat(2, 1)[:HEIGHT, :WIDTH] for channel in halved)], -1)
    c.tiff(kind, "ycbcr-420-uncompressed.tif", [tw.page(ycbcr, photometric=6, tags={530: (tw.SHORT, (2, 2))}, encode=subsampled)], np.asarray(Image.fromarray(rough, "YCbCr").convert("RGB")), tolerance=3)
    c.tiff(kind, "cielab.tif", [tw.page(WHOLE, photometric=8)], None)
    c.tiff(kind, "cmyk.tif", [tw.page(np.concatenate([255 - WHOLE, np.zeros((HEIGHT, WIDTH, 1), np.uint8)], -1), photometric=5)], None)
    c.tiff(kind, "16-bits.tif", [tw.page(WHOLE, tags={258: (tw.SHORT, [16] * 3)}, encode=lambda part: (part.astype("<u2") * 257).tobytes())], None)
    c.tiff(kind, "1-bit.tif", [tw.page(GRAY, photometric=1, tags={258: (tw.SHORT, [1])}, encode=lambda part: np.packbits(part[..., 0] > 128, axis=1).tobytes())], None)
    c.tiff(kind, "signed.tif", [tw.page(WHOLE, tags={339: (tw.SHORT, [2] * 3)})], None)
    fourth = np.concatenate([WHOLE, np.zeros((HEIGHT, WIDTH, 1), np.uint8)], -1)
    c.tiff(kind, "unspecified-fourth.tif", [tw.page(fourth, tags={338: (tw.SHORT, [0])})], WHOLE)
    c.tiff(kind, "unspecified-fourth-lzw-predictor.tif", [tw.page(fourth, compression=tw.LZW, predictor=2, tags={338: (tw.SHORT, [0])})], WHOLE, order=">")
    c.tiff(kind, "unspecified-fourth-planes.tif", [tw.page(fourth, planar=True, tags={338: (tw.SHORT, [0])})], WHOLE)
    fourth[..., 3] = 255
    c.tiff(kind, "opaque-alpha.tif", [tw.page(fourth, tags={338: (tw.SHORT, [2])})], WHOLE)
    c.tiff(kind, "associated-alpha.tif", [tw.page(fourth, compression=tw.DEFLATE, tags={338: (tw.SHORT, [1])})], WHOLE)
    fifth = np.concatenate([fourth, fourth[..., :1]], -1)
    c.tiff(kind, "five-samples.tif", [tw.page(fifth, tags={338: (tw.SHORT, [0, 0])})], None)
    gray_fourth = np.stack([GRAY, np.zeros_like(GRAY)], -1)
    c.tiff(kind, "gray-unspecified-second.tif", [tw.page(gray_fourth, photometric=1, tags={338: (tw.SHORT, [0])})], grays)


def pyramids(c):
    kind = "TIFF: pyramids"
    levels = [WHOLE, half(WHOLE), half(half(WHOLE))]
    first = tw.page(WHOLE, tags=CENTIMETRE)
    label = tw.page(np.zeros((68, 100, 3), np.uint8), tile=17)
    tiled_label = tw.page(np.full((34, 50, 3), 7, np.uint8), tags={270: (tw.ASCII, "Aperio Image Library\r\nlabel 50x34 SECRET")})
    others = [tw.page(level) for level in levels[1:]]
    wide = {"level": 1}
    c.tiff(kind, "pages.tif", [first, *others], SMALL, **wide)
    c.tiff(kind, "sub-directories.tif", [tw.page(WHOLE, below=others)], SMALL, **wide)
    c.tiff(kind, "smallest-first.tif", [others[1], others[0], first], SMALL, **wide)
    c.tiff(kind, "level-missing.tif", [first, tw.page(half(half(WHOLE[:, :192])))], WHOLE)
    odd = np.asarray(Image.fromarray(WHOLE).resize((77, 52)))
    third = np.asarray(Image.fromarray(tissue(600, 408, 5)).resize((200, 136)))
    c.tiff(kind, "not-by-two.tif", [tw.page(tissue(600, 408, 5)), tw.page(third), tw.page(odd)], third, **wide)
    c.tiff(kind, "label-in-strips-of-the-same-shape.tif", [first, label, *others], SMALL, **wide)
    c.tiff(kind, "label-between.tif", [first, others[0], tw.page(np.zeros((60, 40, 3), np.uint8))], SMALL, **wide)
    # Only its name tells it from a level.
    c.tiff(kind, "label-in-tiles-of-the-same-shape.tif", [first, others[0], tiled_label], SMALL, **wide, tells="left out: 1 other picture", must_tell=True)
    c.tiff(kind, "magnification.tif", [first, *others], SMALL, options={"magnification": 10, "side": SIDE, "patches": 100}, level=1)
    inch = {282: (tw.RATIONAL, [50800, 1]), 283: (tw.RATIONAL, [50800, 1]), 296: (tw.SHORT, [2])}
    c.tiff(kind, "magnification-inch.tif", [tw.page(WHOLE, tags=inch), *others], SMALL, options={"magnification": 10, "side": SIDE, "patches": 100}, level=1)
    c.tiff(kind, "magnification-inch-unsaid.tif", [tw.page(WHOLE, tags={**inch, 296: None}), *others], SMALL, options={"magnification": 10, "side": SIDE, "patches": 100}, level=1)
    c.tiff(kind, "magnification-no-unit.tif", [tw.page(WHOLE, tags={**inch, 296: (tw.SHORT, [1])}), *others], None, options={"magnification": 10, "side": SIDE}, level=1, peers=())
    c.tiff(kind, "magnification-72-dpi.tif", [tw.page(WHOLE, tags={**inch, 282: (tw.RATIONAL, [72, 1]), 283: (tw.RATIONAL, [72, 1])}), *others], None, options={"magnification": 10, "side": SIDE}, level=1, peers=())
    for orientation in (3, 6):
        c.tiff(kind, f"orientation-{orientation}.tif", [tw.page(WHOLE, tags={274: (tw.SHORT, [orientation])})], WHOLE, tells="orientation", must_tell=True)
    c.tiff(kind, "twins.tif", [first, tw.page(tissue(WIDTH, HEIGHT, 8))], WHOLE, tells="first of 2 pictures", must_tell=True)
    c.tiff(kind, "gray-twins.tif", [tw.page(GRAY, photometric=1)] * 3, None)
    bytes_of = tw.page(WHOLE)
    tw.write(c.path("cycle.tif"), [bytes_of, tw.page(SMALL)])
    data = bytearray((c.out / "cycle.tif").read_bytes())
    data[-4:] = data[4:8]
    c.path("cycle.tif").write_bytes(data)
    c.add(kind, "cycle.tif", None, damaged=True, peers=())


def sparse(c):
    kind = "Sparse tiles"
    white = "shown as white background"

    def shown(picture, tile, left_out):
        found = picture.copy()
        columns = -(-picture.shape[1] // tile[0])
        for index in left_out:
            found[index // columns * tile[1] :, index % columns * tile[0] :][: tile[1], : tile[0]] = 255
        return found

    for name, how in {
        "deflate": {"compression": tw.DEFLATE, "tile": (64, 64), "left_out": (1, 6)},
        "lzw-small-tiles": {"compression": tw.LZW, "tile": (16, 32), "left_out": (0, 3, 14, 30, 45)},
        "none-oblong": {"tile": (80, 48), "left_out": (4,)},
        "jpeg": {"compression": tw.JPEG, "photometric": 2, "tile": (64, 64), "left_out": (2, 5), "encode": lambda part: tw.jpeg(part, is_rgb=True, quality=100)},
        "jpeg-2000": {"compression": tw.APERIO_RGB, "tile": (64, 64), "left_out": (0,), "encode": lambda part: imagecodecs.jpeg2k_encode(part, level=0, codecformat="j2k", mct=False, reversible=True)},
    }.items():
        right = shown(WHOLE, how["tile"], how["left_out"])
        c.tiff(kind, f"sparse-{name}.tif", [tw.page(WHOLE, **how)], right, tells=white, must_tell=True, tolerance=4 if name == "jpeg" else 0)
    strips = WHOLE.copy()
    strips[48:64] = 255
    c.tiff(kind, "sparse-strips.tif", [tw.page(WHOLE, tile=16, left_out=(3,))], strips, tells=white, must_tell=True)
    planes = shown(WHOLE, (64, 64), (5,))
    c.tiff(kind, "sparse-planes.tif", [tw.page(WHOLE, planar=True, left_out=(5, 17, 29))], planes, tells=white, must_tell=True)
    c.tiff(kind, "sparse-but-on-smaller-level.tif", [tw.page(WHOLE, left_out=(1,)), tw.page(SMALL)], shown(WHOLE, (64, 64), (1,)), tells="1 patch with tissue on a smaller level", must_tell=True)
    c.tiff(kind, "sparse-smaller-level.tif", [tw.page(WHOLE), tw.page(SMALL, left_out=(0,))], WHOLE)
    for name, pages in (("pyramid", [tw.page(WHOLE, left_out=range(12)), tw.page(SMALL)]), ("single", [tw.page(WHOLE, left_out=range(12))])):
        c.tiff(kind, f"sparse-all-left-out-{name}.tif", pages, None)


APERIO = "Aperio Image Library v12.0.15\r\n{0}x{1} [0,0 {0}x{1}] (64x64) |AppMag = {2}|Filename = SECRET|MPP = {3}"


def aperio(c):
    kind = "Aperio SVS"
    ten = {"magnification": 10, "side": SIDE, "patches": 100}
    thumbnail = tw.page(SMALL, tile=34)
    label = tw.page(np.zeros((68, 100, 3), np.uint8), tile=17, tags={270: (tw.ASCII, "Aperio SECRET\r\nlabel 387x463")})
    for name, text, wanted, level in (
        ("app-mag", APERIO.format(WIDTH, HEIGHT, 20, 0.499), ten, 1),
        ("mpp-alone", "Aperio Image Library\r\n|MPP = 0.499", ten, 1),
        ("forty", APERIO.format(WIDTH, HEIGHT, 40, 0.25), {**ten, "magnification": 20}, 1),
        ("without", "Aperio Image Library\r\nno more", ten, None),
        ("comma", "Aperio Image Library\r\n|AppMag = 20|MPP = 0,499", ten, 1),
    ):
        described = {270: (tw.ASCII, text)}
        pages = [tw.page(WHOLE, tags=described, compression=tw.DEFLATE), thumbnail, tw.page(SMALL, tags=described, compression=tw.DEFLATE), label]
        c.tiff(kind, f"aperio-{name}.svs", pages, None if level is None else SMALL, options=wanted, level=level or 0, peers=("OpenSlide", "tifffile") if level else ())
    streams = [tw.without_markers(tw.jpeg(part, is_rgb=True)) for part in tw.cut(WHOLE, (64, 64))]
    one = tw.page(WHOLE, compression=tw.JPEG, photometric=2, encode=lambda part: b"", tags={270: (tw.ASCII, APERIO.format(WIDTH, HEIGHT, 20, 0.499))})
    one.tiles = streams
    c.tiff(kind, "aperio-jpeg-rgb.svs", [one, label], decoded([tw.jpeg(part, is_rgb=True) for part in tw.cut(WHOLE, (64, 64))], WHOLE.shape, (64, 64)))


def not_square(c):
    kind = "Pixels that are not square"
    tells = "made square"
    for x, y in ((20000, 10000), (10000, 20000), (20000, 19000), (20000, 19900)):
        tags = {**CENTIMETRE, 282: (tw.RATIONAL, [x, 1]), 283: (tw.RATIONAL, [y, 1])}
        size = (1e4 / x, 1e4 / y) if abs(x / y - 1) >= 0.01 else (1, 1)
        c.tiff(kind, f"resolution-{x}-{y}.tif", [tw.page(WHOLE, tags=tags), tw.page(SMALL, tags=tags)], WHOLE, size=size, tells=tells, must_tell=size != (1, 1))
    tags = {**CENTIMETRE, 283: (tw.RATIONAL, [10000, 1])}
    c.tiff(kind, "smaller-level.tif", [tw.page(WHOLE, tags=tags), tw.page(SMALL, tags=tags)], SMALL, level=1, size=(0.5, 1), tells=tells, must_tell=True)
    c.tiff(kind, "by-magnification.tif", [tw.page(WHOLE, tags=tags), tw.page(SMALL, tags=tags)], SMALL, level=1, size=(0.5, 1), options={"magnification": 10, "side": SIDE, "patches": 100}, tells=tells, must_tell=True)
    c.tiff(kind, "as-stored.tif", [tw.page(WHOLE, tags=tags)], WHOLE, options={"level": 0, "side": SIDE, "aspect": False}, tells="shown as they are stored", must_tell=True)
    xml = made.ome_xml([made.ome_image(WIDTH, HEIGHT, micrometres=0.5, y=0.8)])
    c.tiff(kind, "sizes.ome.tif", [tw.page(WHOLE, tags={270: (tw.ASCII, xml)})], WHOLE, size=(0.5, 0.8), tells=tells, must_tell=True)
    folder = "dicom-not-square"
    dicom_level(c, folder, WHOLE, spacing=(0.001, 0.0005))
    c.add(kind, f"{folder}/level-1.dcm", WHOLE, size=(0.5, 1), tells=tells, must_tell=True, peers=("OpenSlide",))


def ome(c):
    kind = "OME-TIFF"
    planes = [np.ascontiguousarray(WHOLE[..., i]) for i in range(3)]

    def gray(plane, **more):
        return tw.page(plane, photometric=1, compression=tw.DEFLATE, **more)

    def write(name, pages, xml, right, **more):
        pages[0].tags[270] = (tw.ASCII, xml)
        c.tiff(kind, name, pages, right, **more)

    def image(**more):
        return made.ome_image(WIDTH, HEIGHT, **more)

    said = {"tells": "three gray planes", "must_tell": True}
    write("planes.ome.tif", [gray(plane) for plane in planes], made.ome_xml([image(channels=made.channels())]), WHOLE, **said)
    data = "".join(f'<TiffData IFD="{ifd}" FirstC="{channel}" PlaneCount="1"/>' for ifd, channel in ((0, 2), (1, 1), (2, 0)))
    write("planes-listed-backwards.ome.tif", [gray(plane) for plane in planes[::-1]], made.ome_xml([image(channels=made.channels(), data=data)]), WHOLE, **said)
    data = '<TiffData IFD="0" PlaneCount="3"/>'
    write("planes-one-tiff-data.ome.tif", [gray(plane) for plane in planes], made.ome_xml([image(channels=made.channels(("Red", "Green", "Blue")), data=data)]), WHOLE, big=True, **said)
    write("planes-no-tiff-data.ome.tif", [gray(plane) for plane in planes], made.ome_xml([image(channels=made.channels(("Channel 0", "Channel 1", "Channel 2")), data="")]), WHOLE, order=">", **said)
    write("planes-named-in-another-order.ome.tif", [gray(planes[i]) for i in (1, 2, 0)], made.ome_xml([image(channels=made.channels(("green", "blue", "red")))]), WHOLE, **said)
    write("planes-with-levels.ome.tif", [gray(plane, below=[gray(half_plane)]) for plane, half_plane in zip(planes, (np.ascontiguousarray(SMALL[..., i]) for i in range(3)))], made.ome_xml([image(channels=made.channels())]), SMALL, level=1, **said)
    write("two-planes.ome.tif", [gray(plane) for plane in planes[:2]], made.ome_xml([image(channels=made.channels(("", ""), (None, None)), c=2)]), None)
    write("four-channels.ome.tif", [gray(plane) for plane in (*planes, planes[0])], made.ome_xml([image(channels=made.channels(("", "", "", ""), (None,) * 4), c=4)]), None)
    write("dyes.ome.tif", [gray(plane) for plane in planes], made.ome_xml([image(channels=made.channels(more=' Fluor="DAPI"'))]), None)
    # Planes of red, green and blue for three depths: once with the depth, once with the colour running faster.
    for order in ("XYCZT", "XYZCT"):
        stack = [[planes[channel] if z == 1 else np.full_like(planes[0], 60 + 50 * z) for channel in range(3)] for z in range(3)]
        flat = [stack[z][channel] for z in range(3) for channel in range(3)] if order == "XYCZT" else [stack[z][channel] for channel in range(3) for z in range(3)]
        write(f"depths-{order}.ome.tif", [gray(plane) for plane in flat], made.ome_xml([image(channels=made.channels(), z=3, order=order)]), WHOLE, tells="focal plane 2 of 3", must_tell=True)
    colour = [tissue(WIDTH, HEIGHT, 40), WHOLE, tissue(WIDTH, HEIGHT, 41)]
    write("depths-in-colour.ome.tif", [tw.page(picture) for picture in colour], made.ome_xml([image(z=3)]), WHOLE, tells="focal plane 2 of 3", must_tell=True)
    macro = tissue(120, 60, 9)
    ten = {"magnification": 10, "side": SIDE, "patches": 100}
    for name, order in (("before", (0, 1)), ("behind", (1, 0))):
        images = [made.ome_image(120, 60, name="macro", micrometres=8, data=f'<TiffData IFD="{order[0]}"/>'), image(data=f'<TiffData IFD="{order[1]}"/>')]
        pages = [None, None]
        pages[order[0]], pages[order[1]] = tw.page(macro), tw.page(WHOLE, below=[tw.page(SMALL)])
        write(f"macro-{name}.ome.tif", pages, made.ome_xml(images), SMALL, options=ten, level=1)
    for unit, value in (("nm", 500), ("mm", 0.0005), ("m", 0.0000005)):
        xml = made.ome_xml([image(micrometres=value)]).replace("&#181;m", unit)
        write(f"unit-{unit}.ome.tif", [tw.page(WHOLE, below=[tw.page(SMALL)])], xml, SMALL, options=ten, level=1)
    write("unit-unsaid.ome.tif", [tw.page(WHOLE), tw.page(SMALL)], made.ome_xml([image()]).replace('PhysicalSizeXUnit="&#181;m"', "").replace('PhysicalSizeYUnit="&#181;m"', ""), SMALL, options=ten, level=1)
    write("unit-pixel.ome.tif", [tw.page(WHOLE), tw.page(SMALL)], made.ome_xml([image()]).replace("&#181;m", "pixel"), None, options=ten, level=1, peers=())


def scanners(c):
    kind = "Philips, Leica, Trestle"
    one = ("OpenSlide", "tifffile")
    levels = made.make_philips(c.out, WHOLE, LOSSLESS, "philips.tiff", ((),))
    for level in (0, 1):
        shown = levels[level][: levels[0].shape[0] >> level, : levels[0].shape[1] >> level]
        c.add(kind, "philips.tiff", shown, level=level, name=f"philips-{level}", peers=one)
    levels = made.make_philips(c.out, WHOLE, LOSSLESS, "philips-sparse.tiff", ((0, 5, 10), ()))
    c.add(kind, "philips-sparse.tiff", levels[0], tells="shown as white", must_tell=True, peers=one)
    first, second = tissue(128, 128, 2), tissue(192, 64, 3)
    glass = np.full((440, 400, 3), 255, np.uint8)
    glass[30:158, 40:168] = first
    glass[210:274, 180:372] = second
    for name, how, right in (("leica.scn", {}, glass), ("leica-fluorescence.scn", {"source": "fluorescence"}, None)):
        made.make_leica(c.out / "new", first, second, LOSSLESS, **how) if (c.out / "new").mkdir(exist_ok=True) is None else None
        (c.out / "new" / "leica.scn").rename(c.out / name)
        c.add(kind, name, right, peers=one)
    one_objective = glass.copy()
    one_objective[210:274, 180:372] = 255
    made.make_leica(c.out / "new", first, second, LOSSLESS, objectives=(20, 40))
    (c.out / "new" / "leica.scn").rename(c.out / "leica-two-objectives.scn")
    c.add(kind, "leica-two-objectives.scn", one_objective, tells="another objective", must_tell=True, peers=one)
    for across, down in ((16, 8), (0, 12), (24, 0), (0, 0)):
        whole = tissue(64 * 4 - 3 * across, 64 * 3 - 2 * down, 11 + across)
        made.make_trestle(c.out / "new", whole, LOSSLESS, ((across, down), (0, 0)))
        name = f"trestle-{across}-{down}.tif"
        (c.out / "new" / "trestle.tif").rename(c.out / name)
        c.add(kind, name, whole, peers=one)
    (c.out / "new").rmdir()


def ndpi(c):
    kind = "Hamamatsu NDPI"
    scan = tissue(256, 160, 12)
    small, macro = half(scan), tissue(64, 32, 8)

    def through(picture, subsampling):
        return np.asarray(Image.open(io.BytesIO(made.jpeg(picture, subsampling=subsampling))))

    for subsampling in ("4:4:4", "4:2:2"):
        for intervals in (0, 1, 2, 4):
            name = f"intervals-{intervals}-{subsampling.replace(':', '')}.ndpi"
            made.write_ndpi(c.path(name), [(scan, 20.0, 0), (small, 10.0, 0), (macro, -1.0, 0)], subsampling=subsampling, intervals=intervals)
            # Chrominances of 4:2:2 are interpolated across the ends of intervals, or not.
            c.add(kind, name, through(scan, subsampling), tolerance=0 if subsampling == "4:4:4" or intervals < 2 else 12)
    for name, focuses, right in (("stack", (-1000, 0, 1000), scan), ("stack-above", (0, 1000), scan)):
        pictures = [(scan if focus == 0 else tissue(256, 160, 50), 20.0, focus) for focus in focuses]
        made.write_ndpi(c.path(f"{name}.ndpi"), [*pictures, (macro, -1.0, 0)], subsampling="4:4:4")
        c.add(kind, f"{name}.ndpi", through(scan, "4:4:4"), tells="focal plane", must_tell=True)
    made.write_ndpi(c.path("macro-alone.ndpi"), [(macro, -1.0, 0)])
    c.add(kind, "macro-alone.ndpi", None, damaged=True)


def ventana(c):
    kind = "Ventana BIF"
    one = made.VentanaArea(tissue(64 + 2 * 48, 64 + 56, 60), 3, 2)
    plain = one.picture

    def write(name, areas, right, *, level=0, tells=None, **how):
        made.write_ventana(c.path(name), areas, **{**LOSSLESS, **how})
        c.add(kind, name, right, level=level, tells=tells, name=f"{name}-{level}")

    write("one-area.bif", [one], plain)
    odd, odder = made.VentanaArea(tissue(64 * 3 - 2 * 9, 64 * 3 - 2 * 5, 61), 3, 3), made.VentanaArea(tissue(64, 64 * 3 - 2 * 5, 66), 1, 3)
    write("odd-overlap.bif", [odd], odd.picture, overlap=(9, 5))
    c.add(kind, "odd-overlap.bif", half(odd.picture), level=1, tells="nearest whole pixels", name="odd-overlap.bif-1")
    one_column = made.VentanaArea(tissue(64, 64 + 56 * 2, 62), 1, 3)
    write("one-column.bif", [one_column], one_column.picture)
    single = made.VentanaArea(tissue(64, 64, 63), 1, 1)
    write("one-tile.bif", [single], single.picture)
    first, second = made.VentanaArea(tissue(64 + 48, 64 + 56, 64), 2, 2, x=10, y_from_below=100), made.VentanaArea(tissue(64 * 2, 64, 65)[:, : 64 + 48], 2, 1, column=3, row=2, x=150, y_from_below=20)
    glass = np.full((200, 262, 3), 255, np.uint8)
    glass[0:120, 10:122], glass[136:200, 150:262] = first.picture, second.picture
    write("two-areas.bif", [first, second], glass)
    skipped = made.VentanaArea(tissue(64, 64, 67), 1, 1, column=5, scanned=0)
    write("area-not-scanned.bif", [first, second, skipped], glass)
    varied = made.ventana_xml([odd], 64, (9, 5), vary=3)
    write("overlaps-that-vary.bif", [odd], odd.picture, overlap=(9, 5), xml=varied, tells="nearest whole pixels")
    write("unsure.bif", [made.VentanaArea(tissue(192, 128, 68), 3, 2)], tissue(192, 128, 68), overlap=(0, 0), xml=made.ventana_xml([made.VentanaArea(None, 3, 2)], 64, (16, 8), confidence=0), tells="side by side")
    write("ventana.tif", [made.VentanaArea(tissue(192, 128, 69), 3, 2)], tissue(192, 128, 69), overlap=(0, 0), xml="")
    write("lzw.bif", [one], plain, compression="lzw")
    write("focus.bif", [one], plain, iscan_more='Z-layers="3"', tells="focal planes")
    del odder


def dicom_level(c, folder, picture, *, spacing=(0.0005, 0.0005), number=1, syntax=ExplicitVRLittleEndian, photometric="RGB", encode=None, change=None, edge=64, frames=None, places=None, table=True, name=None):
    """spacing: down and across, as DICOM has it."""
    c.path(f"{folder}/x")
    ds = made.instance(picture.shape[1::-1], flavor="VOLUME", number=number)
    ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = list(spacing)
    if places is None:
        ds.DimensionOrganizationType = "TILED_FULL"
    else:
        made.place(ds, places, edge)
    if picture.ndim == 2:
        ds.SamplesPerPixel = 1
        del ds.PlanarConfiguration
    if change is not None:
        change(ds)
    frames = frames if frames is not None else [(encode or (lambda part: part.tobytes()))(part) for part in tw.cut(picture, (edge, edge))]
    made.save(c.out / folder / (name or f"level-{number}.dcm"), ds, frames, edge=edge, syntax=syntax, photometric=photometric, table=table)


def dicom(c):
    kind = "DICOM"
    columns = -(-WIDTH // 64)
    every = tw.cut(WHOLE, (64, 64))

    def one(name, right, *, tolerance=0, tells=None, must_tell=False, damaged=False, picture=WHOLE, also=None, source=None, **how):
        dicom_level(c, name, picture, **how)
        if also is not None:
            also(name)
        c.add(kind, f"{name}/{source or 'level-1.dcm'}" if source != "" else name, right, tolerance=tolerance, tells=tells, must_tell=must_tell, damaged=damaged, peers=("OpenSlide",) if source != "" else (), name=name)

    def j2k(part, **more):
        return imagecodecs.jpeg2k_encode(part, codecformat="j2k", **{"level": 0, "mct": False, "reversible": True, **more})

    one("dicom-uncompressed", WHOLE)
    one("dicom-planes", WHOLE, encode=lambda part: np.moveaxis(part, -1, 0).tobytes(), change=lambda ds: setattr(ds, "PlanarConfiguration", 1))
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        streams = [tw.jpeg(part, subsampling=subsampling) for part in every]
        one(f"dicom-jpeg-{subsampling.replace(':', '')}", decoded(streams, WHOLE.shape, (64, 64)), syntax=JPEGBaseline8Bit, photometric="YBR_FULL_422", frames=streams, table=subsampling != "4:4:4")
    streams = [tw.jpeg(part, is_rgb=True) for part in every]
    one("dicom-jpeg-rgb", decoded(streams, WHOLE.shape, (64, 64)), syntax=JPEGBaseline8Bit, photometric="RGB", frames=streams)
    one("dicom-jpeg-2000-rgb", WHOLE, syntax=JPEG2000Lossless, encode=j2k)
    one("dicom-jpeg-2000-rct", WHOLE, syntax=JPEG2000Lossless, photometric="YBR_RCT", encode=lambda part: j2k(part, mct=True))
    one("dicom-jpeg-2000-ict", WHOLE, syntax=JPEG2000, photometric="YBR_ICT", encode=lambda part: j2k(part, mct=True, reversible=False, level=60), tolerance=6)
    one("dicom-gray", np.stack([GRAY] * 3, -1), picture=GRAY, photometric="MONOCHROME2")
    one("dicom-no-offsets", WHOLE, syntax=JPEG2000Lossless, encode=j2k, table=False)
    one("dicom-small-tiles", WHOLE, edge=32)
    one("dicom-rle", None, syntax=RLELossless, encode=lambda part: b"\1\0\0\0" + b"\0" * 60 + part.tobytes())
    one("dicom-sparse", None if False else made_sparse(WHOLE, (2, 9)), places=[(i % columns, i // columns) for i in range(12) if i not in (2, 9)], frames=[every[i].tobytes() for i in range(12) if i not in (2, 9)], tells="shown as white", must_tell=True)
    order = np.random.default_rng(3).permutation(12).tolist()
    one("dicom-sparse-shuffled", WHOLE, places=[(i % columns, i // columns) for i in order], frames=[every[i].tobytes() for i in order])
    one("dicom-off-the-grid", None, places=[(i % columns + 0.5, i // columns) for i in range(12)])

    def paths(ds):
        second = Dataset()
        second.OpticalPathIdentifier = "2"
        ds.OpticalPathSequence.append(second)
        ds.NumberOfOpticalPaths = 2

    two = [*(part.tobytes() for part in every), *(part.tobytes() for part in tw.cut(tissue(WIDTH, HEIGHT, 70), (64, 64)))]
    one("dicom-two-optical-paths", WHOLE, frames=two, change=paths, tells="first of 2 optical paths", must_tell=True)
    three = [part.tobytes() for picture in (tissue(WIDTH, HEIGHT, 71), WHOLE, tissue(WIDTH, HEIGHT, 72)) for part in tw.cut(picture, (64, 64))]
    one("dicom-three-focal-planes", WHOLE, frames=three, change=lambda ds: setattr(ds, "TotalPixelMatrixFocalPlanes", 3), tells="focal plane 2 of 3", must_tell=True)

    def concatenated(folder, parts):
        (c.out / folder / "level-1.dcm").unlink()
        for number, (start, end) in enumerate(parts, 1):
            def change(ds, start=start, number=number):
                ds.ConcatenationUID, ds.ConcatenationFrameOffsetNumber, ds.InConcatenationNumber = "1.2.826.0.1.3680043.8.498.5", start, number
            dicom_level(c, folder, WHOLE, number=number, frames=[part.tobytes() for part in every[start:end]], change=change, name=f"part-{number}.dcm")

    one("dicom-concatenation", WHOLE, also=lambda folder: concatenated(folder, ((0, 5), (5, 6), (6, 12))), source="part-2.dcm")
    one("dicom-concatenation-cut", made_sparse(WHOLE, range(8, 12)), also=lambda folder: concatenated(folder, ((0, 5), (5, 8))), source="part-1.dcm", tells="shown as white", must_tell=True)
    one("dicom-folder", WHOLE, also=lambda folder: dicom_level(c, folder, SMALL, number=2, spacing=(0.001, 0.001)), source="")
    c.add(kind, "dicom-folder/level-2.dcm", SMALL, level=1, peers=("OpenSlide",), name="dicom-second-level")

    def label(folder):
        dicom_level(c, folder, np.zeros((64, 64, 3), np.uint8), number=7, change=lambda ds: setattr(ds, "ImageType", ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]), name="label.dcm")

    one("dicom-label-beside", WHOLE, also=label, tells="left out: 1 other picture", must_tell=True)
    one("dicom-label-named", WHOLE, also=label, source="label.dcm", tells="left out: 1 other picture", must_tell=True)
    one("dicom-label-alone", None, change=lambda ds: setattr(ds, "ImageType", ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]))
    one("dicom-two-series", None, also=lambda folder: dicom_level(c, folder, SMALL, number=2, change=lambda ds: setattr(ds, "SeriesInstanceUID", "1.2.826.0.1.3680043.8.498.9")), source="")
    one("dicom-frames-missing", made_sparse(WHOLE, (10, 11)), frames=[part.tobytes() for part in every[:10]], tells="shown as white background: 2 of 12", must_tell=True)
    one("dicom-more-frames", WHOLE, frames=[part.tobytes() for part in (*every, every[0])], tells="frames beyond the tiles", must_tell=True)
    ycbcr = np.asarray(Image.fromarray(WHOLE).convert("YCbCr"))
    back = np.asarray(Image.fromarray(ycbcr, "YCbCr").convert("RGB"))
    one("dicom-ybr-full", back, picture=ycbcr, photometric="YBR_FULL", tolerance=2)
    one("dicom-no-matrix-size", None, change=lambda ds: (ds.__delattr__("TotalPixelMatrixColumns"), ds.__delattr__("TotalPixelMatrixRows")), damaged=True)
    sixteen = np.stack([GRAY] * 1, -1)[..., 0].astype("<u2") * 100

    def deep(ds):
        ds.BitsAllocated = ds.BitsStored = 16
        ds.HighBit = 15

    one("dicom-16-bits", None, picture=sixteen, photometric="MONOCHROME2", change=deep)


def made_sparse(picture, left_out):
    found = picture.copy()
    columns = -(-picture.shape[1] // 64)
    for index in left_out:
        found[index // columns * 64 :, index % columns * 64 :][:64, :64] = 255
    return found


def as_pictures(c):
    kind = "Slides given with -i"
    call = {"call": "image", "options": {}, "peers": ()}
    dicom_level(c, "picture-full", WHOLE)
    c.add(kind, "picture-full/level-1.dcm", None, tells="slide", **call)
    dicom_level(c, "picture-sparse", WHOLE, places=[(0, 0), (1, 1)], frames=[part.tobytes() for part in tw.cut(WHOLE, (64, 64))[:2]])
    c.add(kind, "picture-sparse/level-1.dcm", None, tells="slide", **call)
    dicom_level(c, "picture-label", WHOLE, change=lambda ds: setattr(ds, "ImageType", ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]))
    c.add(kind, "picture-label/level-1.dcm", None, tells="slide", **call)
    made.write_ventana(c.path("picture.bif"), [made.VentanaArea(tissue(160, 120, 60), 3, 2)])
    made.write_ventana(c.path("picture-ventana.tif"), [made.VentanaArea(tissue(192, 128, 60), 3, 2)], overlap=(0, 0), xml="")
    for name in ("picture.bif", "picture-ventana.tif", "leica.scn"):
        c.add(kind, name, None, name=f"picture-{name}", **call)
    tw.write(c.path("picture.vsi"), [tw.page(SMALL, tile=17)])
    for ending in ("czi", "mrxs", "ndpis", "vmu", "svslide", "zvi", "lif", "afi", "sld"):
        c.path(f"picture.{ending}").write_bytes({"czi": b"ZISRAWFILE" + bytes(200), "mrxs": made.jpeg(SMALL)}.get(ending, b"SECRET" * 50))
    for ending in ("vsi", "czi", "mrxs", "ndpis", "vmu", "svslide", "zvi", "lif", "afi", "sld"):
        c.add(kind, f"picture.{ending}", None, **call)


def refused(c):
    kind = "Other formats"
    tw.write(c.path("tiff-inside.vsi"), [tw.page(WHOLE, tags=CENTIMETRE)])
    tw.write(c.path("pyramid-inside.vsi"), [tw.page(WHOLE), tw.page(SMALL)], big=True)
    tw.write(c.path("UPPER.VSI"), [tw.page(WHOLE)])
    tw.write(c.path("tiff-inside.ets"), [tw.page(WHOLE)])
    tw.write(c.path("tiff-inside.isyntax"), [tw.page(WHOLE)])
    for name in ("tiff-inside.vsi", "pyramid-inside.vsi", "UPPER.VSI", "tiff-inside.ets", "tiff-inside.isyntax"):
        c.add(kind, name, None)
    for name, content in {"a.mrxs": made.jpeg(SMALL), "a.czi": b"ZISRAWFILE" + bytes(300), "renamed": b"ZISRAWFILE" + bytes(300), "a.svslide": b"SQLite format 3\0" * 20, "a.zvi": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 20, "a.vms": b"[Virtual Microscope Specimen]\n", "a.qptiff": b"SECRET" * 40, "other.scn": b"SECRET" * 40, "a.png": b"\x89PNG\r\n\x1a\n" + bytes(100)}.items():
        c.path(name).write_bytes(content)
        c.add(kind, name, None, peers=("OpenSlide",))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    conditions = Conditions(out)
    for make in (storage, jpegs, jpegs_2000, samples, pyramids, sparse, aperio, not_square, ome, scanners, ndpi, ventana, dicom, as_pictures, refused):
        make(conditions)
    (out / "conditions.json").write_text(json.dumps(conditions.found, indent=1) + "\n")
    print(len(conditions.found), "conditions")


main()
