"""Small image files of every kind, and the square that Pillow makes of each: the reference of the image tests.

    python scripts/reference/images.py --out test/fixtures/images

Writes the files and images.json: file -> {"width", "height", "side", fit: sha256 of the square's RGB bytes}. Transparent
and 16-bit pictures are brought to 8-bit RGB by the rules of docs/guide/images.md first, where Pillow's own conversion differs.

Also formats.json: file -> {"width", "height", "rgb": sha256 of what Pillow, tifffile or NumPy make of it, "options"}; where decoders round
differently, "file" with the RGB bytes and "tolerance" in levels. Needs tifffile for what Pillow does not write.
"""

import argparse
import hashlib
import io
import json
import struct
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms
from resize import square_of

SIDES = (56, 224)


def picture(width, height, channels, seed):
    """A smooth pattern with noise: compressible, yet no two pixels are alike by accident."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    base = (np.sin(x / 11.0) + np.cos(y / 7.0) + 2) * 55
    layers = [base * (1 - 0.2 * c) + rng.normal(0, 12, (height, width)) for c in range(channels)]
    return np.stack(layers, -1).clip(0, 255).astype(np.uint8)


def shown(values, least=None, most=None):
    """From the least to the greatest value, as of DICOM without a window; NaN is the least."""
    values = np.where(np.isnan(values), np.nanmin(values), values) if values.dtype.kind == "f" else values
    least, most = (values.min() if least is None else least), (values.max() if most is None else most)
    return np.floor(np.clip((values.astype(np.float64) - float(least)) / (float(most) - float(least)), 0, 1) * 255 + 0.5).astype(np.uint8)


def gray(levels):
    return np.repeat(levels[..., None], 3, -1)


def matrix_profile(primaries, gamma):
    """A display profile (ICC.1, version 2) with these XYZ of red, green and blue under D50."""

    def xyz(values):
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"wide\0" + b"\0" * 78 + b"\0"
    entries = {b"desc": name, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": xyz((0.9642, 1, 0.8249)), **{code: xyz(values) for code, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries)}, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, data = b"", b""
    start = 128 + 4 + 12 * len(entries)
    for code, value in entries.items():
        table += code + struct.pack(">II", start + len(data), len(value))
        data += value.ljust(-(-len(value) // 4) * 4, b"\0")
    body = struct.pack(">I", len(entries)) + table + data
    header = struct.pack(">I4sI4s4s4s", 128 + len(body), b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + body


DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))
ADOBE_RGB = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
S_RGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7139))


def bmp(width, height, bits, compression, pixels, palette=b"", masks=(), header=40):
    after = b"".join(struct.pack("<I", mask) for mask in masks)
    info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(pixels), 2835, 2835, len(palette) // 4, 0)
    info = (info + after).ljust(header + (len(after) if header == 40 else 0), b"\0")
    start = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + info + palette + pixels


def orientation_exif(kind, value, order=">"):
    """Orientation as a number of another type than SHORT."""
    packed = struct.pack(order + {1: "B", 3: "H", 4: "I"}[kind], value).ljust(4, b"\0")
    return b"Exif\0\0" + (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "IHHHI", 8, 1, 0x0112, kind, 1) + packed + b"\0\0\0\0"


def write_formats(out):
    """Files that the others are not: name, then what must come of them."""
    facts = []
    rgb = picture(41, 30, 3, 11)
    one = rgb[..., 0]
    height, width = one.shape

    def fact(name, meant, tolerance=None, **options):
        entry = {"file": name, "width": meant.shape[1], "height": meant.shape[0], "options": options}
        if tolerance is None:
            entry["rgb"] = hashlib.sha256(np.ascontiguousarray(meant).tobytes()).hexdigest()
        else:
            (out / f"{name}.rgb").write_bytes(np.ascontiguousarray(meant).tobytes())
            entry["tolerance"] = tolerance
        facts.append(entry)

    def by_pillow(name, data=None, turn=False):
        if data is not None:
            (out / name).write_bytes(data)
        with Image.open(out / name) as image:
            if turn:
                from PIL import ImageOps

                image = ImageOps.exif_transpose(image)
            fact(name, np.asarray(image.convert("RGB")))

    # Netpbm: bytes and text, comments, white below 255
    by_pillow("p4.pbm", b"P4\n# a comment\n41 30\n" + np.packbits(one > 120, axis=1).tobytes())
    by_pillow("p1.pbm", b"P1 41 30\n" + b"\n".join(b"".join(b"1" if bit else b"0" for bit in row) for row in one > 120))
    by_pillow("p5.pgm", b"P5 41 30 255\n" + one.tobytes())
    by_pillow("p5-100.pgm", b"P5 41 30 100\n" + (one % 101).astype(np.uint8).tobytes())
    by_pillow("p2.pgm", b"P2\n41 # wide\n30\n# white\n255\n" + b" ".join(str(value).encode() for value in one.ravel().tolist()))
    by_pillow("p6.ppm", b"P6\n41 30\n255\n" + rgb.tobytes())
    by_pillow("p3.ppm", b"P3\n41 30\n100\n" + b"\n".join(str(value).encode() for value in (rgb % 101).ravel().tolist()))
    twelve = (one.astype(np.uint16) * 16 + rgb[..., 1] % 16).astype(np.uint16)
    (out / "p5-12-bits.pgm").write_bytes(b"P5 41 30 4095\n" + twelve.astype(">u2").tobytes())
    fact("p5-12-bits.pgm", gray(shown(twelve)))
    fact("p5-12-bits.pgm", gray(shown(np.clip(twelve, 1000, 3000), 1000, 3000)), window={"center": 2000.5, "width": 2001})
    (out / "p2-12-bits.pgm").write_bytes(b"P2 41 30 4095\n" + b" ".join(str(value).encode() for value in twelve.ravel().tolist()))
    fact("p2-12-bits.pgm", gray(shown(twelve)))
    (out / "p6-12-bits.ppm").write_bytes(b"P6 41 30 4095\n" + (rgb.astype(np.uint16) * 16).astype(">u2").tobytes())
    fact("p6-12-bits.ppm", shown(rgb.astype(np.uint16) * 16, 0, 4095))

    # BMP
    for name, image in (("1.bmp", Image.fromarray(one).convert("1")), ("8-gray.bmp", Image.fromarray(one)), ("8.bmp", Image.fromarray(rgb).quantize(40)), ("24.bmp", Image.fromarray(rgb))):
        image.save(out / name)
        by_pillow(name)
    flipped = rgb[::-1]
    alpha = np.full((height, width, 1), 255, np.uint8)
    by_pillow("32.bmp", bmp(width, height, 32, 0, np.concatenate([flipped[..., ::-1], alpha * 0], -1).tobytes()))
    by_pillow("32-top-down.bmp", bmp(width, -height, 32, 0, np.concatenate([rgb[..., ::-1], alpha], -1).tobytes()))
    words = ((flipped[..., 0].astype(np.uint16) >> 3) << 11) | ((flipped[..., 1].astype(np.uint16) >> 2) << 5) | (flipped[..., 2] >> 3)
    by_pillow("565.bmp", bmp(width, height, 16, 3, np.pad(words, ((0, 0), (0, width % 2))).astype("<u2").tobytes(), masks=(0xF800, 0x07E0, 0x001F)))
    words = ((flipped[..., 0].astype(np.uint16) >> 3) << 10) | ((flipped[..., 1].astype(np.uint16) >> 3) << 5) | (flipped[..., 2] >> 3)
    by_pillow("555.bmp", bmp(width, height, 16, 0, np.pad(words, ((0, 0), (0, width % 2))).astype("<u2").tobytes()))
    by_pillow("bgr.bmp", bmp(width, height, 32, 3, np.concatenate([flipped, alpha], -1).astype(np.uint8).tobytes(), masks=(0xFF, 0xFF00, 0xFF0000, 0xFF000000), header=108))
    index = (flipped[..., 0] // 16).astype(np.uint8)
    palette = b"".join(bytes((16 * i, 255 - 16 * i, 8 * i, 0)) for i in range(16))
    packed = np.pad(index, ((0, 0), (0, -width % 8)))
    by_pillow("4.bmp", bmp(width, height, 4, 0, (packed[:, ::2] << 4 | packed[:, 1::2]).astype(np.uint8).tobytes(), palette))
    runs = b""
    for row in index.tolist():
        # Runs, an escape of single pixels, the end of the line.
        runs += b"".join(bytes((2, value)) for value in row[:4:2]) + bytes((0, 5, *row[4:9], 0)) + b"".join(bytes((1, value)) for value in row[9:]) + b"\0\0"
    expanded = index.copy()
    expanded[:, 1], expanded[:, 3] = expanded[:, 0], expanded[:, 2]
    by_pillow("rle8.bmp", bmp(width, height, 8, 1, runs + b"\0\1", palette))

    # JPEG 2000
    for name, image, options in (("rgb.jp2", Image.fromarray(rgb), {}), ("gray.jp2", Image.fromarray(one), {}), ("rgb.j2k", Image.fromarray(rgb), {"irreversible": False, "mct": 0})):
        image.save(out / name, **options)
        by_pillow(name)
    Image.fromarray(twelve).save(out / "16-bits.jp2")
    fact("16-bits.jp2", gray(shown(twelve)))

    # Values in PNG and TIFF
    Image.fromarray(twelve).save(out / "12-bits.png")
    fact("12-bits.png", gray(shown(twelve)))
    fact("12-bits.png", gray(shown(twelve)), window="full")
    fact("12-bits.png", gray(shown(np.clip(twelve, 1000, 3000), 1000, 3000)), window={"center": 2000.5, "width": 2001})
    signed = (twelve.astype(np.int16) - 2000).astype(np.int16)
    floats = signed.astype(np.float32) / 1000
    holed = floats.copy()
    holed[3, 4] = np.nan
    for name, values, more in (
        ("u2.tif", twelve, {}),
        ("u2-white.tif", twelve, {"photometric": "miniswhite"}),
        ("u2-big.tif", twelve, {"byteorder": ">", "compression": "zlib", "predictor": True}),
        ("i2.tif", signed, {"compression": "lzw"}),
        ("i2-big.tif", signed, {"byteorder": ">"}),
        ("i2-white.tif", signed, {"photometric": "miniswhite"}),
        ("u4.tif", twelve.astype(np.uint32) * 1000, {}),
        ("u4-white.tif", twelve.astype(np.uint32) * 1000, {"photometric": "miniswhite"}),
        ("i4.tif", signed.astype(np.int32) * 1000, {}),
        ("i1.tif", (signed // 16).astype(np.int8), {}),
        ("f4.tif", holed, {"tile": (16, 16)}),
        ("f2.tif", floats.astype(np.float16), {}),
    ):
        white = more.pop("photometric", None) == "miniswhite"
        tifffile.imwrite(out / name, values, photometric="miniswhite" if white else "minisblack", metadata=None, **more)
        levels = shown(tifffile.imread(out / name))
        fact(name, gray(255 - levels if white else levels))
    fact("i2.tif", gray(shown(np.clip(signed, -500, 500), -500, 500)), window={"center": 0.5, "width": 1001})
    dark = (rgb.astype(np.uint16) * 16).astype(np.uint16)
    tifffile.imwrite(out / "rgb-12-bits.tif", dark, photometric="rgb", metadata=None)
    fact("rgb-12-bits.tif", shown(dark, 0, 4095))
    full = (rgb.astype(np.uint16) * 257).astype(np.uint16)
    tifffile.imwrite(out / "rgb-16-bits.tif", full, photometric="rgb", metadata=None)
    fact("rgb-16-bits.tif", rgb)

    # Samples beyond the colours
    fourth = np.concatenate([rgb, np.zeros((height, width, 1), np.uint8)], -1)
    tifffile.imwrite(out / "fourth-unspecified.tif", fourth, photometric="rgb", extrasamples=["unspecified"], metadata=None)
    by_pillow("fourth-unspecified.tif")
    tifffile.imwrite(out / "fourth-alpha.tif", fourth, photometric="rgb", extrasamples=["unassalpha"], metadata=None)
    fact("fourth-alpha.tif", rgb * 0)
    tifffile.imwrite(out / "fourth-16-bits.tif", fourth.astype(np.uint16) * 257, photometric="rgb", extrasamples=["unspecified"], metadata=None)
    fact("fourth-16-bits.tif", rgb)
    tifffile.imwrite(out / "second-unspecified.tif", fourth[..., [0, 3]], photometric="minisblack", planarconfig="contig", extrasamples=["unspecified"], metadata=None)
    by_pillow("second-unspecified.tif")

    # Orientation of odd types, and of XMP
    for kind, value, order in ((1, 6, ">"), (1, 3, "<"), (4, 8, ">")):
        stream = io.BytesIO()
        Image.fromarray(rgb).save(stream, "JPEG", quality=90, exif=orientation_exif(kind, value, order))
        name = f"orientation-type-{kind}-{value}.jpg"
        (out / name).write_bytes(stream.getvalue())
        # Pillow makes text of a BYTE, which it does not obey in JPEG; the turn that the number says is meant.
        method = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}[value]
        fact(name, np.asarray(Image.open(out / name).transpose(method)))
    for value in (2, 5, 7):
        stream = io.BytesIO()
        Image.fromarray(rgb).save(stream, "JPEG", quality=90, xmp=f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="{value}"/></x:xmpmeta>'.encode())
        by_pillow(f"orientation-xmp-{value}.jpg", stream.getvalue(), turn=True)

    # Profiles
    for name, primaries in (("display-p3.png", DISPLAY_P3), ("adobe-rgb.png", ADOBE_RGB), ("srgb.png", S_RGB)):
        profile = matrix_profile(primaries, 2.2)
        Image.fromarray(rgb).save(out / name, icc_profile=profile)
        if name == "srgb.png":
            by_pillow(name)
            continue
        converted = ImageCms.profileToProfile(Image.fromarray(rgb), ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"))
        fact(name, np.asarray(converted), tolerance=2)

    # Adobe writes CMYK turned over
    image = Image.fromarray(np.full((16, 16, 3), (190, 40, 40), np.uint8)).convert("CMYK")
    image.save(out / "cmyk.jpg", quality=100)
    by_pillow("cmyk.jpg")

    lines = ",\n".join(f"  {json.dumps(fact)}" for fact in facts)
    (out / "formats.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


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
    high = Image.fromarray(shown(wide)).convert("RGB")
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
    write_formats(out)
    lines = ",\n".join(f"  {json.dumps(fact)}" for fact in facts)
    (out / "images.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
