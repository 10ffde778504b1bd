"""Conditions of compressed frames: offset tables, fragments, colours that JPEG and the file tell otherwise, other codecs than said."""

import io
import struct

import imagecodecs
import numpy as np
from dicom import dataset, encapsulated, jpeg, pattern, saved, without_jfif
from dicom_condition import Condition, full
from dicom_odd import ITEM, SEQUENCE_END, tag
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate_extended
from pydicom.pixels.encoders import RLELosslessEncoder

SHAPE = (12, 16)
BASELINE = uid.JPEGBaseline8Bit


def conditions():
    for part in (offset_tables, fragments, mislabelled, jpeg_colors):
        yield from part()


def even(stream):
    return stream + b"\0" * (len(stream) % 2)


def rle(frame):
    options = {"rows": frame.shape[0], "columns": frame.shape[1], "samples_per_pixel": 1, "bits_allocated": 8, "bits_stored": 8, "number_of_frames": 1, "photometric_interpretation": "MONOCHROME2", "pixel_representation": 0}
    return even(RLELosslessEncoder.encode(frame, encoding_plugin="pydicom", **options))


def jpeg_ls(frame):
    return even(bytes(imagecodecs.jpegls_encode(frame)))


FRAMES = [pattern(8, shape=SHAPE, seed=seed) for seed in (1, 2, 3)]


def items(fragments, table=b"", delimiter=True):
    return tag(ITEM, len(table)) + table + b"".join(tag(ITEM, len(one)) + one for one in fragments) + (tag(SEQUENCE_END, 0) if delimiter else b"")


def with_syntax(whole, syntax):
    """The same file with another transfer syntax in its meta header."""
    length = struct.unpack("<H", whole[whole.index(b"\x02\0\x10\0UI") + 6 :][:2])[0]
    at = whole.index(b"\x02\0\x10\0UI")
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    changed = whole[:at] + struct.pack("<HH2sH", 2, 0x10, b"UI", len(value)) + value + whole[at + 8 + length :]
    return changed[:140] + struct.pack("<I", struct.unpack("<I", whole[140:144])[0] + len(value) - length) + changed[144:]


def compressed_file(value, syntax, frames):
    made = saved(dataset(FRAMES[:frames]))
    at = made.rindex(b"\xe0\x7f\x10\x00")
    return with_syntax(made[:at] + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFFF) + value, str(syntax))


def offset_tables():
    note = {"tells": "offset table", "must_tell": True}
    for codec, syntax, encode in (("JPEG-LS", uid.JPEGLSLossless, jpeg_ls), ("RLE", uid.RLELossless, rle)):
        streams = [encode(one) for one in FRAMES]
        starts = [sum(8 + len(one) for one in streams[:index]) for index in range(4)]
        def pack(*values):
            return struct.pack(f"<{len(values)}I", *values)
        right = pack(*starts[:3])
        for index in (0, 1, 2):
            yield Condition("offset tables", f"{codec}, right, frame {index + 1}", compressed_file(items(streams, right), syntax, 3), full(FRAMES[index]), {"frame": index + 1})
            yield Condition("offset tables", f"{codec}, empty, frame {index + 1}", compressed_file(items(streams), syntax, 3), full(FRAMES[index]), {"frame": index + 1})
            for name, table in (("8 late", pack(*(start + 8 for start in starts[:3]))), ("from the file's start", pack(*(start + 2000 for start in starts[:3]))), ("zeros", pack(0, 0, 0)), ("too short", pack(*starts[:2])), ("in big endian", struct.pack(">3I", *starts[:3])), ("of 64 bits", struct.pack("<3Q", *starts[:3]))):
                if codec == "RLE" or name in ("8 late", "in big endian"):
                    yield Condition("offset tables", f"{codec}, {name}, frame {index + 1}", compressed_file(items(streams, table), syntax, 3), full(FRAMES[index]), {"frame": index + 1}, **note)
        yield Condition("offset tables", f"{codec}, one entry too many", compressed_file(items(streams, pack(*starts)), syntax, 3), full(FRAMES[2]), {"frame": 3})
        yield Condition("offset tables", f"{codec}, 3 bytes", compressed_file(items(streams[:1], b"\0\0\0"), syntax, 1), full(FRAMES[0]))
    streams = [even(jpeg_ls(one)) for one in FRAMES]
    for name, change in (("right", lambda table, lengths: (table, lengths)), ("8 late", lambda table, lengths: (struct.pack("<3Q", *(one + 8 for one in struct.unpack("<3Q", table))), lengths)), ("lengths of zeros", lambda table, lengths: (table, b"\0" * 24)), ("too short", lambda table, lengths: (table[:16], lengths[:16]))):
        value, table, lengths = encapsulate_extended(streams)
        made = dataset(FRAMES, PixelData=value)
        made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = change(table, lengths)
        made["PixelData"].VR = "OB"
        made["PixelData"].is_undefined_length = True
        yield Condition("offset tables", f"extended, {name}", saved(made, uid.JPEGLSLossless), full(FRAMES[2]), {"frame": 3}, **(note if name in ("8 late", "too short") else {}))


