"""Writes TIFF and BigTIFF files of either byte order, tags and tiles just as they are given: also such as no library writes."""

import io
import struct
import zlib
from dataclasses import dataclass, field

import imagecodecs
import numpy as np
from PIL import Image

SHORT, LONG, RATIONAL, ASCII, BYTE, UNDEFINED = 3, 4, 5, 2, 1, 7
SIZES = {ASCII: 1, BYTE: 1, UNDEFINED: 1, SHORT: 2, LONG: 4, RATIONAL: 8, 16: 8}
LETTERS = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "I", 16: "Q"}

NONE, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE = 1, 5, 7, 8, 32773, 32946
APERIO_YCBCR, APERIO_RGB, JPEG_2000, ZSTD, WEBP = 33003, 33005, 34712, 50000, 50001


@dataclass
class Page:
    """tags: code to (type, values). tiles: encoded, None where one is left out; in strips, `tile` is their height alone."""

    width: int
    height: int
    tags: dict
    tiles: list
    tile: tuple | int
    below: list = field(default_factory=list)


def compress(tile, compression, predictor=1):
    """tile: height x width x samples."""
    if predictor == 2:
        tile = np.concatenate([tile[:, :1], np.diff(tile.astype(np.int16), axis=1).astype(np.uint8)], 1)
    raw = np.ascontiguousarray(tile).tobytes()
    encode = {
        NONE: lambda: raw,
        LZW: lambda: imagecodecs.lzw_encode(raw),
        DEFLATE: lambda: zlib.compress(raw),
        OLD_DEFLATE: lambda: zlib.compress(raw),
        PACKBITS: lambda: b"".join(imagecodecs.packbits_encode(np.ascontiguousarray(row).tobytes()) for row in tile),
        ZSTD: lambda: imagecodecs.zstd_encode(raw),
        WEBP: lambda: imagecodecs.webp_encode(tile, lossless=True),
    }
    return encode[compression]()


def cut(picture, tile):
    """Into tiles, filled up at the edges by repeating the last pixels; into strips where `tile` is a height."""
    if isinstance(tile, int):
        return [picture[y : y + tile] for y in range(0, picture.shape[0], tile)]
    height, width = picture.shape[:2]
    fill = [(0, -height % tile[1]), (0, -width % tile[0])] + [(0, 0)] * (picture.ndim - 2)
    whole = np.pad(picture, fill, mode="edge")
    return [whole[y : y + tile[1], x : x + tile[0]] for y in range(0, whole.shape[0], tile[1]) for x in range(0, whole.shape[1], tile[0])]


def page(picture, *, compression=NONE, tile=(64, 64), photometric=2, predictor=1, planar=False, tags=None, below=(), left_out=(), encode=None):
    """Of 8-bit samples. encode: a tile to its bytes, instead of by compression."""
    samples = picture.shape[2] if picture.ndim == 3 else 1
    planes = [picture[..., c : c + 1] for c in range(samples)] if planar else [picture if picture.ndim == 3 else picture[..., None]]
    parts = [part for plane in planes for part in cut(plane, tile)]
    encode = encode or (lambda part: compress(part, compression, predictor))
    described = {258: (SHORT, [8] * samples), 259: (SHORT, [compression]), 262: (SHORT, [photometric]), 277: (SHORT, [samples])}
    if planar:
        described[284] = (SHORT, [2])
    if predictor != 1:
        described[317] = (SHORT, [predictor])
    described.update(tags or {})
    encoded = [None if index in left_out else encode(part) for index, part in enumerate(parts)]
    return Page(picture.shape[1], picture.shape[0], described, encoded, tile, list(below))


def write(path, pages, *, order="<", big=False):
    pointer = "Q" if big else "I"
    data = bytearray((b"II" if order == "<" else b"MM") + (struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0)))

    def put(raw):
        if len(data) % 2:
            data.append(0)
        data.extend(raw)
        return len(data) - len(raw)

    def directory(one):
        """Gives where it lies, and where it says which one follows."""
        children = [directory(child)[0] for child in one.below]
        offsets = [0 if tile is None else put(tile) for tile in one.tiles]
        counts = [0 if tile is None else len(tile) for tile in one.tiles]
        tags = {256: (LONG, [one.width]), 257: (LONG, [one.height]), **one.tags}
        if isinstance(one.tile, int):
            tags.update({273: (LONG, offsets), 278: (LONG, [one.tile]), 279: (LONG, counts)})
        else:
            tags.update({322: (SHORT, [one.tile[0]]), 323: (SHORT, [one.tile[1]]), 324: (LONG, offsets), 325: (LONG, counts)})
        if children:
            tags[330] = (16 if big else LONG, children)
        tags = {code: value for code, value in tags.items() if value is not None}
        entries = b""
        for code in sorted(tags):
            kind, values = tags[code]
            if isinstance(values, str):
                values = values.encode() + b"\0"
            raw = bytes(values) if kind in (ASCII, BYTE, UNDEFINED) else struct.pack(order + LETTERS[kind] * len(values), *values)
            count = len(values) // (2 if kind == RATIONAL else 1)
            inline = struct.calcsize(pointer)
            place = raw.ljust(inline, b"\0") if len(raw) <= inline else struct.pack(order + pointer, put(raw))
            entries += struct.pack(order + "HH" + pointer, code, kind, count) + place
        at = put(struct.pack(order + ("Q" if big else "H"), len(tags)) + entries + struct.pack(order + pointer, 0))
        return at, len(data) - struct.calcsize(pointer)

    previous = 8 if big else 4
    for one in pages:
        at, end = directory(one)
        data[previous : previous + struct.calcsize(pointer)] = struct.pack(order + pointer, at)
        previous = end
    path.write_bytes(data)


def jpeg(tile, *, subsampling="4:4:4", quality=90, is_rgb=False, adobe=True):
    """By Pillow: YCbCr with a JFIF marker, or the samples as they are with Adobe's."""
    stream = io.BytesIO()
    picture = Image.fromarray(tile[..., 0] if tile.shape[-1] == 1 else tile)
    picture.save(stream, "JPEG", quality=quality, subsampling=subsampling, **({"keep_rgb": True} if is_rgb else {}))
    return stream.getvalue() if adobe else without_markers(stream.getvalue())


def segments(stream):
    """Markers before the scan, each with its bytes; and the rest."""
    at, found = 2, []
    while stream[at + 1] != 0xDA:
        length = struct.unpack(">H", stream[at + 2 : at + 4])[0]
        found.append((stream[at + 1], stream[at : at + 2 + length]))
        at += 2 + length
    return found, stream[at:]


def without_markers(stream):
    """Without JFIF and Adobe: nothing but the TIFF says what the samples are."""
    found, rest = segments(stream)
    return b"\xff\xd8" + b"".join(raw for marker, raw in found if not 0xE0 <= marker <= 0xEF) + rest


def shared_tables(streams):
    """JPEGTables, and what is left of each stream (TIFF technical note 2)."""
    tables = b"\xff\xd8" + b"".join(raw for marker, raw in segments(streams[0])[0] if marker in (0xDB, 0xC4)) + b"\xff\xd9"
    shortened = []
    for stream in streams:
        found, rest = segments(stream)
        shortened.append(b"\xff\xd8" + b"".join(raw for marker, raw in found if marker not in (0xDB, 0xC4)) + rest)
    return tables, shortened
