"""Ordinary pictures as the world writes them, each with the pixels that are right: for compare.mjs, which says what conditions.json has.

    python scripts/conditions/pictures.py --out DIR [--kept]
    node scripts/conditions/compare.mjs DIR

The right pixels are what went in, by the rules of docs/guide/images.md; where a colour profile is to be applied, LittleCMS's (Pillow's ImageCms)
from them. What Pillow and, of TIFF, tifffile make of the same file is noted beside. Needs Pillow 13, pillow-heif, tifffile, imagecodecs.
"""

import argparse
import base64
import gzip
import io
import json
import struct
import sys
import warnings
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageCms

sys.path.insert(0, str(Path(__file__).parent.parent / "reference"))
from images import ADOBE_RGB, DISPLAY_P3, S_RGB, bmp, gray, matrix_profile, picture, shown  # noqa: E402

pillow_heif.register_heif_opener()

# What test/image/conditions.test.ts keeps of them: one of each kind that was wrong once, or that no other fixture has.
KEPT = set(
    """
    animated.png exif-behind.png exif-raw-profile.png exif-raw-profile-deflated.png gray-odd-intent.png odd-intent.png palette-clear.png gray-2-bit-interlaced.png gray-alpha.png 12-bits-alpha.png xmp-8.png
    arithmetic.jpg subsampled-411.jpg lossless-gray.jpg rgb-ids.jpg 12-bits.jpg no-height.jpg
    f4-predictor.tif i4-big-endian.tif unspecified-planes.tif two-unspecified.tif associated.tif alpha-and-unspecified.tif unsaid.tif ycbcr.tif
    cielab.tif 12-bits-packed.tif 12-bits-zstd.tif gray-4-bit.tif palette-of-8-bits.tif rgb-big-tiff.tif rgb-planes-tiles-lzw.tif no-strips.tif
    linear.png gamma-1.8.jpg scanner.tif display-p3-16-bits.png display-p3-12-bits.tif display-p3.jp2 display-p3-turned.png display-p3.heic
    gray-dots.tif gray-linear.png gray-gamma-2.2.png gray-of-colours.png profile-cut.jpg profile-no-curves.tif profile-far-offset.tif
    adobe.jpg adobe-ycck.jpg adobe-profile.jpg cmyk-no-marker.jpg cmyk-16-bits.tif cmyk-alpha.tif cmyk-unspecified.tif cmyk-turned.tif cmyk-profile.tif
    offset-clear.gif beyond.gif animated-offset.gif rle4-escapes.bmp rle8-top-down.bmp rle8-beyond.bmp palette-short.bmp palette-overlaps.bmp os2-8.bmp 32-10-bits.bmp png-inside.bmp p3-1023.ppm p1-joined.pbm
    10-bits.avif 12-bits-gray.avif sequence.avif swapped.jp2 sycc.jp2 rgba.jp2 palette.jp2
    lossless.jxl container.jxl gray-alpha.jxl animated.jxl from-jpeg-turned.jxl from-jpeg-display-p3.jxl 12-bits.jxl float.jxl cut.jxl
    """.split()
)
WIDTH, HEIGHT = 48, 32
PRO_PHOTO = ((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249))
# What compression loses of a smooth picture, and what implementations of colour profiles differ by.
LOSSY, CONVERTED = 6, 2

y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
SMOOTH = np.stack([60 + 2 * x, 190 - 2 * y, 80 + x + y], -1).astype(np.uint8)
SMOOTH_GRAY = (40 + 3 * x + y).astype(np.uint8)
RGB = picture(WIDTH, HEIGHT, 3, 31)
GRAY = picture(WIDTH, HEIGHT, 1, 32)[..., 0]
ALPHA = picture(WIDTH, HEIGHT, 1, 33)
TWELVE = (GRAY.astype(np.uint16) * 16 + RGB[..., 1] % 16).astype(np.uint16)
INDEX = (GRAY // 16).astype(np.uint8)
PALETTE = np.array([(16 * i, 255 - 16 * i, 8 * i) for i in range(16)], np.uint8)
ON_BLACK = np.floor(RGB.astype(float) * ALPHA / 255 + 0.5).astype(np.uint8)


def turn(pixels, orientation):
    """As EXIF 2.32, 4.6.4.A says: 2 to 4 mirror and turn over, from 5 on rows are columns."""
    turns = {1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1], 5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, -1), 7: lambda a: a[::-1, ::-1].swapaxes(0, 1), 8: lambda a: np.rot90(a)}
    return np.ascontiguousarray(turns[orientation](pixels))


def windowed(values, center, width):
    """PS3.3 C.11.2.1.2.1, LINEAR."""
    level = ((values.astype(float) - (center - 0.5)) / (width - 1) + 0.5) * 255
    return np.floor(np.clip(level, 0, 255) + 0.5).astype(np.uint8)


def saved(image, format, **options):
    stream = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(stream, format, **options)
    return stream.getvalue()


class Conditions:
    def __init__(self, out, kept=None):
        self.out, self.rows, self.kept = out, [], kept
        out.mkdir(parents=True, exist_ok=True)

    def add(self, kind, name, data, right, *, tolerance=0, stored=None, **more):
        """name: that of the file. right: None where only a refusal is right. stored: the values that tifffile must read."""
        if any(row["id"] == name for row in self.rows):
            raise ValueError(f"two conditions are called {name}")
        if self.kept is not None and name not in self.kept:
            return
        options = more.get("options")
        file = f"{len(self.rows):03d}-{name}" if options else name
        (self.out / file).write_bytes(data)
        row = {"id": name if not options else f"{name} {json.dumps(options)}", "kind": kind, "call": "image", "source": file, "right": None, "tolerance": tolerance, **more}
        if right is not None:
            right = np.ascontiguousarray(right if right.ndim == 3 else gray(right), dtype=np.uint8)
            pixels = f"{file}.rgb.gz"
            (self.out / pixels).write_bytes(gzip.compress(right.tobytes(), 6, mtime=0))
            row["right"] = {"width": right.shape[1], "height": right.shape[0], "count": 1, "file": pixels}
        row["peers"] = {"Pillow": by_pillow(self.out / file, right, tolerance)}
        if stored is not None:
            row["peers"]["tifffile"] = by_tifffile(self.out / file, stored)
        self.rows.append(row)

    def write(self):
        (self.out / "conditions.json").write_text(json.dumps(self.rows, indent=1), encoding="utf-8")


def by_pillow(path, right, tolerance):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            with Image.open(path) as image:
                found = np.asarray(image.convert("RGB")).astype(int)
        except Exception:
            return "refused"
    is_right = right is not None and found.shape == right.shape and np.abs(found - right).max(initial=0) <= tolerance
    return "right" if is_right else "warned" if said else "wrong"


def by_tifffile(path, stored):
    try:
        found = tifffile.imread(path, key=0)
    except Exception:
        return "refused"
    return "right" if found.shape == stored.shape and np.array_equal(found, stored, equal_nan=found.dtype.kind == "f") else "wrong"


# PNG


def png(samples, bits=8, colour=None, *, chunks=(), interlaced=False, late=(), size=None):
    """samples: (height, width[, channels]) of unsigned numbers. chunks in front of the pixels, late ones behind them."""
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels] if colour is None else colour
    height, width = size or samples.shape[:2]

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def rows(part):
        if part.size == 0:
            return b""
        if bits == 16:
            lines = part.astype(">u2").reshape(len(part), -1).view(np.uint8)
        elif bits == 8:
            lines = part.astype(np.uint8).reshape(len(part), -1)
        else:
            lines = np.packbits(np.unpackbits(part.astype(np.uint8)[..., None], axis=-1)[..., 8 - bits :].reshape(len(part), -1), axis=-1)
        return b"".join(b"\0" + line.tobytes() for line in lines)

    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)] if interlaced else [(0, 0, 1, 1)]
    pixels = b"".join(rows(samples[top::down, left::right]) for top, left, down, right in passes)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunk(*one) for one in chunks) + chunk(b"IDAT", zlib.compress(pixels)) + b"".join(chunk(*one) for one in late) + chunk(b"IEND", b"")