def fragments():
    streams = [jpeg_ls(one) for one in FRAMES]
    halves = [half for one in streams for half in (one[: len(one) // 4 * 2], one[len(one) // 4 * 2 :])]
    starts, at = [], 0
    for one in streams:
        starts.append(at)
        at += 16 + len(one)
    pairs = struct.pack("<3I", *starts)
    for index in (0, 2):
        choice, right = {"frame": index + 1}, full(FRAMES[index])
        yield Condition("fragments", f"two a frame, table, frame {index + 1}", compressed_file(items(halves, pairs), uid.JPEGLSLossless, 3), right, choice)
        yield Condition("fragments", f"two a frame, no table, frame {index + 1}", compressed_file(items(halves), uid.JPEGLSLossless, 3), right, choice)
        yield Condition("fragments", f"empty one first, frame {index + 1}", compressed_file(items([b"", *streams]), uid.JPEGLSLossless, 3), right, choice)
        yield Condition("fragments", f"empty one last, frame {index + 1}", compressed_file(items([*streams, b""]), uid.JPEGLSLossless, 3), right, choice)
        yield Condition("fragments", f"empty ones between, frame {index + 1}", compressed_file(items([streams[0], b"", streams[1], b"", streams[2]]), uid.JPEGLSLossless, 3), right, choice)
        yield Condition("fragments", f"no delimiter, frame {index + 1}", compressed_file(items(streams, delimiter=False), uid.JPEGLSLossless, 3), right, choice)
        yield Condition("fragments", f"bytes behind the delimiter, frame {index + 1}", compressed_file(items(streams) + b"\0" * 100, uid.JPEGLSLossless, 3), right, choice)
    yield Condition("fragments", "every 20 bytes", compressed_file(items([streams[0][at : at + 20] for at in range(0, len(streams[0]), 20)]), uid.JPEGLSLossless, 1), full(FRAMES[0]))
    odd = bytes(imagecodecs.jpegls_encode(FRAMES[0]))
    yield Condition("fragments", "of odd length", compressed_file(items([odd + b"\0" * (1 - len(odd) % 2)]), uid.JPEGLSLossless, 1), full(FRAMES[0]))
    value = items(streams)
    for delimiter in (True, False):
        value = items(streams, delimiter=delimiter)
        yield Condition("fragments", f"encapsulated with a defined length{'' if delimiter else ', no delimiter'}", compressed_file(value, uid.JPEGLSLossless, 3).replace(b"\x10\0OB\0\0\xff\xff\xff\xff", b"\x10\0OB\0\0" + struct.pack("<I", len(value))), full(FRAMES[1]), {"frame": 2})
    for vr in (b"OW", b"UN"):
        yield Condition("fragments", f"Pixel Data as {vr.decode()}", compressed_file(items(streams), uid.JPEGLSLossless, 3).replace(b"\x10\0OB\0\0\xff\xff\xff\xff", b"\x10\0" + vr + b"\0\0\xff\xff\xff\xff"), full(FRAMES[1]), {"frame": 2})
    yield Condition("fragments", "in implicit VR", with_syntax(saved(dataset(FRAMES), uid.ImplicitVRLittleEndian), str(uid.JPEGLSLossless)).replace(b"\xe0\x7f\x10\0" + struct.pack("<I", 3 * FRAMES[0].nbytes) + b"".join(one.tobytes() for one in FRAMES), b"\xe0\x7f\x10\0\xff\xff\xff\xff" + items(streams)), full(FRAMES[2]), {"frame": 3}, tells="attributes are", must_tell=True)
    three_rle = [rle(one) for one in FRAMES]
    split = [part for one in three_rle for part in (one[:64], one[64:])]
    yield Condition("fragments", "RLE in two fragments a frame, no table", compressed_file(items(split), uid.RLELossless, 3), full(FRAMES[2]), {"frame": 3})
    yield Condition("fragments", "one frame missing", compressed_file(items(streams[:2]), uid.JPEGLSLossless, 3), None, {"frame": 3})


def mislabelled():
    """The transfer syntax names one codec, or none, and the frame is another."""
    frame = FRAMES[0]
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG2000", no_jp2=True)
    streams = {
        "JPEG Lossless": (uid.JPEGLosslessSV1, bytes(imagecodecs.jpeg8_encode(frame, lossless=True, predictor=1))),
        "JPEG-LS": (uid.JPEGLSLossless, jpeg_ls(frame)),
        "JPEG 2000": (uid.JPEG2000Lossless, buffer.getvalue()),
        "HTJ2K": (uid.HTJ2KLossless, bytes(imagecodecs.htj2k_encode(frame, reversible=True))),
        "RLE": (uid.RLELossless, rle(frame)),
    }
    for said, (syntax, _stream) in streams.items():
        for found, (_syntax, stream) in streams.items():
            if said != found:
                yield Condition("another codec than said", f"says {said}, is {found}", compressed_file(items([even(stream)]), syntax, 1), full(frame), tells="transfer syntax", must_tell=True)
    yield Condition("another codec than said", "says JPEG Baseline, is JPEG Lossless", compressed_file(items([even(streams["JPEG Lossless"][1])]), BASELINE, 1), full(frame))
    for found in ("JPEG-LS", "JPEG 2000", "RLE"):
        yield Condition("another codec than said", f"says Explicit, is {found} in items", compressed_file(items([even(streams[found][1])]), uid.ExplicitVRLittleEndian, 1), full(frame), tells="transfer syntax", must_tell=True)
    for said in ("JPEG 2000", "RLE", "JPEG-LS"):
        yield Condition("another codec than said", f"says {said}, is native", with_syntax(saved(dataset(frame)), str(streams[said][0])), full(frame), tells="transfer syntax", must_tell=True)
    for said, syntax in (("Explicit", uid.ExplicitVRLittleEndian), ("JPEG-LS", uid.JPEGLSLossless), ("JPEG 2000", uid.JPEG2000Lossless)):
        stream = even(streams["JPEG-LS"][1])
        yield Condition("another codec than said", f"says {said}, is a bare JPEG-LS stream", compressed_file(stream, syntax, 1).replace(b"\x10\0OB\0\0\xff\xff\xff\xff", b"\x10\0OB\0\0" + struct.pack("<I", len(stream))), full(frame), tells="bare stream", must_tell=True)
    yield Condition("another codec than said", "says JPEG 2000, is 16-bit native of 3 frames", with_syntax(saved(dataset([pattern(12, shape=SHAPE)] * 3, bits=12)), str(uid.JPEG2000Lossless)), full(pattern(12, shape=SHAPE)), {"frame": 3}, tells="transfer syntax", must_tell=True)


def jpeg_colors():
    """Flat and smooth colours, so that neither subsampling nor quality changes them much."""
    flat = np.stack([np.full((32, 32), 200), np.full((32, 32), 60), np.full((32, 32), 20)], -1).astype(np.uint8)
    told = {"tells": "which is followed|does not say", "must_tell": True}

    def adobe(stream, transform):
        return stream[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\0\0\0\0" + bytes([transform]) + stream[2:]

    def bare(stream, ids=(1, 2, 3)):
        """Neither JFIF nor Adobe, and the component ids as given."""
        for marker in (b"\xff\xe0", b"\xff\xee"):
            if marker in stream:
                at = stream.index(marker)
                stream = stream[:at] + stream[at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big") :]
        stream = bytearray(stream)
        for marker, first, step in ((b"\xff\xc0", 10, 3), (b"\xff\xda", 5, 2)):
            place = stream.index(marker)
            for index, one in enumerate(ids):
                stream[place + first + step * index] = one
        return bytes(stream)

    def made(stream, photometric, **attributes):
        return encapsulated(dataset(flat, photometric, **attributes), [stream], BASELINE)

    rgb_stream = jpeg(flat, keep_rgb=True)
    for name, sampling in (("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2), ("4:1:1", "4:1:1"), ("4:4:0", "4:4:0")):
        if isinstance(sampling, int):
            stream = jpeg(flat, subsampling=sampling)
        else:
            stream = bytes(imagecodecs.jpeg8_encode(flat, level=90, subsampling={"4:1:1": (4, 1), "4:4:0": (1, 2)}[sampling]))
        yield Condition("JPEG colours", f"{name} said YBR_FULL_422", made(bare(stream), "YBR_FULL_422"), flat, tolerance=6)
        yield Condition("JPEG colours", f"{name} with JFIF said RGB", made(stream if b"JFIF" in stream else stream, "RGB"), flat, tolerance=6, **told)
        yield Condition("JPEG colours", f"{name} in planes", made(bare(stream), "YBR_FULL", PlanarConfiguration=1), flat, tolerance=6)
    ycc = jpeg(flat, subsampling=0)
    yield Condition("JPEG colours", "Adobe 1 said YBR_FULL", made(adobe(bare(ycc), 1), "YBR_FULL"), flat, tolerance=6)
    yield Condition("JPEG colours", "Adobe 1 said RGB", made(adobe(bare(ycc), 1), "RGB"), flat, tolerance=6, **told)
    yield Condition("JPEG colours", "Adobe 0 said YBR_FULL_422", made(adobe(bare(rgb_stream), 0), "YBR_FULL_422"), flat, tolerance=6, **told)
    yield Condition("JPEG colours", "Adobe 0 said RGB", made(adobe(bare(rgb_stream), 0), "RGB"), flat, tolerance=6)
    yield Condition("JPEG colours", "ids RGB said YBR_FULL", made(bare(rgb_stream, b"RGB"), "YBR_FULL"), flat, tolerance=6, **told)
    yield Condition("JPEG colours", "ids rgb said RGB", made(bare(rgb_stream, b"rgb"), "RGB"), flat, tolerance=6)
    yield Condition("JPEG colours", "ids 0, 1, 2 said YBR_FULL", made(bare(ycc, (0, 1, 2)), "YBR_FULL"), flat, tolerance=6)
    yield Condition("JPEG colours", "nothing told, said RGB", made(bare(rgb_stream), "RGB"), flat, tolerance=6, **told)
    yield Condition("JPEG colours", "restart markers, 4:2:0", made(bare(jpeg(flat, subsampling=2, restart_marker_blocks=1)), "YBR_FULL_422"), flat, tolerance=6)
    yield Condition("JPEG colours", "progressive, 4:2:0", made(without_jfif(jpeg(flat, subsampling=2, progressive=True)), "YBR_FULL_422"), flat, tolerance=6)
    for kind in ("YBR_PARTIAL_420", "YBR_PARTIAL_422"):
        yield Condition("JPEG colours", f"said {kind}", made(bare(jpeg(flat, subsampling=2)), kind), None)
    buffer = io.BytesIO()
    Image.fromarray(flat).convert("CMYK").save(buffer, "JPEG")
    yield Condition("JPEG colours", "CMYK said RGB", made(buffer.getvalue(), "RGB"), None)
    gray_level = np.full((32, 32), 90, np.uint8)
    yield Condition("JPEG colours", "gray said RGB", made(jpeg(gray_level), "RGB"), None)
    yield Condition("JPEG colours", "colour said MONOCHROME2", encapsulated(dataset(gray_level), [ycc], BASELINE), None)
    lossless = bytes(imagecodecs.jpeg8_encode(flat, lossless=True, predictor=1))
    yield Condition("JPEG colours", "lossless RGB, no marker", encapsulated(dataset(flat), [lossless], uid.JPEGLosslessSV1), flat)
    yield Condition("JPEG colours", "lossless RGB said YBR_FULL_422", encapsulated(dataset(flat, "YBR_FULL_422"), [lossless], uid.JPEGLosslessSV1), flat, **told)