def pngs(to):
    def add(name, data, right, **more):
        to.add("PNG", f"{name}.png", data, right, **more)

    palette = (b"PLTE", PALETTE.tobytes())
    for bits in (1, 2, 4):
        levels = GRAY >> (8 - bits)
        add(f"gray-{bits}-bit", png(levels, bits), levels * (255 // (2**bits - 1)))
        index = INDEX % 2**bits
        add(f"palette-{bits}-bit", png(index, bits, 3, chunks=[palette]), PALETTE[index])
        add(f"gray-{bits}-bit-interlaced", png(levels, bits, interlaced=True), levels * (255 // (2**bits - 1)))
    add("palette-8-bit", png(INDEX, 8, 3, chunks=[palette]), PALETTE[INDEX])
    add("palette-beyond", png(np.where(GRAY > 100, 20, INDEX).astype(np.uint8), 8, 3, chunks=[palette]), np.where((GRAY > 100)[..., None], 0, PALETTE[INDEX]))
    clear = np.array([0, 128, *[255] * 14])
    add("palette-clear", png(INDEX, 8, 3, chunks=[palette, (b"tRNS", bytes(clear[:2].tolist()))]), np.floor(PALETTE[INDEX] * clear[INDEX][..., None] / 255 + 0.5).astype(np.uint8), tolerance=1)
    keyed = RGB.copy()
    keyed[4:9, 5:20] = (9, 8, 7)
    add("colour-clear", png(keyed, chunks=[(b"tRNS", struct.pack(">3H", 9, 8, 7))]), np.where((keyed == (9, 8, 7)).all(-1, keepdims=True), 0, keyed))
    add("gray-clear", png(GRAY, chunks=[(b"tRNS", struct.pack(">H", int(GRAY[3, 3])))]), np.where(GRAY == GRAY[3, 3], 0, GRAY))
    add("rgb-interlaced", png(RGB, interlaced=True), RGB)
    add("rgba", png(np.concatenate([RGB, ALPHA], -1)), ON_BLACK, tolerance=1)
    add("rgba-interlaced", png(np.concatenate([RGB, ALPHA], -1), interlaced=True), ON_BLACK, tolerance=1)
    add("all-clear", png(np.concatenate([RGB, ALPHA * 0], -1)), RGB * 0)
    add("gray-alpha", png(np.concatenate([GRAY[..., None], ALPHA], -1)), np.floor(GRAY * (ALPHA[..., 0] / 255) + 0.5), tolerance=1)
    for name, value in (("gamma-1", 100000), ("gamma-2.2", 45455), ("gamma-0", 0)):
        add(name, png(RGB, chunks=[(b"gAMA", struct.pack(">I", value))]), RGB)
    add("chromaticities", png(RGB, chunks=[(b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))]), RGB)
    add("srgb-chunk", png(RGB, chunks=[(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 45455))]), RGB)
    add("background", png(np.concatenate([RGB, ALPHA], -1), chunks=[(b"bKGD", struct.pack(">3H", 255, 255, 255))]), ON_BLACK, tolerance=1)
    add("significant-bits", png(RGB & 0xF8, chunks=[(b"sBIT", b"\5\5\5")]), RGB & 0xF8)
    add("physical-size", png(RGB, chunks=[(b"pHYs", struct.pack(">IIB", 1000, 2000, 1))]), RGB)
    frame = struct.pack(">IIIIIHHBB", 0, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)
    second = struct.pack(">IIIIIHHBB", 1, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)
    other = struct.pack(">I", 2) + zlib.compress(b"".join(b"\0" + row.tobytes() for row in 255 - RGB))
    add("animated", png(RGB, chunks=[(b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", frame)], late=[(b"fcTL", second), (b"fdAT", other)]), RGB, mustTell=True, tells="the first of 2 frames")
    add("text-behind", png(RGB, late=[(b"tEXt", b"Comment\0SECRET")]), RGB)
    add("bytes-behind", png(RGB) + b"SECRET" * 100, RGB)
    broken = bytearray(png(RGB, late=[(b"tEXt", b"Comment\0x")]))
    broken[-17] ^= 1
    add("text-checksum", bytes(broken), RGB)
    broken = bytearray(png(RGB))
    broken[60] ^= 8
    add("pixel-checksum", bytes(broken), None, damaged=True)
    add("cut", png(RGB)[:-2000], None, damaged=True)
    add("no-width", png(RGB, size=(HEIGHT, 0)), None, damaged=True)
    add("no-height", png(RGB, size=(0, WIDTH)), None, damaged=True)
    for width, height in ((1, 1), (1, 90), (90, 1), (3, 2)):
        one = picture(width, height, 3, 5)
        add(f"rgb-{width}x{height}", png(one), one)
        add(f"rgb-{width}x{height}-interlaced", png(one, interlaced=True), one)
    for value in range(1, 9):
        add(f"exif-{value}", png(RGB, chunks=[(b"eXIf", exif(value))]), turn(RGB, value))
    add("exif-behind", png(RGB, late=[(b"eXIf", exif(6))]), turn(RGB, 6))
    raw = b"\nexif\n      %d\n" % (6 + len(exif(6))) + (b"Exif\0\0" + exif(6)).hex().encode() + b"\n"  # of ImageMagick
    add("exif-raw-profile", png(RGB, chunks=[(b"tEXt", b"Raw profile type exif\0" + raw)]), turn(RGB, 6))
    add("exif-raw-profile-deflated", png(RGB, late=[(b"zTXt", b"Raw profile type APP1\0\0" + zlib.compress(raw))]), turn(RGB, 6))
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_of(8)
    add("xmp-8", png(RGB, chunks=[(b"iTXt", xmp)]), turn(RGB, 8))
    values = "16 bits a sample"
    kind = "12 bits in 16, PNG"
    to.add(kind, "12-bits.png", png(TWELVE, 16), shown(TWELVE), mustTell=True, tells=values)
    to.add(kind, "12-bits-interlaced.png", png(TWELVE, 16, interlaced=True), shown(TWELVE), mustTell=True, tells=values)
    to.add(kind, "12-bits-window.png", png(TWELVE, 16), windowed(TWELVE, 2000.5, 2001), mustTell=True, tells="window 2000.5/2001", options={"window": {"center": 2000.5, "width": 2001}})
    to.add(kind, "12-bits-full.png", png(TWELVE, 16), shown(TWELVE), mustTell=True, tells=values, options={"window": "full"})
    clear = np.stack([TWELVE, np.where(ALPHA[..., 0] > 90, 65535, 0)], -1)
    to.add(kind, "12-bits-alpha.png", png(clear, 16), shown(np.where(clear[..., 1] > 0, TWELVE, 0)), mustTell=True, tells=values)
    to.add(kind, "12-bits-turned.png", png(TWELVE, 16, chunks=[(b"eXIf", exif(5))]), shown(turn(TWELVE, 5)), mustTell=True, tells=values)
    keyed = np.where(TWELVE > 2000, 4095, TWELVE)
    to.add(kind, "12-bits-clear.png", png(keyed, 16, chunks=[(b"tRNS", struct.pack(">H", 4095))]), shown(np.where(keyed == 4095, 0, keyed)), mustTell=True, tells=values)
    to.add(kind, "12-bits-gamma.png", png(TWELVE, 16, chunks=[(b"gAMA", struct.pack(">I", 100000))]), shown(TWELVE), mustTell=True, tells=values)
    flat = np.full_like(TWELVE, 700)
    to.add(kind, "one-value.png", png(flat, 16), flat * 0, mustTell=True, tells=values)
    colours = RGB.astype(np.uint16) * 16
    to.add(kind, "12-bits-rgb.png", png(colours, 16), shown(colours, 0, 4095), mustTell=True, tells="4095")
    colours = RGB.astype(np.uint16) * 257
    to.add(kind, "16-bits-rgb.png", png(colours, 16), RGB, mustTell=True, tells="65535")
    solid = np.concatenate([colours, np.full_like(colours[..., :1], 65535)], -1)
    to.add(kind, "16-bits-rgba.png", png(solid, 16), RGB, tolerance=1, mustTell=True, tells="65535")


# Orientation


def exif(value, kind=3, order=">", *, entries=()):
    """TIFF structure of one directory."""
    letter = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}[kind]
    packed = struct.pack(order + letter, value).ljust(4, b"\0")
    own = [struct.pack(order + "HHI", 0x0112, kind, 1) + packed, *entries]
    return (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "IH", 8, len(own)) + b"".join(own) + b"\0\0\0\0"


def xmp_of(value, *, element=False):
    said = f"><tiff:Orientation>{value}</tiff:Orientation></rdf:Description>" if element else f' tiff:Orientation="{value}"/>'
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{said}</rdf:RDF></x:xmpmeta>'.encode()


def orientations(to):
    def add(name, data, right, **more):
        to.add("EXIF and XMP orientation", name, data, right, **more)

    def jpeg(**options):
        return saved(SMOOTH, "JPEG", quality=97, subsampling=0, **options)

    for value in range(1, 9):
        add(f"exif-{value}.jpg", jpeg(exif=b"Exif\0\0" + exif(value)), turn(SMOOTH, value), tolerance=LOSSY)
        add(f"exif-{value}.webp", saved(RGB, "WEBP", lossless=True, exif=exif(value)), turn(RGB, value))
        stream = io.BytesIO()
        tifffile.imwrite(stream, RGB, photometric="rgb", metadata=None, extratags=[(274, 3, 1, value, True)])
        add(f"tag-{value}.tif", stream.getvalue(), turn(RGB, value))
    for kind, value, order in ((1, 6, "<"), (3, 3, "<"), (4, 8, "<"), (4, 5, ">"), (9, 7, ">"), (8, 2, "<")):
        add(f"exif-type-{kind}-{value}.jpg", jpeg(exif=b"Exif\0\0" + exif(value, kind, order)), turn(SMOOTH, value), tolerance=LOSSY)
    for value in (0, 9, 255):
        add(f"exif-nonsense-{value}.jpg", jpeg(exif=b"Exif\0\0" + exif(value)), SMOOTH, tolerance=LOSSY)
    for value in (3, 6):
        add(f"xmp-{value}.jpg", jpeg(xmp=xmp_of(value)), turn(SMOOTH, value), tolerance=LOSSY)
        add(f"xmp-element-{value}.jpg", jpeg(xmp=xmp_of(value, element=True)), turn(SMOOTH, value), tolerance=LOSSY)
        add(f"xmp-{value}.webp", saved(RGB, "WEBP", lossless=True, xmp=xmp_of(value)), turn(RGB, value))
    add("exif-6-xmp-3.jpg", jpeg(exif=b"Exif\0\0" + exif(6), xmp=xmp_of(3)), turn(SMOOTH, 6), tolerance=LOSSY)
    add("exif-cut.jpg", jpeg(exif=b"Exif\0\0" + exif(6)[:11]), SMOOTH, tolerance=LOSSY)
    add("exif-of-thumbnail.jpg", jpeg(exif=b"Exif\0\0" + exif(1)[:-4] + struct.pack(">I", 26) + exif(8)[8:]), SMOOTH, tolerance=LOSSY)
    for value in (3, 6):
        stream = io.BytesIO()
        pillow_heif.from_pillow(Image.fromarray(SMOOTH)).save(stream, quality=100, chroma=444, exif=b"Exif\0\0" + exif(value))
        # libheif writes the turn into the picture's own properties; EXIF of HEIC only tells it again.
        add(f"exif-{value}.heic", stream.getvalue(), turn(SMOOTH, value), tolerance=LOSSY)
        add(f"exif-{value}.avif", saved(SMOOTH, "AVIF", quality=100, subsampling="4:4:4", exif=b"Exif\0\0" + exif(value)), turn(SMOOTH, value), tolerance=LOSSY)


# TIFF


def tiff(samples, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, metadata=None, **options)
    return stream.getvalue()


def tiffs(to):
    def add(kind, name, data, right, **more):
        to.add(kind, f"{name}.tif", data, right, **more)

    signed = (TWELVE.astype(np.int16) - 2000).astype(np.int16)
    floats = (signed / 1000).astype(np.float32)
    holed = floats.copy()
    holed[3, 4], holed[5, 6] = np.nan, np.inf
    window = {"center": 0.5, "width": 1001}
    small = {"center": 0.25, "width": 1.5}
    kind = "12 bits in 16, TIFF"
    told = {"mustTell": True, "tells": "bits a sample|floating-point samples"}
    for name, more in (
        ("plain", {}),
        ("big-endian", {"byteorder": ">"}),
        ("big-tiff", {"bigtiff": True}),
        ("big-tiff-big-endian", {"bigtiff": True, "byteorder": ">"}),
        ("tiles", {"tile": (16, 16)}),
        ("zlib-predictor", {"compression": "zlib", "predictor": True}),
        ("lzw-predictor-big-endian", {"compression": "lzw", "predictor": True, "byteorder": ">"}),
        ("zstd", {"compression": "zstd"}),
        ("lzma", {"compression": "lzma"}),
        ("packbits", {"compression": "packbits"}),
        ("one-strip-a-row", {"rowsperstrip": 1}),
    ):
        add(kind, f"12-bits-{name}", tiff(TWELVE, photometric="minisblack", **more), shown(TWELVE), stored=TWELVE, **told)
    add(kind, "12-bits-white", tiff(TWELVE, photometric="miniswhite"), 255 - shown(TWELVE), stored=TWELVE, **told)
    add(kind, "12-bits-window", tiff(TWELVE, photometric="minisblack"), windowed(TWELVE, 2000.5, 2001), stored=TWELVE, options={"window": {"center": 2000.5, "width": 2001}}, **told | {"tells": "window"})
    add(kind, "12-bits-white-window", tiff(TWELVE, photometric="miniswhite"), 255 - windowed(TWELVE, 2000.5, 2001), stored=TWELVE, options={"window": {"center": 2000.5, "width": 2001}}, **told | {"tells": "window"})
    add(kind, "12-bits-turned", tiff(TWELVE, photometric="minisblack", extratags=[(274, 3, 1, 8, True)]), shown(turn(TWELVE, 8)), stored=TWELVE, **told)
    add(kind, "12-bits-packed", packed_tiff(TWELVE, 12), shown(TWELVE), stored=TWELVE, **told)
    colours = RGB.astype(np.uint16) * 16
    add(kind, "12-bits-rgb", tiff(colours, photometric="rgb"), shown(colours, 0, 4095), stored=colours, **told)
    planes = np.moveaxis(colours, -1, 0)
    add(kind, "12-bits-rgb-planes", tiff(planes, photometric="rgb", planarconfig="separate"), shown(colours, 0, 4095), stored=planes, **told)

    kind = "signed, 32-bit, floating point (TIFF)"
    add(kind, "i1", tiff((signed // 16).astype(np.int8), photometric="minisblack"), shown(signed // 16), stored=(signed // 16).astype(np.int8), **told)
    for name, values, more in (
        ("i2", signed, {}),
        ("i2-big-endian-tiles", signed, {"byteorder": ">", "tile": (16, 16)}),
        ("i2-predictor", signed, {"compression": "zlib", "predictor": True}),
        ("i4", signed.astype(np.int32) * 70000, {}),
        ("i4-big-endian", signed.astype(np.int32) * 70000, {"byteorder": ">"}),
        ("u4", TWELVE.astype(np.uint32) * 1000000, {}),
        ("u4-lzw", TWELVE.astype(np.uint32) * 1000000, {"compression": "lzw"}),
        ("f2", floats.astype(np.float16), {}),
        ("f4", floats, {}),
        ("f4-big-endian", floats, {"byteorder": ">"}),
        ("f4-predictor", floats, {"compression": "zlib", "predictor": True, "tile": (16, 16)}),
        ("f4-big-tiff", floats, {"bigtiff": True}),
    ):
        add(kind, name, tiff(values, photometric="minisblack", **more), shown(values), stored=values, **told)
        add(kind, f"{name}-white", tiff(values, photometric="miniswhite", **more), 255 - shown(values), stored=values, **told)
    finite = np.where(np.isfinite(holed), holed, np.where(np.isnan(holed), floats.min(), floats.max()))
    add(kind, "f4-not-a-number", tiff(holed, photometric="minisblack"), shown(finite, finite.min(), np.nanmax(np.where(np.isinf(holed), np.nan, holed))), stored=holed, **told)
    add(kind, "i2-window", tiff(signed, photometric="minisblack"), windowed(signed, 0.5, 1001), stored=signed, options={"window": window}, **told | {"tells": "window"})
    add(kind, "i4-window", tiff(signed.astype(np.int32), photometric="minisblack"), windowed(signed, 0.5, 1001), stored=signed.astype(np.int32), options={"window": window}, **told | {"tells": "window"})
    add(kind, "f4-window", tiff(floats * 100, photometric="minisblack"), windowed(floats * 100, 0.25, 101.5), stored=floats * 100, options={"window": {**small, "width": 101.5}}, **told | {"tells": "window"})
    add(kind, "f8", tiff(floats.astype(np.float64), photometric="minisblack"), shown(floats), stored=floats.astype(np.float64), **told)
    add(kind, "i8", tiff(signed.astype(np.int64), photometric="minisblack"), shown(signed), stored=signed.astype(np.int64), **told)
    add(kind, "complex", tiff((floats + 1j).astype(np.complex64), photometric="minisblack"), None, stored=(floats + 1j).astype(np.complex64))
    add(kind, "f4-rgb", tiff((RGB / 255).astype(np.float32), photometric="rgb"), RGB, stored=(RGB / 255).astype(np.float32), mustTell=True, tells="floating")
    add(kind, "i2-rgb", tiff(RGB.astype(np.int16) - 100, photometric="rgb"), None, stored=RGB.astype(np.int16) - 100)

    kind = "fourth samples (TIFF)"
    clear, some = np.zeros_like(ALPHA), ALPHA
    for deep in (False, True):
        scale = (lambda a: a.astype(np.uint16) * 257) if deep else (lambda a: a)
        name = "-16-bits" if deep else ""
        note = {"mustTell": True, "tells": "65535"} if deep else {}
        for planar in (False, True):
            where = f"{name}{'-planes' if planar else ''}"
            shape = (lambda a: np.moveaxis(a, -1, 0)) if planar else (lambda a: a)
            more = {"photometric": "rgb", "planarconfig": "separate" if planar else "contig"}
            four = shape(scale(np.concatenate([RGB, clear], -1)))
            add(kind, f"unspecified{where}", tiff(four, extrasamples=["unspecified"], **more), RGB, stored=four, **note)
            four = shape(scale(np.concatenate([RGB, some], -1)))
            add(kind, f"unassociated{where}", tiff(four, extrasamples=["unassalpha"], **more), ON_BLACK, tolerance=1, stored=four, **note)
            # Multiplied already: as it is, on black.
            four = shape(scale(np.concatenate([ON_BLACK, some], -1)))
            add(kind, f"associated{where}", tiff(four, extrasamples=["assocalpha"], **more), ON_BLACK, tolerance=1, stored=four, **note)
    five = np.concatenate([RGB, clear, some], -1)
    add(kind, "two-unspecified", tiff(five, photometric="rgb", extrasamples=["unspecified", "unspecified"], planarconfig="contig"), RGB, stored=five)
    five = np.concatenate([RGB, some, clear], -1)
    add(kind, "alpha-and-unspecified", tiff(five, photometric="rgb", extrasamples=["unassalpha", "unspecified"], planarconfig="contig"), ON_BLACK, tolerance=1, stored=five)
    five = np.concatenate([RGB, clear, some], -1)
    add(kind, "unspecified-and-alpha", tiff(five, photometric="rgb", extrasamples=["unspecified", "unassalpha"], planarconfig="contig"), ON_BLACK, tolerance=1, stored=five)
    two = np.stack([GRAY, clear[..., 0]], -1)
    add(kind, "gray-unspecified", tiff(two, photometric="minisblack", extrasamples=["unspecified"], planarconfig="contig"), GRAY, stored=two)
    add(kind, "white-unspecified", tiff(two, photometric="miniswhite", extrasamples=["unspecified"], planarconfig="contig"), 255 - GRAY, stored=two)
    two = np.stack([GRAY, ALPHA[..., 0]], -1)
    add(kind, "gray-alpha", tiff(two, photometric="minisblack", extrasamples=["unassalpha"], planarconfig="contig"), np.floor(GRAY * (ALPHA[..., 0] / 255) + 0.5), tolerance=1, stored=two)
    three = np.stack([GRAY, clear[..., 0], clear[..., 0]], -1)
    add(kind, "gray-two-unspecified", tiff(three, photometric="minisblack", extrasamples=["unspecified", "unspecified"], planarconfig="contig"), GRAY, stored=three)
    four = np.stack([TWELVE, TWELVE * 0], -1)
    add(kind, "12-bits-unspecified", tiff(four, photometric="minisblack", extrasamples=["unspecified"], planarconfig="contig"), shown(TWELVE), stored=four, **told)
    no_tag = without_tag(tiff(np.concatenate([RGB, clear], -1), photometric="rgb", extrasamples=["unspecified"], planarconfig="contig"), 338)
    add(kind, "unsaid", no_tag, RGB, stored=np.concatenate([RGB, clear], -1))

    kind = "TIFF layouts and colours"
    for name, more in (
        ("rgb", {}),
        ("rgb-big-endian", {"byteorder": ">"}),
        ("rgb-big-tiff", {"bigtiff": True}),
        ("rgb-tiles", {"tile": (16, 32)}),
        ("rgb-lzw-predictor", {"compression": "lzw", "predictor": True}),
        ("rgb-zlib-tiles-predictor", {"compression": "zlib", "predictor": True, "tile": (16, 16)}),
        ("rgb-packbits", {"compression": "packbits"}),
        ("rgb-webp", {"compression": "webp", "compressionargs": {"lossless": True}, "tile": (16, 16)}),
        ("rgb-jpeg-2000", {"compression": "jpeg2000", "tile": (16, 16)}),
        ("rgb-jpeg-xl", {"compression": "jpegxl", "compressionargs": {"lossless": True}, "tile": (16, 16)}),
    ):
        add(kind, name, tiff(RGB, photometric="rgb", **more), RGB, stored=RGB)
    add(kind, "rgb-planes", tiff(np.moveaxis(RGB, -1, 0), photometric="rgb", planarconfig="separate"), RGB, stored=np.moveaxis(RGB, -1, 0))
    add(kind, "rgb-planes-tiles-lzw", tiff(np.moveaxis(RGB, -1, 0), photometric="rgb", planarconfig="separate", tile=(16, 16), compression="lzw"), RGB, stored=np.moveaxis(RGB, -1, 0))
    for name, more in (("jpeg-rgb", {"photometric": "rgb"}), ("jpeg-ycbcr", {"photometric": "ycbcr"}), ("jpeg-ycbcr-420", {"photometric": "ycbcr", "subsampling": (2, 2)}), ("jpeg-ycbcr-422", {"photometric": "ycbcr", "subsampling": (2, 1)})):
        add(kind, name, tiff(np.asarray(Image.fromarray(SMOOTH).convert("YCbCr")) if more["photometric"] == "ycbcr" else SMOOTH, compression="jpeg", compressionargs={"level": 97}, tile=(32, 48), **more), SMOOTH, tolerance=LOSSY)
    for bits in (1, 2, 4):
        levels = GRAY >> (8 - bits)
        add(kind, f"gray-{bits}-bit", packed_tiff(levels, bits), levels * (255 // (2**bits - 1)), stored=levels)
        add(kind, f"white-{bits}-bit", packed_tiff(levels, bits, photometric=0), 255 - levels * (255 // (2**bits - 1)), stored=levels)
    add(kind, "gray", tiff(GRAY, photometric="minisblack"), GRAY, stored=GRAY)
    add(kind, "white", tiff(GRAY, photometric="miniswhite"), 255 - GRAY, stored=GRAY)
    add(kind, "white-tiles", tiff(GRAY, photometric="miniswhite", tile=(16, 16), compression="zlib"), 255 - GRAY, stored=GRAY)
    for name, compression in (("fax-4", "group4"), ("fax-3", "group3"), ("bits-lzw", "tiff_lzw"), ("bits-packbits", "packbits")):
        add(kind, name, saved(Image.fromarray(GRAY > 120), "TIFF", compression=compression), (GRAY > 120) * 255)
    colour_map = np.zeros((3, 256), np.uint16)
    colour_map[:, :16] = PALETTE.T.astype(np.uint16) * 257
    add(kind, "palette", tiff(INDEX, photometric="palette", colormap=colour_map), PALETTE[INDEX], stored=INDEX)
    add(kind, "palette-4-bit", packed_tiff(INDEX, 4, photometric=3, colour_map=colour_map[:, :16]), PALETTE[INDEX], stored=INDEX)
    old = np.zeros((3, 256), np.uint16)
    old[:, :16] = PALETTE.T
    add(kind, "palette-of-8-bits", tiff(INDEX, photometric="palette", colormap=old), PALETTE[INDEX], stored=INDEX)
    pages = io.BytesIO()
    with tifffile.TiffWriter(pages) as writer:
        writer.write(RGB, photometric="rgb", metadata=None)
        writer.write(255 - RGB, photometric="rgb", metadata=None)
    add(kind, "two-pages", pages.getvalue(), RGB, mustTell=True, tells="the first of 2 pages", stored=RGB)
    pages = io.BytesIO()
    with tifffile.TiffWriter(pages) as writer:
        writer.write(RGB[:8, :12], photometric="rgb", subfiletype=1, metadata=None)
        writer.write(RGB, photometric="rgb", metadata=None)
    add(kind, "thumbnail-first", pages.getvalue(), RGB[:8, :12], mustTell=True, tells="the first of 2 pages", stored=RGB[:8, :12])
    add(kind, "thumbnail-below", tiff_with_sub(RGB), RGB, stored=RGB)
    ycc = np.asarray(Image.fromarray(SMOOTH).convert("YCbCr"))
    add(kind, "ycbcr", uncompressed_ycbcr(ycc), SMOOTH, tolerance=LOSSY)
    add(kind, "cut", tiff(RGB, photometric="rgb")[:2500], None, damaged=True)
    add(kind, "no-strips", without_tag(tiff(RGB, photometric="rgb"), 273), None, damaged=True)
    for width, height in ((1, 1), (1, 70), (70, 1)):
        one = picture(width, height, 3, 6)
        add(kind, f"rgb-{width}x{height}", tiff(one, photometric="rgb"), one, stored=one)
    add(kind, "bits-reversed", packed_tiff((GRAY > 120).astype(np.uint8), 1, fill_order=2), (GRAY > 120) * 255)
    lab = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    into = ImageCms.buildTransform(lab[1], lab[0], "RGB", "LAB")
    back = ImageCms.buildTransform(lab[0], lab[1], "LAB", "RGB")
    as_lab = ImageCms.applyTransform(Image.fromarray(SMOOTH), into)
    right = np.asarray(ImageCms.applyTransform(as_lab, back))
    own = np.asarray(as_lab)  # a and b are bytes with a sign, as TIFF has them in CIELab
    add(kind, "cielab", tiff(own, photometric="cielab"), right, tolerance=CONVERTED)
    add(kind, "icclab", tiff(np.stack([own[..., 0], own[..., 1] ^ 128, own[..., 2] ^ 128], -1), photometric="icclab"), right, tolerance=CONVERTED)


def entry(order, tag, kind, values):
    letter = {1: "B", 3: "H", 4: "I"}[kind]
    return tag, kind, len(values), struct.pack(f"{order}{len(values)}{letter}", *values)


def plain_tiff(pixels, entries, order="<"):
    """One strip; entries of (tag, type, values)."""
    start = 8
    data = pixels + b"\0" * (len(pixels) % 2)
    packed = [entry(order, *one) for one in entries + [(273, 4, [start]), (279, 4, [len(pixels)])]]
    directory, more = b"", b""
    at = start + len(data) + 2 + 12 * len(packed) + 4
    for tag, kind, count, value in sorted(packed):
        if len(value) > 4:
            directory += struct.pack(order + "HHII", tag, kind, count, at + len(more))
            more += value + b"\0" * (len(value) % 2)
        else:
            directory += struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start + len(data))
    return head + data + struct.pack(order + "H", len(packed)) + directory + b"\0\0\0\0" + more


def packed_tiff(levels, bits, photometric=1, colour_map=None, fill_order=1):
    height, width = levels.shape
    spread = (levels[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    pixels = np.packbits(spread.reshape(height, -1).astype(np.uint8), axis=-1)
    if fill_order == 2:
        pixels = np.packbits(np.unpackbits(pixels[..., None], axis=-1)[..., ::-1], axis=-1)[..., 0]
    entries = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits]), (259, 3, [1]), (262, 3, [photometric]), (277, 3, [1]), (278, 4, [height]), (266, 3, [fill_order])]
    if colour_map is not None:
        entries.append((320, 3, colour_map.ravel().tolist()))
    return plain_tiff(pixels.tobytes(), entries)


def uncompressed_ycbcr(samples):
    height, width = samples.shape[:2]
    entries = [(256, 4, [width]), (257, 4, [height]), (258, 3, [8, 8, 8]), (259, 3, [1]), (262, 3, [6]), (277, 3, [3]), (278, 4, [height]), (530, 3, [1, 1])]
    return plain_tiff(samples.tobytes(), entries)


def tiff_with_sub(pixels):
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(pixels, photometric="rgb", subifds=1, metadata=None)
        writer.write(pixels[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    return stream.getvalue()


def without_tag(data, tag):
    """Its number becomes one that nobody reads."""
    changed = bytearray(data)
    directory = struct.unpack("<I", data[4:8])[0]
    for at in range(directory + 2, directory + 2 + 12 * struct.unpack("<H", data[directory : directory + 2])[0], 12):
        if struct.unpack("<H", data[at : at + 2])[0] == tag:
            changed[at : at + 2] = struct.pack("<H", tag + 1000 if tag < 1000 else tag)
    return bytes(changed)


# Colour


def lut_profile(space, to_lab, points):
    """A profile of a scanner or printer (ICC.1, version 2): one table of 16 bits from its colours to Lab."""
    channels = {b"RGB ": 3, b"CMYK": 4}[space]
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, points)] * channels, indexing="ij"), -1).reshape(-1, channels)
    lightness, a, b = to_lab(grid)
    table = np.stack([lightness / 100 * 65280, (a + 128) * 256, (b + 128) * 256], -1).clip(0, 65535).astype(">u2").tobytes()
    identity = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    ramp = struct.pack(">2H", 0, 65535)
    lut = b"mft2\0\0\0\0" + bytes((channels, 3, points, 0)) + identity + struct.pack(">2H", 2, 2) + ramp * channels + table + ramp * 3
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"scan\0" + b"\0" * 78 + b"\0"
    entries = {b"desc": name, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061), b"A2B0": lut}
    return profile(entries, b"scnr" if space == b"RGB " else b"prtr", space, b"Lab ")


def profile(entries, kind, space, connection):
    table, data, start = b"", b"", 128 + 4 + 12 * len(entries)
    for code, value in entries.items():
        table += code + struct.pack(">II", start + len(data), len(value))
        data += value.ljust(-(-len(value) // 4) * 4, b"\0")
    body = struct.pack(">I", len(entries)) + table + data
    header = struct.pack(">I4sI4s4s4s", 128 + len(body), b"none", 0x02400000, kind, space, connection) + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + body


def gray_profile(curve):
    """curve: a gamma, or the entries of a table."""
    trc = b"curv\0\0\0\0" + (struct.pack(">IH", 1, round(curve * 256)) + b"\0\0" if isinstance(curve, float) else struct.pack(f">I{len(curve)}H", len(curve), *curve))
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"gray\0" + b"\0" * 78 + b"\0"
    entries = {b"desc": name, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061), b"kTRC": trc}
    return profile(entries, b"mntr", b"GRAY", b"XYZ ")


def to_srgb(pixels, icc, mode=None):
    image = Image.fromarray(pixels) if mode is None else Image.fromarray(pixels, mode)
    return np.asarray(ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"), outputMode="RGB"))


def dye(colours):
    """A scanner that sees darker and redder than sRGB."""
    red, green, blue = colours.T
    return 100 * (0.25 * red + 0.6 * green + 0.15 * blue) ** 1.2, 60 * (red - green), 50 * (green - blue)


def ink(colours):
    """Cyan, magenta, yellow and black on paper: plain, but with the ink's own colours."""
    cyan, magenta, yellow, black = colours.T
    light = (1 - 0.4 * cyan) * (1 - 0.5 * magenta) * (1 - 0.1 * yellow) * (1 - 0.9 * black)
    return 95 * light, (60 * magenta - 35 * cyan) * (1 - black), (75 * yellow - 45 * cyan) * (1 - black)


def profiles(to):
    told = {"mustTell": True, "tells": "converted to sRGB"}
    kind = "colour profiles"

    def add(name, data, right, **more):
        to.add(kind, name, data, right, **more)

    p3, adobe, pro, scanner = matrix_profile(DISPLAY_P3, 2.2), matrix_profile(ADOBE_RGB, 2.2), matrix_profile(PRO_PHOTO, 1.8), lut_profile(b"RGB ", dye, 9)
    for name, icc in (("display-p3", p3), ("adobe-rgb", adobe), ("pro-photo", pro), ("scanner", scanner), ("linear", matrix_profile(S_RGB, 1.0)), ("gamma-1.8", matrix_profile(S_RGB, 1.8))):
        right = to_srgb(RGB, icc)
        add(f"{name}.png", saved(RGB, "PNG", icc_profile=icc), right, tolerance=CONVERTED, **told)
        add(f"{name}.tif", tiff(RGB, photometric="rgb", iccprofile=icc), right, tolerance=CONVERTED, **told)
        add(f"{name}.webp", saved(RGB, "WEBP", lossless=True, icc_profile=icc), right, tolerance=CONVERTED, **told)
        smooth = saved(SMOOTH, "JPEG", quality=97, subsampling=0, icc_profile=icc)
        add(f"{name}.jpg", smooth, to_srgb(np.asarray(Image.open(io.BytesIO(smooth))), icc), tolerance=CONVERTED, **told)
    # Muted, and 2 more: decoders differ by a level or two before, which a profile enlarges in the dark.
    muted = SMOOTH // 2 + 70
    smooth = saved(muted, "AVIF", quality=100, subsampling="4:4:4", icc_profile=p3)
    add("display-p3.avif", smooth, to_srgb(np.asarray(Image.open(io.BytesIO(smooth)).convert("RGB")), p3), tolerance=CONVERTED + 2, **told)
    stream = io.BytesIO()
    photograph = Image.fromarray(muted)
    photograph.info["icc_profile"] = p3
    pillow_heif.from_pillow(photograph).save(stream, quality=100, chroma=444)
    add("display-p3.heic", stream.getvalue(), to_srgb(np.asarray(Image.open(io.BytesIO(stream.getvalue())).convert("RGB")), p3), tolerance=CONVERTED + 2, **told)
    add("display-p3.jp2", jp2_with_profile(RGB, p3), to_srgb(RGB, p3), tolerance=CONVERTED, **told)
    add("display-p3-turned.png", png(RGB, chunks=[(b"iCCP", b"x\0\0" + zlib.compress(p3)), (b"eXIf", exif(6))]), turn(to_srgb(RGB, p3), 6), tolerance=CONVERTED, **told)
    deep = RGB.astype(np.uint16) * 257
    add("display-p3-16-bits.png", png(deep, 16, chunks=[(b"iCCP", b"x\0\0" + zlib.compress(p3))]), to_srgb(RGB, p3), tolerance=CONVERTED, **told)
    add("display-p3-16-bits.tif", tiff(deep, photometric="rgb", iccprofile=p3), to_srgb(RGB, p3), tolerance=CONVERTED, **told)
    add("display-p3-12-bits.tif", tiff(RGB.astype(np.uint16) * 16, photometric="rgb", iccprofile=p3), to_srgb(shown(RGB.astype(np.uint16) * 16, 0, 4095), p3), tolerance=CONVERTED, **told)
    rgba = np.concatenate([RGB, np.where(ALPHA > 90, 255, 0).astype(np.uint8)], -1)
    add("display-p3-alpha.png", saved(rgba, "PNG", icc_profile=p3), np.where(rgba[..., 3:] > 0, to_srgb(RGB, p3), 0), tolerance=CONVERTED, **told)
    palette = Image.fromarray(INDEX, "P")
    palette.putpalette(PALETTE.tobytes())
    add("display-p3-palette.png", saved(palette, "PNG", icc_profile=p3), to_srgb(PALETTE[INDEX], p3), tolerance=CONVERTED, **told)
    # Nearly sRGB: as Pillow shows them, which knows no profile.
    for name, icc in (("srgb-2.2", matrix_profile(S_RGB, 2.2)), ("srgb-littlecms", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()), ("srgb-rounded", matrix_profile([[value + 0.002 for value in row] for row in S_RGB], 2.2))):
        add(f"{name}.png", saved(RGB, "PNG", icc_profile=icc), RGB)
        add(f"{name}.jpg", saved(SMOOTH, "JPEG", quality=97, subsampling=0, icc_profile=icc), SMOOTH, tolerance=LOSSY)
    kind = "gray profiles"
    dots = [round(65535 * (i / 255) ** 1.75) for i in range(256)]
    for name, curve in (("linear", 1.0), ("gamma-1.8", 1.8), ("dots", dots)):
        icc = gray_profile(curve)
        right = to_srgb(GRAY, icc)
        add(f"gray-{name}.png", saved(GRAY, "PNG", icc_profile=icc), right, tolerance=CONVERTED, **told)
        add(f"gray-{name}.tif", tiff(GRAY, photometric="minisblack", iccprofile=icc), right, tolerance=CONVERTED, **told)
        smooth = saved(SMOOTH_GRAY, "JPEG", quality=97, icc_profile=icc)
        add(f"gray-{name}.jpg", smooth, to_srgb(np.asarray(Image.open(io.BytesIO(smooth))), icc), tolerance=CONVERTED, **told)
    # Adobe's own gray profiles name an intent that ICC.1 does not know, for which libpng drops them.
    odd = gray_profile(1.8)
    odd = odd[:64] + b"\1\0\0\0" + odd[68:]
    add("gray-odd-intent.png", png(GRAY, chunks=[(b"iCCP", b"x\0\0" + zlib.compress(odd))]), to_srgb(GRAY, odd), tolerance=CONVERTED, **told)
    odd = p3[:64] + b"\1\0\0\0" + p3[68:]
    add("odd-intent.png", png(RGB, chunks=[(b"iCCP", b"x\0\0" + zlib.compress(odd))]), to_srgb(RGB, odd), tolerance=CONVERTED, **told)
    for name, icc in (("gamma-2.2", gray_profile(2.2)), ("of-colours", matrix_profile(DISPLAY_P3, 2.2))):
        add(f"gray-{name}.png", saved(GRAY, "PNG", icc_profile=icc), GRAY)
    add("gray-12-bits-gamma-1.8.png", png(TWELVE, 16, chunks=[(b"iCCP", b"x\0\0" + zlib.compress(gray_profile(1.8)))]), shown(TWELVE), mustTell=True, tells="16 bits a sample")
    kind = "broken profiles"
    for name, icc in (("empty", b"\0" * 8), ("text", b"SECRET no profile at all" * 20), ("cut", p3[:300]), ("header-alone", p3[:128]), ("no-curves", p3.replace(b"rTRC", b"xTRC")), ("far-offset", p3.replace(b"rXYZ", b"rXYZ\x7f", 1)[: len(p3)]), ("of-printers", lut_profile(b"CMYK", ink, 3))):
        add(f"profile-{name}.png", png(RGB, chunks=[(b"iCCP", b"x\0\0" + zlib.compress(icc))]), RGB, tells="profile")
        add(f"profile-{name}.jpg", saved(SMOOTH, "JPEG", quality=97, subsampling=0, icc_profile=icc), SMOOTH, tolerance=LOSSY, tells="profile")
        add(f"profile-{name}.tif", tiff(RGB, photometric="rgb", iccprofile=icc), RGB, tells="profile")
    add("profile-not-deflated.png", png(RGB, chunks=[(b"iCCP", b"x\0\0" + b"SECRET")]), RGB)
    inks(to)


def inks(to):
    """CMYK: 255 is full ink here, and paper is 0."""
    kind = "CMYK"
    cmyk = np.stack([255 - SMOOTH[..., 0], 255 - SMOOTH[..., 1], 255 - SMOOTH[..., 2], (x // 2).astype(np.uint8)], -1)
    c, m, ye, k = (cmyk[..., i].astype(float) for i in range(4))
    plain = np.stack([np.floor((255 - i) * (255 - k) / 255 + 0.5) for i in (c, m, ye)], -1).astype(np.uint8)
    printer = lut_profile(b"CMYK", ink, 5)
    image = Image.fromarray(cmyk, "CMYK")

    def add(name, data, right, tolerance, **more):
        to.add(kind, name, data, right, tolerance=tolerance, mustTell=True, tells="profile", **more)

    adobe = saved(image, "JPEG", quality=100, subsampling=0)  # Pillow turns it over, and writes Adobe's marker
    add("adobe.jpg", adobe, plain, LOSSY)
    add("adobe-profile.jpg", saved(image, "JPEG", quality=100, subsampling=0, icc_profile=printer), to_srgb(cmyk, printer, "CMYK"), LOSSY)
    ycck = imagecodecs.jpeg8_encode(255 - cmyk, level=100, colorspace="CMYK", outcolorspace="YCCK", subsampling="444")
    add("adobe-ycck.jpg", ycck, plain, LOSSY)
    bare = without_segment(imagecodecs.jpeg8_encode(cmyk, level=100, colorspace="CMYK", outcolorspace="CMYK", subsampling="444"), 0xEE)
    # Pillow and libvips turn over every CMYK JPEG.
    turned_over = np.stack([np.floor(i * k / 255 + 0.5) for i in (c, m, ye)], -1).astype(np.uint8)
    add("cmyk-no-marker.jpg", bare, turned_over, LOSSY)
    add("plain.tif", tiff(cmyk, photometric="separated"), plain, 1, stored=cmyk)
    add("cmyk-planes.tif", tiff(np.moveaxis(cmyk, -1, 0), photometric="separated", planarconfig="separate"), plain, 1, stored=np.moveaxis(cmyk, -1, 0))
    add("cmyk-lzw.tif", tiff(cmyk, photometric="separated", compression="lzw", predictor=True), plain, 1, stored=cmyk)
    add("cmyk-profile.tif", tiff(cmyk, photometric="separated", iccprofile=printer), to_srgb(cmyk, printer, "CMYK"), CONVERTED)
    deep = cmyk.astype(np.uint16) * 256 + 255 - cmyk  # the lower byte says another thing than the upper
    add("cmyk-16-bits.tif", tiff(deep, photometric="separated"), plain, 1, stored=deep)
    five = np.concatenate([cmyk, np.full_like(cmyk[..., :1], 255)], -1)
    add("cmyk-alpha.tif", tiff(five, photometric="separated", extrasamples=["unassalpha"], planarconfig="contig"), plain, 1, stored=five)
    five = np.concatenate([cmyk, np.zeros_like(cmyk[..., :1])], -1)
    add("cmyk-unspecified.tif", tiff(five, photometric="separated", extrasamples=["unspecified"], planarconfig="contig"), plain, 1, stored=five)
    add("cmyk-turned.tif", tiff(cmyk, photometric="separated", extratags=[(274, 3, 1, 6, True)]), turn(plain, 6), 1, stored=cmyk)
    for name, one in (("paper", (0, 0, 0, 0)), ("black", (0, 0, 0, 255)), ("cyan", (255, 0, 0, 0)), ("all", (255, 255, 255, 255))):
        flat = np.full_like(cmyk, one)
        right = np.full((HEIGHT, WIDTH, 3), [(255 - i) * (255 - one[3]) / 255 for i in one[:3]], np.uint8)
        add(f"{name}.tif", tiff(flat, photometric="separated"), right, 1, stored=flat)
        add(f"{name}-adobe.jpg", saved(Image.fromarray(flat, "CMYK"), "JPEG", quality=100, subsampling=0), right, 3)


def without_segment(data, marker):
    at = 2
    while data[at + 1] != 0xDA:
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        if data[at + 1] == marker:
            return data[:at] + data[at + 2 + length :]
        at += 2 + length
    return data


# JPEG

# By cjpeg -arithmetic -quality 95 -sample 1x1 (libjpeg-turbo 2.1.5), of SMOOTH.
ARITHMETIC = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoK"
    "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgr/yQARCAAgADADAREAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwDSXAXr/qLxnRZ9x6T3QwizWhItzpcCYgFz"
    "FMEnXIrrfzrsahwHjd9u741bP5qcivwu3iaYQ1uYtVZVzNzLKJGLDt+zXt0j+gnCznJi59+3IibBMKcdDn/mdnRet9EqbhbjJOJz2wgQh5pawexmle9Oplx42LV/nrA1frMUrRocvHYQTzBIGocQUsOv"
    "jiwKjg7swuYyNvZuV8JzpsTQrmhmaVi5VnOE6LNbCOwqlcaKfwTE0ZiC9zWGr8znlZkc8T2oWg6Q/9k="
)


def jpegs(to):
    def add(name, data, right=SMOOTH, tolerance=LOSSY, **more):
        to.add("JPEG", f"{name}.jpg", data, right, tolerance=tolerance, **more)

    def jpeg(pixels=SMOOTH, **options):
        return saved(pixels, "JPEG", **{"quality": 97, "subsampling": 0, **options})

    plain = jpeg()
    add("plain", plain)
    add("progressive", jpeg(progressive=True))
    add("optimised", jpeg(optimize=True))
    add("arithmetic", base64.b64decode(ARITHMETIC))
    for name in ("4:2:2", "4:2:0", "4:1:1"):
        add(f"subsampled-{name.replace(':', '')}", jpeg(subsampling=name))
        add(f"progressive-{name.replace(':', '')}", jpeg(subsampling=name, progressive=True))
    add("subsampled-440", imagecodecs.jpeg8_encode(SMOOTH, level=97, subsampling="440"))
    add("restart", jpeg(restart_marker_blocks=2))
    add("restart-rows", jpeg(restart_marker_rows=1))
    add("gray", jpeg(SMOOTH_GRAY), SMOOTH_GRAY)
    add("gray-progressive", jpeg(SMOOTH_GRAY, progressive=True), SMOOTH_GRAY)
    add("rgb-adobe", jpeg(keep_rgb=True))
    coded = imagecodecs.jpeg8_encode(SMOOTH, level=97, colorspace="RGB", outcolorspace="RGB", subsampling="444")
    add("rgb-ids", without_segment(coded, 0xEE))
    add("ycbcr-adobe", without_segment(with_segment(plain, 0xEE, b"Adobe\0\x64\0\0\0\0\1"), 0xE0))
    add("no-marker", without_segment(plain, 0xE0))
    add("lossless", imagecodecs.jpeg8_encode(RGB, lossless=True, colorspace="RGB", outcolorspace="RGB", predictor=1), RGB, 0)
    add("lossless-gray", imagecodecs.jpeg8_encode(GRAY, lossless=True, predictor=1), GRAY, 0)
    add("lossless-16-bits", imagecodecs.ljpeg_encode(TWELVE, bitspersample=16), shown(TWELVE), 0, mustTell=True, tells="bits")
    add("12-bits", imagecodecs.jpeg8_encode(SMOOTH.astype(np.uint16) * 16, level=97, bitspersample=12), SMOOTH, mustTell=True, tells="bits")
    add("12-bits-gray", imagecodecs.jpeg8_encode(SMOOTH_GRAY.astype(np.uint16) * 16, level=97, bitspersample=12), shown(SMOOTH_GRAY), mustTell=True, tells="bits")
    add("bytes-behind", plain + b"SECRET" * 200)
    add("other-picture-behind", plain + jpeg(255 - SMOOTH))
    add("no-end", plain[:-2], damaged=True)
    add("cut", plain[: len(plain) * 2 // 3], None, damaged=True)
    add("progressive-cut", jpeg(progressive=True)[:-300], None, damaged=True)
    add("fill-bytes", plain[:2] + b"\xff\xff\xff" + plain[2:])
    add("comment", with_segment(plain, 0xFE, b"SECRET"))
    add("thumbnail", jpeg(exif=exif_with_thumbnail(jpeg(255 - SMOOTH))))
    add("jfif-thumbnail", with_segment(plain, 0xE0, b"JFXX\0\x13\2\2" + b"\xff" * 12))
    add("density", jpeg(dpi=(100, 200)))
    add("mpo", saved(Image.fromarray(SMOOTH), "MPO", save_all=True, append_images=[Image.fromarray(255 - SMOOTH)], quality=97, subsampling=0))
    for width, height in ((1, 1), (1, 90), (90, 1), (17, 9)):
        one = SMOOTH[:1, :1].repeat(height, 0).repeat(width, 1)
        add(f"{width}x{height}", jpeg(one), one)
        add(f"{width}x{height}-420", jpeg(one, subsampling="4:2:0"), one)
    header = plain.index(b"\xff\xc0")
    add("no-height", plain[: header + 5] + b"\0\0" + plain[header + 7 :], None, damaged=True)
    add("no-width", plain[: header + 7] + b"\0\0" + plain[header + 9 :], None, damaged=True)
    add("header-alone", plain[: header + 19], None, damaged=True)
    add("named-png", plain)


def with_segment(data, marker, content):
    """In front of all others, behind that of JFIF."""
    at = 2 + (2 + struct.unpack(">H", data[4:6])[0] if data[3] == 0xE0 else 0)
    return data[:at] + b"\xff" + bytes((marker,)) + struct.pack(">H", 2 + len(content)) + content + data[at:]


def exif_with_thumbnail(thumbnail):
    first = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 1, 0, 26)
    second = struct.pack(">HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    return b"Exif\0\0MM\0*\0\0\0\x08" + first + second + thumbnail


# GIF, BMP, Netpbm


def gif(frames, size=(WIDTH, HEIGHT), *, palette=PALETTE, local=None, version=b"89a", interlaced=False, background=0):
    """frames: (index, left, top, disposal, transparent index or None)."""
    table = np.zeros((16, 3), np.uint8)
    table[: len(palette)] = palette
    data = b"GIF" + version + struct.pack("<HHBBB", *size, 0xF3 if local is None else 0x70, background, 0) + (table.tobytes() if local is None else b"")
    for index, left, top, disposal, clear in frames:
        height, width = index.shape
        if version == b"89a":
            data += b"\x21\xf9\x04" + struct.pack("<BHBB", disposal << 2 | (clear is not None), 10, clear or 0, 0)
        rows = [row for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for row in range(start, height, step)] if interlaced else range(height)
        data += b"," + struct.pack("<HHHHB", left, top, width, height, (0x40 if interlaced else 0) | (0x83 if local is not None else 0)) + (local.tobytes() if local is not None else b"")
        data += b"\x04" + lzw(b"".join(index[row].tobytes() for row in rows))
    return data + b";"


def lzw(data):
    """Codes of 5 bits alone: a clear code before the table can grow."""
    codes = []
    for at in range(0, len(data), 14):
        codes += [16, *data[at : at + 14]]
    bits = np.array([(code >> bit) & 1 for code in [*codes, 17] for bit in range(5)], np.uint8)
    packed = np.packbits(bits, bitorder="little").tobytes()
    return b"".join(bytes((len(packed[at : at + 255]),)) + packed[at : at + 255] for at in range(0, len(packed), 255)) + b"\0"


def gifs(to):
    def add(name, data, right, **more):
        to.add("GIF", f"{name}.gif", data, right, **more)

    def part(right, left, top, index):
        right = right.copy()
        right[top : top + index.shape[0], left : left + index.shape[1]] = PALETTE[index]
        return right

    whole = [(INDEX, 0, 0, 0, None)]
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    add("plain", gif(whole), PALETTE[INDEX])
    add("87a", gif(whole, version=b"87a"), PALETTE[INDEX])
    add("interlaced", gif(whole, interlaced=True), PALETTE[INDEX])
    add("local-palette", gif(whole, local=PALETTE[::-1].copy()), PALETTE[::-1][INDEX])
    add("clear", gif([(INDEX, 0, 0, 0, 5)]), np.where((INDEX == 5)[..., None], 0, PALETTE[INDEX]))
    small = INDEX[:10, :20]
    add("offset", gif([(small, 7, 5, 0, None)]), part(black, 7, 5, small), tells="")
    add("offset-clear", gif([(small, 7, 5, 0, 5)]), np.where(part(np.ones_like(black), 7, 5, small) == PALETTE[5], 0, part(black, 7, 5, small)))
    # The canvas grows, as in Pillow.
    add("beyond", gif([(INDEX, 7, 5, 0, None)]), part(np.zeros((HEIGHT + 5, WIDTH + 7, 3), np.uint8), 7, 5, INDEX))
    for disposal in (1, 2, 3):
        add(f"animated-{disposal}", gif([(INDEX, 0, 0, disposal, None), (15 - INDEX, 0, 0, disposal, None)]), PALETTE[INDEX], mustTell=True, tells="the first of 2 frames")
    add("animated-offset", gif([(small, 3, 2, 2, None), (INDEX, 0, 0, 0, None)]), part(black, 3, 2, small), mustTell=True, tells="the first of 2 frames")
    add("comment", gif(whole)[:-1] + b"\x21\xfe\x06SECRET\0;", PALETTE[INDEX])
    add("bytes-behind", gif(whole) + b"SECRET", PALETTE[INDEX])
    add("no-end", gif(whole)[:-1], PALETTE[INDEX])
    add("cut", gif(whole)[:600], None, damaged=True)
    add("1x1", gif([(INDEX[:1, :1], 0, 0, 0, None)], (1, 1)), PALETTE[INDEX[:1, :1]])
    add("no-pixels", gif(whole, (0, 0))[:20] + b";", None, damaged=True)
    add("no-frame", gif([]), None, damaged=True)


def bmps(to):
    def add(name, data, right, **more):
        to.add("BMP", f"{name}.bmp", data, right, **more)

    def lines(rows):
        flat = rows.reshape(len(rows), -1).view(np.uint8).reshape(len(rows), -1)
        return np.pad(flat, ((0, 0), (0, -flat.shape[1] % 4))).tobytes()

    def indexed(index, bits):
        spread = (index[..., None] >> np.arange(bits - 1, -1, -1)) & 1
        return lines(np.packbits(spread.reshape(len(index), -1).astype(np.uint8), axis=-1))

    odd, odd_index = RGB[:31, :45], INDEX[:31, :45]  # rows that need padding
    height, width = odd.shape[:2]
    up = odd[::-1]
    palette = b"".join(bytes((b, g, r, 0)) for r, g, b in PALETTE.tolist())
    add("24", bmp(width, height, 24, 0, lines(np.ascontiguousarray(up[..., ::-1]))), odd)
    add("24-top-down", bmp(width, -height, 24, 0, lines(np.ascontiguousarray(odd[..., ::-1]))), odd)
    two = np.array([(10, 200, 30), (250, 20, 90)], np.uint8)
    two_colours = b"".join(bytes((b, g, r, 0)) for r, g, b in two.tolist())
    add("1", bmp(width, height, 1, 0, indexed(odd_index[::-1] % 2, 1), two_colours), two[odd_index % 2])
    add("1-top-down", bmp(width, -height, 1, 0, indexed(odd_index % 2, 1), two_colours), two[odd_index % 2])
    add("4", bmp(width, height, 4, 0, indexed(odd_index[::-1], 4), palette), PALETTE[odd_index])
    add("8", bmp(width, height, 8, 0, indexed(odd_index[::-1], 8), palette.ljust(1024, b"\0")), PALETTE[odd_index])
    add("8-few-colours", bmp(width, height, 8, 0, indexed(odd_index[::-1], 8), palette), PALETTE[odd_index])
    alpha = ALPHA[:31, :45]
    bgra = np.concatenate([up[..., ::-1], alpha[::-1]], -1)
    add("32", bmp(width, height, 32, 0, lines(np.ascontiguousarray(bgra))), odd)
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    add("32-alpha", bmp(width, height, 32, 3, lines(np.ascontiguousarray(bgra)), masks=masks, header=124), np.floor(odd * (alpha / 255) + 0.5).astype(np.uint8), tolerance=1)
    add("32-masks", bmp(width, height, 32, 3, lines(np.ascontiguousarray(np.concatenate([alpha[::-1], up], -1))), masks=(0xFF00, 0xFF0000, 0xFF000000)), odd)
    ten = (up.astype(np.uint32) * 1023 + 127) // 255
    add("32-10-bits", bmp(width, height, 32, 3, lines((ten[..., 0] << 20 | ten[..., 1] << 10 | ten[..., 2]).astype("<u4")), masks=(0x3FF00000, 0xFFC00, 0x3FF)), odd, tolerance=1)

    def words(parts):
        total = np.zeros(up.shape[:2], np.uint16)
        for channel, (bits, shift) in enumerate(parts):
            total |= (up[..., channel].astype(np.uint16) >> (8 - bits)) << shift
        return lines(total.astype("<u2"))

    def reduced(parts):
        return np.stack([np.floor((odd[..., i] >> (8 - bits)) * 255.0 / (2**bits - 1) + 0.5) for i, (bits, _shift) in enumerate(parts)], -1).astype(np.uint8)

    parts = ((5, 10), (5, 5), (5, 0))
    add("16-555", bmp(width, height, 16, 0, words(parts)), reduced(parts), tolerance=1)
    add("16-555-masks", bmp(width, height, 16, 3, words(parts), masks=(0x7C00, 0x3E0, 0x1F)), reduced(parts), tolerance=1)
    parts = ((5, 11), (6, 5), (5, 0))
    add("16-565", bmp(width, height, 16, 3, words(parts), masks=(0xF800, 0x7E0, 0x1F)), reduced(parts), tolerance=1)
    parts = ((4, 8), (4, 4), (4, 0))
    add("16-444", bmp(width, height, 16, 3, words(parts), masks=(0xF00, 0xF0, 0xF)), reduced(parts), tolerance=1)
    runs8 = b"".join(b"".join(bytes((1, value)) for value in row) + b"\0\0" for row in odd_index[::-1].tolist()) + b"\0\1"
    add("rle8", bmp(width, height, 8, 1, runs8, palette), PALETTE[odd_index])
    escaped = b"".join(bytes((0, width)) + bytes(row) + b"\0" * (width % 2) + b"\0\0" for row in odd_index[::-1].tolist()) + b"\0\1"
    add("rle8-escapes", bmp(width, height, 8, 1, escaped, palette), PALETTE[odd_index])
    downwards = b"".join(b"".join(bytes((1, value)) for value in row) + b"\0\0" for row in odd_index.tolist()) + b"\0\1"
    add("rle8-top-down", bmp(width, -height, 8, 1, downwards, palette), PALETTE[odd_index])
    add("rle8-beyond", bmp(width, height, 8, 1, runs8[:-2] + bytes((9, 3)) + b"\0\1", palette), None, damaged=True)
    short = np.where(odd_index > 11, 0, PALETTE[odd_index].transpose(2, 0, 1)).transpose(1, 2, 0)
    add("palette-short", bmp(width, height, 8, 0, indexed(odd_index[::-1], 8), palette[:48]), short)
    overlapping = bytearray(bmp(width, height, 8, 0, indexed(odd_index[::-1], 8), palette))
    overlapping[10:14] = struct.pack("<I", 54)
    add("palette-overlaps", bytes(overlapping), None, damaged=True)
    add("rle8-no-end", bmp(width, height, 8, 1, runs8[:-2], palette), PALETTE[odd_index])
    pairs = np.pad(odd_index, ((0, 0), (0, 1)))
    runs4 = b"".join(b"".join(bytes((2, row[i] << 4 | row[i + 1])) for i in range(0, 46, 2)) + b"\0\0" for row in pairs[::-1].tolist()) + b"\0\1"
    add("rle4", bmp(width, height, 4, 2, runs4, palette), PALETTE[odd_index])
    escaped4 = b"".join(bytes((0, width)) + bytes(row[i] << 4 | row[i + 1] for i in range(0, 46, 2)) + b"\0" + b"\0\0" for row in pairs[::-1].tolist()) + b"\0\1"
    add("rle4-escapes", bmp(width, height, 4, 2, escaped4, palette), PALETTE[odd_index])
    moved = b"\0\2\5\3" + bytes((9, 7)) + b"\0\1"
    skipped = np.zeros((height, width), int)
    skipped[height - 1 - 3, 5:14] = 7
    add("rle8-moved", bmp(width, height, 8, 1, moved, palette), PALETTE[skipped])
    add("os2-1", os2(odd_index[::-1] % 2, 1, lines, indexed, two), two[odd_index % 2])
    add("os2-8", os2(odd_index[::-1], 8, lines, indexed, PALETTE), PALETTE[odd_index])
    add("os2-24", b"BM" + struct.pack("<IHHI", 0, 0, 0, 26) + struct.pack("<IHHHH", 12, width, height, 1, 24) + lines(np.ascontiguousarray(up[..., ::-1])), odd)
    add("os2-version-2", bmp(width, height, 24, 0, lines(np.ascontiguousarray(up[..., ::-1])), header=64), odd)
    add("version-4", bmp(width, height, 24, 0, lines(np.ascontiguousarray(up[..., ::-1])), header=108), odd)
    add("version-5", bmp(width, height, 24, 0, lines(np.ascontiguousarray(up[..., ::-1])), header=124), odd)
    gap = bytearray(bmp(width, height, 24, 0, b"\0" * 20 + lines(np.ascontiguousarray(up[..., ::-1]))))
    gap[10:14] = struct.pack("<I", 74)
    add("gap", bytes(gap), odd)
    add("png-inside", bmp(width, height, 0, 5, png(odd)), None)
    add("cut", bmp(width, height, 24, 0, lines(np.ascontiguousarray(up[..., ::-1]))[:1000]), None, damaged=True)
    add("no-width", bmp(0, height, 24, 0, b""), None, damaged=True)
    add("1x1", bmp(1, 1, 24, 0, b"\3\2\1\0"), np.array([[[1, 2, 3]]], np.uint8))
    add("64-bits", bmp(width, height, 64, 0, b"\0" * 8 * width * height), None)


def os2(index, bits, lines, indexed, palette):
    height, width = index.shape
    table = b"".join(bytes((b, g, r)) for r, g, b in palette.tolist()).ljust(3 * 2**bits, b"\0")
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 26 + len(table)) + struct.pack("<IHHHH", 12, width, height, 1, bits) + table + indexed(index, bits)


def netpbm(to):
    def add(name, data, right, **more):
        to.add("PBM, PGM, PPM, PAM, PFM", name, data, right, **more)

    def text(values):
        return b"\n".join(b" ".join(str(value).encode() for value in row) for row in values.reshape(len(values), -1).tolist())

    bits = (GRAY > 120).astype(int)
    size = f"{WIDTH} {HEIGHT}".encode()
    paper = np.where(bits == 1, 0, 255)
    add("p1.pbm", b"P1\n" + size + b"\n" + text(bits), paper)
    add("p1-joined.pbm", b"P1\n" + size + b"\n" + b"".join(str(bit).encode() for bit in bits.ravel()), paper)
    add("p4.pbm", b"P4 " + size + b"\n" + np.packbits(bits, axis=1).tobytes(), paper)
    narrow = bits[:, :13]
    add("p4-padded.pbm", b"P4 13 32\n" + np.packbits(narrow, axis=1).tobytes(), np.where(narrow == 1, 0, 255))
    for white in (1, 3, 100, 254, 255):
        levels = (GRAY.astype(int) * white // 255).astype(np.uint8)
        right = np.round(levels / white * 255).astype(np.uint8)
        add(f"p5-{white}.pgm", b"P5 " + size + f" {white}\n".encode() + levels.tobytes(), right, tolerance=1)
        add(f"p2-{white}.pgm", b"P2 " + size + f" {white}\n".encode() + text(levels), right, tolerance=1)
        colours = (RGB.astype(int) * white // 255).astype(np.uint8)
        add(f"p6-{white}.ppm", b"P6 " + size + f" {white}\n".encode() + colours.tobytes(), np.round(colours / white * 255).astype(np.uint8), tolerance=1)
    for white in (256, 1023, 4095, 65535):
        values = TWELVE.astype(int) * white // 4095
        told = {"mustTell": True, "tells": "16 bits a sample"}
        add(f"p5-{white}.pgm", b"P5 " + size + f" {white}\n".encode() + values.astype(">u2").tobytes(), shown(values), **told)
        add(f"p2-{white}.pgm", b"P2 " + size + f" {white}\n".encode() + text(values), shown(values), **told)
        colours = RGB.astype(int) * white // 255
        add(f"p6-{white}.ppm", b"P6 " + size + f" {white}\n".encode() + colours.astype(">u2").tobytes(), shown(colours, 0, white), tolerance=1, **told)
        add(f"p3-{white}.ppm", b"P3 " + size + f" {white}\n".encode() + text(colours), shown(colours, 0, white), tolerance=1, **told)
    add("p5-comments.pgm", b"P5 # one\n# two\n" + str(WIDTH).encode() + b"# three\n" + str(HEIGHT).encode() + b"\n#four\n255\n" + GRAY.tobytes(), GRAY)
    add("p2-comments.pgm", b"P2\n# SECRET 7 7 7\n" + size + b"\n255 # white\n" + text(GRAY) + b"\n# behind", GRAY)
    add("p5-returns.pgm", b"P5\r" + size + b"\r255\r" + GRAY.tobytes(), GRAY)
    looks_like_comment = GRAY.copy()
    looks_like_comment[0, 0] = 0x23
    add("p5-hash-pixel.pgm", b"P5 " + size + b" 255\n" + looks_like_comment.tobytes(), looks_like_comment)
    add("p5-bytes-behind.pgm", b"P5 " + size + b" 255\n" + GRAY.tobytes() + b"SECRET", GRAY)
    add("p5-two-pictures.pgm", 2 * (b"P5 " + size + b" 255\n" + GRAY.tobytes()), GRAY)
    add("p5-window.pgm", b"P5 " + size + b" 4095\n" + TWELVE.astype(">u2").tobytes(), windowed(TWELVE, 2000.5, 2001), mustTell=True, tells="window", options={"window": {"center": 2000.5, "width": 2001}})
    add("p5-cut.pgm", b"P5 " + size + b" 255\n" + GRAY.tobytes()[:-5], None, damaged=True)
    add("p2-cut.pgm", b"P2 " + size + b" 255\n" + text(GRAY)[:-200], None, damaged=True)
    add("p5-no-width.pgm", b"P5 0 32 255\n", None, damaged=True)
    add("p5-white-0.pgm", b"P5 " + size + b" 0\n" + GRAY.tobytes(), None, damaged=True)
    add("p5-1x1.pgm", b"P5 1 1 255\n\x7b", np.full((1, 1), 123))
    pam = b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL 255\nTUPLTYPE %s\nENDHDR\n"
    add("rgb.pam", pam % (WIDTH, HEIGHT, 3, b"RGB") + RGB.tobytes(), RGB)
    add("gray.pam", pam % (WIDTH, HEIGHT, 1, b"GRAYSCALE") + GRAY.tobytes(), GRAY)
    add("rgba.pam", pam % (WIDTH, HEIGHT, 4, b"RGB_ALPHA") + np.concatenate([RGB, ALPHA], -1).tobytes(), ON_BLACK, tolerance=1)
    floats = (GRAY / 255).astype("<f4")
    add("gray.pfm", b"Pf\n" + size + b"\n-1.0\n" + floats[::-1].tobytes(), shown(floats), mustTell=True, tells="floating")
    add("rgb.pfm", b"PF\n" + size + b"\n-1.0\n" + (RGB / 255).astype("<f4")[::-1].tobytes(), RGB, mustTell=True, tells="floating")


# WebP, AVIF, HEIC, JPEG 2000, JPEG XL


def newer(to):
    def webp(name, data, right, **more):
        to.add("WebP", f"{name}.webp", data, right, **more)

    rgba = np.concatenate([RGB, ALPHA], -1)
    webp("lossless", saved(RGB, "WEBP", lossless=True), RGB)
    webp("lossless-alpha", saved(rgba, "WEBP", lossless=True, exact=True), ON_BLACK, tolerance=1)
    webp("lossy", saved(SMOOTH, "WEBP", quality=100), SMOOTH, tolerance=LOSSY)
    solid = np.concatenate([SMOOTH, np.full_like(ALPHA, 255)], -1)
    solid[:16, :, 3] = 0
    webp("lossy-alpha", saved(solid, "WEBP", quality=100, exact=True), np.where(solid[..., 3:] > 0, SMOOTH, 0), tolerance=LOSSY)
    webp("all-clear", saved(np.concatenate([RGB, ALPHA * 0], -1), "WEBP", lossless=True, exact=True), RGB * 0)
    webp("animated", saved(Image.fromarray(RGB), "WEBP", lossless=True, save_all=True, append_images=[Image.fromarray(255 - RGB)]), RGB, mustTell=True, tells="the first of 2 frames")
    webp("1x1", saved(RGB[:1, :1], "WEBP", lossless=True), RGB[:1, :1])
    webp("1x90", saved(picture(1, 90, 3, 5), "WEBP", lossless=True), picture(1, 90, 3, 5))
    webp("cut", saved(RGB, "WEBP", lossless=True)[:900], None, damaged=True)
    webp("bytes-behind", saved(RGB, "WEBP", lossless=True) + b"SECRET", RGB)

    def avif(name, data, right, tolerance=LOSSY, **more):
        to.add("AVIF", f"{name}.avif", data, right, tolerance=tolerance, **more)

    avif("444", saved(SMOOTH, "AVIF", quality=100, subsampling="4:4:4"), SMOOTH)
    avif("420", saved(SMOOTH, "AVIF", quality=100, subsampling="4:2:0"), SMOOTH)
    avif("gray", saved(SMOOTH_GRAY, "AVIF", quality=100), SMOOTH_GRAY)
    avif("400", imagecodecs.avif_encode(SMOOTH_GRAY, level=100, pixelformat="400"), SMOOTH_GRAY)
    avif("alpha", saved(solid, "AVIF", quality=100, subsampling="4:4:4"), np.where(solid[..., 3:] > 0, SMOOTH, 0))
    for bits in (10, 12):
        deep = (SMOOTH.astype(int) * (2**bits - 1) // 255).astype(np.uint16)
        avif(f"{bits}-bits", imagecodecs.avif_encode(deep, level=100, bitspersample=bits, pixelformat="444"), SMOOTH)
        deep = (SMOOTH_GRAY.astype(int) * (2**bits - 1) // 255).astype(np.uint16)
        avif(f"{bits}-bits-gray", imagecodecs.avif_encode(deep, level=100, bitspersample=bits, pixelformat="400"), SMOOTH_GRAY)
    avif("sequence", saved(Image.fromarray(SMOOTH), "AVIF", quality=100, subsampling="4:4:4", save_all=True, append_images=[Image.fromarray(255 - SMOOTH)]), SMOOTH, mustTell=True, tells="the first of 2 frames")
    avif("1x1", saved(SMOOTH[:1, :1], "AVIF", quality=100, subsampling="4:4:4"), SMOOTH[:1, :1])
    avif("cut", saved(SMOOTH, "AVIF", quality=100)[:450], None, damaged=True)

    def heic(name, pixels, right, mode=None, **options):
        stream = io.BytesIO()
        pillow_heif.from_pillow(Image.fromarray(pixels)).save(stream, **{"quality": 100, "chroma": 444, **options})
        to.add("HEIC", f"{name}.heic", stream.getvalue(), right, tolerance=LOSSY)

    heic("444", SMOOTH, SMOOTH)
    heic("420", SMOOTH, SMOOTH, chroma=420)
    heic("gray", SMOOTH_GRAY, SMOOTH_GRAY)
    heic("alpha", solid, np.where(solid[..., 3:] > 0, SMOOTH, 0))
    stream = io.BytesIO()
    deep = pillow_heif.from_bytes("RGB;16", (WIDTH, HEIGHT), (SMOOTH.astype(np.uint16) * 257).tobytes())
    deep.save(stream, quality=100, chroma=444)
    to.add("HEIC", "10-bits.heic", stream.getvalue(), SMOOTH, tolerance=LOSSY)

    def jp2(name, data, right, **more):
        to.add("JPEG 2000", name, data, right, **more)

    def encoded(pixels, format="jp2", **options):
        return imagecodecs.jpeg2k_encode(pixels, level=0, codecformat=format, reversible=True, **options)

    jp2("rgb.jp2", encoded(RGB), RGB)
    jp2("rgb.j2k", encoded(RGB, "j2k"), RGB)
    jp2("rgb-no-mct.jp2", encoded(RGB, mct=False), RGB)
    jp2("tiles.jp2", saved(RGB, "JPEG2000", tile_size=(16, 16)), RGB)
    jp2("gray.jp2", encoded(GRAY), GRAY)
    jp2("gray.j2k", encoded(GRAY, "j2k"), GRAY)
    jp2("gray-4-bits.jp2", encoded(GRAY >> 4, bitspersample=4), (GRAY >> 4) * 17)
    told = {"mustTell": True, "tells": "16 bits a sample"}
    jp2("gray-12-bits.jp2", encoded(TWELVE, bitspersample=12), shown(TWELVE), **told)
    jp2("gray-16-bits.jp2", encoded(TWELVE), shown(TWELVE), **told)
    jp2("gray-16-bits.j2k", encoded(TWELVE, "j2k"), shown(TWELVE), **told)
    signed = (TWELVE.astype(np.int16) - 2000).astype(np.int16)
    jp2("gray-signed.j2k", encoded(signed, "j2k"), shown(signed), **told)
    jp2("gray-window.jp2", encoded(TWELVE), windowed(TWELVE, 2000.5, 2001), mustTell=True, tells="window", options={"window": {"center": 2000.5, "width": 2001}})
    jp2("rgb-16-bits.jp2", encoded(RGB.astype(np.uint16) * 257), RGB, tolerance=1, mustTell=True, tells="bits")
    jp2("rgba.jp2", encoded(rgba), ON_BLACK, tolerance=1)
    jp2("gray-alpha.jp2", encoded(np.concatenate([GRAY[..., None], ALPHA], -1)), np.floor(GRAY * (ALPHA[..., 0] / 255) + 0.5), tolerance=1)
    jp2("lossy.jp2", saved(SMOOTH, "JPEG2000", irreversible=True, quality_mode="dB", quality_layers=[50]), SMOOTH, tolerance=LOSSY)
    jp2("rgb-bytes-behind.jp2", encoded(RGB) + b"SECRET", RGB)
    jp2("rgb-cut.jp2", encoded(RGB)[:2000], None, damaged=True)
    jp2("1x1.jp2", encoded(RGB[:1, :1]), RGB[:1, :1])
    ycc = np.asarray(Image.fromarray(SMOOTH).convert("YCbCr"))
    boxed = encoded(ycc, mct=False)
    at = boxed.index(b"colr")
    jp2("sycc.jp2", boxed[: at + 7] + struct.pack(">I", 18) + boxed[at + 11 :], SMOOTH, tolerance=LOSSY)
    jp2("swapped.jp2", jp2_with_box(encoded(np.ascontiguousarray(RGB[..., ::-1]), mct=False), b"cdef", struct.pack(">H9H", 3, 0, 0, 3, 1, 0, 2, 2, 0, 1)), RGB)
    index = encoded(INDEX)
    pclr = struct.pack(">HB3B", 16, 3, 7, 7, 7) + PALETTE.tobytes()
    cmap = b"".join(struct.pack(">HBB", 0, 1, channel) for channel in range(3))
    with_palette = jp2_with_box(jp2_with_box(index, b"cmap", cmap), b"pclr", pclr)
    at = with_palette.index(b"colr")
    jp2("palette.jp2", with_palette[: at + 7] + struct.pack(">I", 16) + with_palette[at + 11 :], PALETTE[INDEX])
    jp2("high-throughput.jph", imagecodecs.htj2k_encode(RGB), RGB)

    def jxl(name, data, right, tolerance=0, **more):
        to.add("JPEG XL", f"{name}.jxl", data, right, tolerance=tolerance, **more)

    def xl(pixels, **options):
        return imagecodecs.jpegxl_encode(pixels, **{"lossless": True, **options})

    jxl("lossless", xl(RGB), RGB)
    jxl("container", xl(RGB, usecontainer=True), RGB)
    jxl("gray", xl(GRAY), GRAY)
    jxl("alpha", xl(rgba), ON_BLACK, 1)
    jxl("gray-alpha", xl(np.concatenate([GRAY[..., None], ALPHA], -1)), np.floor(GRAY * (ALPHA[..., 0] / 255) + 0.5), 1)
    lossy = xl(SMOOTH, lossless=False, distance=0.1)
    jxl("lossy", lossy, imagecodecs.jpegxl_decode(lossy), 2)
    jxl("12-bits-in-16", xl(TWELVE), shown(TWELVE), mustTell=True, tells="bits")
    jxl("12-bits", xl(TWELVE, bitspersample=12), shown(TWELVE), mustTell=True, tells="bits")
    jxl("16-bits-rgb", xl(RGB.astype(np.uint16) * 257), RGB, 1, mustTell=True, tells="bits")
    jxl("float", xl((GRAY / 255).astype(np.float32)), shown(GRAY), mustTell=True, tells="floating")
    jxl("animated", xl(np.stack([RGB, 255 - RGB])), RGB, mustTell=True, tells="the first of 2 frames")
    jxl("1x1", xl(RGB[:1, :1]), RGB[:1, :1])
    jxl("300x7", xl(picture(300, 7, 3, 8)), picture(300, 7, 3, 8))
    jxl("cut", xl(RGB)[:1500], None, damaged=True)
    turned = saved(SMOOTH, "JPEG", quality=97, subsampling=0, exif=b"Exif\0\0" + exif(6))
    jxl("from-jpeg-turned", imagecodecs.jpegxl_encode_jpeg(turned), turn(SMOOTH, 6), LOSSY)
    p3 = matrix_profile(DISPLAY_P3, 2.2)
    wide = saved(SMOOTH // 2 + 70, "JPEG", quality=97, subsampling=0, icc_profile=p3)
    jxl("from-jpeg-display-p3", imagecodecs.jpegxl_encode_jpeg(wide), to_srgb(np.asarray(Image.open(io.BytesIO(wide))), p3), CONVERTED + 2, mustTell=True, tells="profile")
    jxl("from-jpeg", imagecodecs.jpegxl_encode_jpeg(saved(SMOOTH, "JPEG", quality=97, subsampling=0)), SMOOTH, LOSSY)


def jp2_with_box(data, kind, content):
    """Into the header, at its end."""
    at = data.index(b"jp2h") - 4
    length = struct.unpack(">I", data[at : at + 4])[0]
    box = struct.pack(">I", 8 + len(content)) + kind + content
    return data[:at] + struct.pack(">I", length + len(box)) + data[at + 4 : at + length] + box + data[at + length :]


def jp2_with_profile(pixels, icc):
    data = imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="jp2", reversible=True)
    header = data.index(b"jp2h") - 4
    at = data.index(b"colr") - 4
    box = struct.pack(">I", 11 + len(icc)) + b"colr\2\0\0" + icc
    old = struct.unpack(">I", data[at : at + 4])[0]
    length = struct.unpack(">I", data[header : header + 4])[0] - old + len(box)
    return data[:header] + struct.pack(">I", length) + data[header + 4 : at] + box + data[at + old :]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kept", action="store_true", help="those of the fixtures alone")
    given = parser.parse_args()
    to = Conditions(given.out, KEPT if given.kept else None)
    for make in (pngs, jpegs, tiffs, orientations, profiles, gifs, bmps, netpbm, newer):
        make(to)
    to.write()
    if given.kept and len(to.rows) != len(KEPT):
        raise SystemExit(f"not made: {KEPT - {row['id'] for row in to.rows}}")
    print(f"{len(to.rows)} conditions")


if __name__ == "__main__":
    main()
