"""DICOM files that are odd but readable, and the picture that is right for each: the reference of test/dicom/odd.test.ts.

    python scripts/reference/dicom_odd.py --out test/fixtures/dicom-odd

Writes the files, and odd.json: a list of {file, frame, window, tolerance, note, rgb}. The right picture is computed here from the
pixels that went into the file, by the plainest formulas; pydicom must agree where it reads the file (sequences as UN, implicit items),
and Pillow for the colours of JPEG.
`note` is a part of what must be told; null: nothing.
"""

import argparse
import base64
import gzip
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from dicom import compressed, dataset, encapsulated, group, jpeg, lut, merged, saved, without_jfif
from dicom_picture import picture
from PIL import Image
from pydicom import dcmread, uid
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.filewriter import dcmwrite
from pydicom.pixels.encoders import RLELosslessEncoder
from pydicom.pixels.utils import pack_bits
from pydicom.sequence import Sequence

ROWS, COLUMNS = 12, 16
ITEM, ITEM_END, SEQUENCE_END = 0xE000, 0xE00D, 0xE0DD
TWELVE = (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) * 21).clip(0, 4095).astype(np.uint16)
NOTHING = {"note": None, "tolerance": 0}


# --- how attributes are written, by hand ---
def tag(element, length, group_number=0xFFFE):
    return struct.pack("<HHI", group_number, element, length)


def attribute(group_number, element, vr, value):
    value += b"\0" * (len(value) % 2) if vr not in ("DS", "CS") else b" " * (len(value) % 2)
    head = struct.pack("<HH2s", group_number, element, vr.encode())
    return head + (struct.pack("<HI", 0, len(value)) if vr in ("SQ", "UN", "OB", "OW") else struct.pack("<H", len(value))) + value


def sequence(group_number, element, vr, items, undefined=False):
    """Items are bytes of attributes; with `undefined`, items and sequence end with delimiters."""
    if not undefined:
        return attribute(group_number, element, vr, b"".join(tag(ITEM, len(one)) + one for one in items))
    content = b"".join(tag(ITEM, 0xFFFFFFFF) + one + tag(ITEM_END, 0) for one in items) + tag(SEQUENCE_END, 0)
    return struct.pack("<HH2sHI", group_number, element, vr.encode(), 0, 0xFFFFFFFF) + content


def attributes_of(item, implicit):
    buffer = io.BytesIO()
    dcmwrite(buffer, item, implicit_vr=implicit, little_endian=True, force_encoding=True)
    return buffer.getvalue()


def inserted(file, raw, before=b"\xe0\x7f\x10\x00"):
    at = file.rindex(before)
    return file[:at] + raw + file[at:]


def replaced(file, group_number, element, raw):
    """The attribute with a short length, written anew."""
    at = file.index(struct.pack("<HH", group_number, element))
    return file[:at] + raw + file[at + 8 + struct.unpack("<H", file[at + 6 : at + 8])[0] :]


# --- pictures ---
def gray(levels):
    return np.repeat(np.floor(np.clip(levels, 0, 255) + 0.5).astype(np.uint8)[..., None], 3, -1)


def windowed(values, center, width):
    return gray(((values - (center - 0.5)) / (width - 1) + 0.5).clip(0, 1) * 255)


def full(values):
    values = values.astype(float)
    return gray((values - values.min()) / (values.max() - values.min()) * 255)


def un_sequences():
    curve = np.linspace(65535, 0, 4096).astype(int)
    by_curve = gray(curve[TWELVE] / 65535 * 255)
    to_hounsfield = gray((np.sqrt(TWELVE / 4095) * 65535).astype(int) / 65535 * 255)
    root = (np.sqrt(np.arange(4096) / 4095) * 65535).astype(int)
    frames = [TWELVE, TWELVE[::-1].copy(), TWELVE[:, ::-1].copy()]
    shared = merged(group("PixelValueTransformationSequence", RescaleSlope="2", RescaleIntercept="-1024", RescaleType="HU"))
    own = [group("FrameVOILUTSequence", WindowCenter=str(500 * index), WindowWidth="3000") for index in range(3)]
    for name, implicit, undefined in (("defined", True, False), ("undefined", True, True), ("explicit-items", False, False)):
        table = attributes_of(lut(curve, 0, 16), implicit)
        yield f"un-voi-lut-{name}", inserted(saved(dataset(TWELVE, bits=12)), sequence(0x28, 0x3010, "UN", [table], undefined)), by_curve, {}, NOTHING
        table = attributes_of(lut(root, 0, 16), implicit)
        yield f"un-modality-lut-{name}", inserted(saved(dataset(TWELVE, bits=12, WindowCenter="32768", WindowWidth="65536")), sequence(0x28, 0x3000, "UN", [table], undefined)), to_hounsfield, {}, NOTHING
        raw = sequence(0x5200, 0x9229, "UN", [attributes_of(shared, implicit)], undefined) + sequence(0x5200, 0x9230, "UN", [attributes_of(one, implicit) for one in own], undefined)
        made = inserted(saved(dataset(frames, bits=12, Modality="CT")), raw)
        for index in range(3):
            expected = windowed(2.0 * frames[index] - 1024, 500 * index, 3000)
            yield f"un-groups-{name}", made, expected, {"frame": index + 1}, NOTHING


def implicit_items():
    inner = struct.pack("<HHI", 0x2005, 0x1401, 4) + b"\1\0\0\0" + struct.pack("<HHI", 0x28, 0x1050, 4) + b"9999"
    nested = struct.pack("<HHI", 0x2005, 0x1410, 8 + len(inner)) + tag(ITEM, len(inner)) + inner + inner
    for where, before, number in (("before", struct.pack("<HH", 0x28, 2), 0x0021), ("behind", b"\xe0\x7f\x10\x00", 0x2005)):
        for name, undefined in (("defined", False), ("undefined", True)):
            raw = attribute(number, 0x10, "LO", b"SECRET") + sequence(number, 0x100F, "SQ", [inner, nested, b""], undefined)
            file = saved(dataset(TWELVE, bits=12, WindowCenter="2000", WindowWidth="3000"))
            yield f"implicit-items-{name}-{where}", inserted(file, raw, before), windowed(TWELVE, 2000, 3000), {}, NOTHING


def tables_that_contradict():
    for said, top in ((16, 4095), (8, 4095), (16, 1023), (12, 65535)):
        entries = np.linspace(0, top, 4096).astype(int)
        made = dataset(TWELVE, bits=12, VOILUTSequence=Sequence([lut(entries, 0, said)]))
        yield f"voi-lut-{said}-said-{top}-used", saved(made), gray(entries[TWELVE] / top * 255), {}, {"note": "is {top}: shown as white".format(top=top), "tolerance": 0}
    index = (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) % 256).astype(np.uint8)
    ramp = np.arange(256)
    for said, scale in ((16, 1), (8, 257), (16, 16)):
        tables = (ramp * scale, ramp[::-1] * scale, (ramp // 2) * scale)
        made = dataset(index, "PALETTE COLOR")
        for name, table in zip(("Red", "Green", "Blue"), tables, strict=True):
            setattr(made, f"{name}PaletteColorLookupTableDescriptor", [256, 0, said])
            setattr(made, f"{name}PaletteColorLookupTableData", table.astype("<u2").tobytes())
        expected = np.stack([table[index] for table in tables], -1) / scale
        yield f"palette-{said}-said-{255 * scale}-used", saved(made), np.floor(expected + 0.5).astype(np.uint8), {}, {"note": "colour palette", "tolerance": 1}
    dark = dataset(index, "PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        setattr(dark, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 8])
        setattr(dark, f"{name}PaletteColorLookupTableData", (ramp // 4).astype("u1").tobytes())
    yield "palette-dark", saved(dark), np.repeat((index // 4)[..., None], 3, -1), {}, NOTHING


def tables_without_entries():
    empty, descriptor_only = Dataset(), Dataset()
    descriptor_only.add_new("LUTDescriptor", "US", [4096, 0, 16])
    short = lut(np.arange(100), 0, 16)
    short["LUTDescriptor"].value = [4096, 0, 16]
    zeros = lut(np.zeros(4096, int), 0, 16)
    for name, item in (("empty", empty), ("no-data", descriptor_only), ("short", short), ("zeros", zeros)):
        note = {"note": "too few entries", "tolerance": 0}
        made = saved(dataset(TWELVE, bits=12, VOILUTSequence=Sequence([item]), WindowCenter="1000", WindowWidth="1500"))
        yield f"voi-lut-{name}", made, windowed(TWELVE, 1000, 1500), {}, note
        yield f"voi-lut-{name}", made, full(TWELVE), {"window": "full"}, note
        made = saved(dataset(TWELVE, bits=12, ModalityLUTSequence=Sequence([item])))
        yield f"modality-lut-{name}", made, full(TWELVE), {}, note


def offset_tables():
    frames = [TWELVE.astype(np.uint8), TWELVE[::-1].astype(np.uint8).copy(), (255 - TWELVE.astype(np.uint8)).copy()]
    options = {"rows": ROWS, "columns": COLUMNS, "samples_per_pixel": 1, "bits_allocated": 8, "bits_stored": 8, "number_of_frames": 1, "photometric_interpretation": "MONOCHROME2", "pixel_representation": 0}
    streams = [RLELosslessEncoder.encode(frame, encoding_plugin="pydicom", **options) for frame in frames]
    streams = [stream + b"\0" * (len(stream) % 2) for stream in streams]
    starts = [sum(8 + len(stream) for stream in streams[:index]) for index in range(4)]

    def file(fragments, table, count):
        made = dataset(frames[:count])
        made.PixelData = tag(ITEM, len(table)) + table + b"".join(tag(ITEM, len(one)) + one for one in fragments)
        made["PixelData"].VR = "OB"
        made["PixelData"].is_undefined_length = True
        return saved(made, uid.RLELossless)

    def offsets(*values):
        return struct.pack(f"<{len(values)}I", *values)

    note = {"note": "offset table", "tolerance": 0}
    for name, table in (
        ("late", offsets(*(start + 8 for start in starts[:3]))),
        ("zeros", offsets(0, 0, 0)),
        ("half", offsets(starts[0], starts[1], starts[2] + 2)),
        ("turned", offsets(starts[1], starts[0], starts[2])),
        ("fewer", offsets(starts[0], starts[2])),
    ):
        for index in range(3):
            yield f"offsets-{name}", file(streams, table, 3), full(frames[index]), {"frame": index + 1}, note
    yield "offsets-more", file(streams, offsets(*starts), 3), full(frames[2]), {"frame": 3}, NOTHING
    for name, table in (("single-8", offsets(8)), ("single-1234", offsets(1234))):
        yield f"offsets-{name}", file(streams[:1], table, 1), full(frames[0]), {}, note
    yield "offsets-of-3-bytes", file(streams[:1], b"\0\0\0", 1), full(frames[0]), {}, NOTHING


def whole_422():
    rgb = np.stack([TWELVE // 16, TWELVE[::-1] // 16, TWELVE[:, ::-1] // 16], -1).astype(np.uint8)
    ycc = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    seen = np.asarray(Image.fromarray(ycc, "YCbCr").convert("RGB"))
    note = {"note": "three samples for each pixel", "tolerance": 2}
    yield "ybr-422-whole", saved(dataset(ycc, "YBR_FULL_422")), seen, {}, note
    yield "ybr-422-whole-planes", saved(dataset(ycc, "YBR_FULL_422", PlanarConfiguration=1, PixelData=ycc.transpose(2, 0, 1).tobytes())), seen, {}, note
    made = dataset([ycc, ycc[::-1].copy()], "YBR_FULL_422")
    yield "ybr-422-whole-frames", saved(made), seen[::-1], {"frame": 2}, note
    odd = ycc[:, :15].copy()
    yield "ybr-422-whole-odd", saved(dataset(odd, "YBR_FULL_422")), seen[:, :15], {}, note


def decimal_commas():
    note = {"note": "decimal comma", "tolerance": 0}
    plain = saved(dataset(TWELVE, bits=12, WindowCenter="2000.5", WindowWidth="3000.0"))
    comma = replaced(replaced(plain, 0x28, 0x1050, attribute(0x28, 0x1050, "DS", b"2000,5")), 0x28, 0x1051, attribute(0x28, 0x1051, "DS", b"3000,0"))
    yield "comma-window", comma, windowed(TWELVE, 2000.5, 3000), {}, note
    plain = saved(dataset(TWELVE, bits=12, Modality="CT", RescaleSlope="1", RescaleIntercept="1", WindowCenter="1000", WindowWidth="2000"))
    comma = replaced(replaced(plain, 0x28, 0x1053, attribute(0x28, 0x1053, "DS", b"1,5")), 0x28, 0x1052, attribute(0x28, 0x1052, "DS", b"-10,5"))
    yield "comma-rescale", comma, windowed(1.5 * TWELVE - 10.5, 1000, 2000), {}, note
    yield "comma-rescale", comma, windowed(1.5 * TWELVE - 10.5, 40, 400), {"window": {"center": 40, "width": 400}}, note
    comma = replaced(plain, 0x28, 0x1053, attribute(0x28, 0x1053, "DS", b"+2,0E+00"))
    yield "comma-exponent", comma, windowed(2.0 * TWELVE + 1, 1000, 2000), {}, note


def adobe_markers():
    rgb = np.stack([np.full((16, 16), 200), np.full((16, 16), 60), np.full((16, 16), 20)], -1).astype(np.uint8)

    def marked(stream, transform):
        return stream[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\0\0\0\0" + bytes([transform]) + stream[2:]

    def plain_ids(stream):
        """Component ids 1, 2, 3 for R, G, B, and no marker."""
        at = stream.index(b"\xff\xee")
        stream = bytearray(stream[:at] + stream[at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big") :])
        for marker, first, step in ((b"\xff\xc0", 10, 3), (b"\xff\xda", 5, 2)):
            place = stream.index(marker)
            for index in range(3):
                stream[place + first + step * index] = index + 1
        return bytes(stream)

    bare_rgb = plain_ids(jpeg(rgb, keep_rgb=True))
    bare_ycc = without_jfif(jpeg(rgb, subsampling=0))
    followed = {"note": "which is followed", "tolerance": 6}
    for name, photometric, stream, told in (
        ("rgb-said-ybr", "YBR_FULL", marked(bare_rgb, 0), followed),
        ("ybr-said-rgb", "RGB", marked(bare_ycc, 1), followed),
        ("subsampled-said-rgb", "RGB", without_jfif(jpeg(rgb, subsampling=2)), followed),
        ("rgb-said-rgb", "RGB", marked(bare_rgb, 0), {"note": None, "tolerance": 6}),
        ("bare-said-rgb", "RGB", bare_rgb, {"note": "as the file says", "tolerance": 6}),
    ):
        if name in ("rgb-said-ybr", "ybr-said-rgb"):
            assert np.abs(np.asarray(Image.open(io.BytesIO(stream)).convert("RGB")).astype(int) - rgb).max() <= 6
        yield f"adobe-{name}", encapsulated(dataset(rgb, photometric), [stream], uid.JPEGBaseline8Bit), rgb, {}, told


def deflated():
    whole = saved(dataset(TWELVE, bits=12), uid.DeflatedExplicitVRLittleEndian)
    start = whole.index(b"1.2.840.10008.1.2.1.99") + 22
    length = struct.unpack("<I", whole[140:144])[0]
    start = 144 + length
    plain = zlib.decompress(whole[start:].rstrip(b"\0") + b"\0\0", -15)
    for name, packed in (("zlib", zlib.compress(plain)), ("zlib-best", zlib.compress(plain, 9)), ("gzip", gzip.compress(plain, mtime=0)), ("zlib-padded", zlib.compress(plain) + b"\0")):
        yield f"deflated-{name}", whole[:start] + packed, full(TWELVE), {}, NOTHING


def rescales():
    ct = {"bits": 12, "Modality": "CT"}
    lung = {"window": "lung"}
    yield "ct-intercept-only", saved(dataset(TWELVE, RescaleIntercept="-1024", **ct)), windowed(TWELVE - 1024.0, -600, 1500), lung, {"note": "no Rescale Slope", "tolerance": 0}
    yield "ct-slope-only", saved(dataset(TWELVE, RescaleSlope="2", **ct)), windowed(TWELVE * 2.0, -600, 1500), lung, {"note": "no Rescale Intercept", "tolerance": 0}
    yield "ct-slope-0", saved(dataset(TWELVE, RescaleSlope="0", RescaleIntercept="-1024", **ct)), windowed(TWELVE - 1024.0, -600, 1500), lung, {"note": "Rescale Slope of the file is 0", "tolerance": 0}
    yield "ct-no-rescale", saved(dataset(TWELVE, **ct)), windowed(TWELVE * 1.0, -600, 1500), lung, {"note": "taken for Hounsfield units", "tolerance": 0}
    yield "ct-hounsfield", saved(dataset(TWELVE, RescaleSlope="1", RescaleIntercept="-1024", RescaleType="HOUNSFIELD", **ct)), windowed(TWELVE - 1024.0, -600, 1500), lung, NOTHING


def narrow_windows():
    hides = {"note": "of the pixels, which are all black or all white", "tolerance": 0}
    for modality, told in (("CR", hides), ("DX", hides), ("MG", hides), ("MR", NOTHING)):
        made = saved(dataset(TWELVE, bits=12, Modality=modality, WindowCenter="2048", WindowWidth="500"))
        yield f"narrow-{modality.lower()}", made, windowed(TWELVE, 2048, 500), {}, told
    made = saved(dataset(TWELVE, bits=12, Modality="CR", WindowCenter="2048", WindowWidth="3600"))
    yield "wide-cr", made, windowed(TWELVE, 2048, 3600), {}, NOTHING
    made = saved(dataset(TWELVE, bits=12, Modality="CR", WindowCenter="2048", WindowWidth="500"))
    yield "narrow-cr", made, full(TWELVE), {"window": "full"}, NOTHING


def header_end(file):
    """Where the data set begins: behind the group length of 0002, which is the first attribute."""
    return 144 + struct.unpack("<I", file[140:144])[0]


def with_syntax(file, syntax):
    """The same with another transfer syntax in its header."""
    changed = replaced(file, 2, 0x10, attribute(2, 0x10, "UI", syntax.encode()))
    return changed[:140] + struct.pack("<I", struct.unpack("<I", file[140:144])[0] + len(changed) - len(file)) + changed[144:]


def encodings():
    """Attributes in another encoding than the transfer syntax names."""
    shown = windowed(TWELVE, 2000, 3000)
    names = {"explicit": uid.ExplicitVRLittleEndian, "implicit": uid.ImplicitVRLittleEndian, "big": uid.ExplicitVRBigEndian, "deflated": uid.DeflatedExplicitVRLittleEndian}
    files = {name: saved(dataset(TWELVE, bits=12, WindowCenter="2000", WindowWidth="3000"), syntax) for name, syntax in names.items()}
    for said, written in (("explicit", "implicit"), ("explicit", "big"), ("implicit", "explicit"), ("big", "implicit"), ("explicit", "deflated"), ("deflated", "explicit"), ("deflated", "big")):
        file = files[said][: header_end(files[said])] + files[written][header_end(files[written]) :]
        yield f"encoding-{said}-is-{written}", file, shown, {}, {"note": "but its attributes are", "tolerance": 0}
    late = files["implicit"]
    late = files["explicit"][: header_end(files["explicit"])] + late[late.index(b"\x10\0\x10\0", header_end(late)) :]
    yield "encoding-explicit-is-implicit-from-0010", late, shown, {}, {"note": "in Implicit VR Little Endian", "tolerance": 0}
    implicit = files["implicit"]
    yield "encoding-implicit-meta", implicit[:132] + struct.pack("<HHI", 2, 0x10, 18) + b"1.2.840.10008.1.2\0" + implicit[header_end(implicit) :], shown, {}, NOTHING
    curve = np.linspace(65535, 0, 4096).astype(int)
    for name, undefined in (("defined", False), ("undefined", True)):
        raw = sequence(0x28, 0x3010, "UN", [attributes_of(lut(curve, 0, 16), True)], undefined)
        raw = struct.pack(">HH2sHI", 0x28, 0x3010, b"UN", 0, struct.unpack("<I", raw[8:12])[0]) + raw[12:]
        yield f"big-un-voi-lut-{name}", inserted(saved(dataset(TWELVE, bits=12), uid.ExplicitVRBigEndian), raw, b"\x7f\xe0\0\x10"), gray(curve[TWELVE] / 65535 * 255), {}, NOTHING


def other_codecs():
    """Frames in another codec than the transfer syntax names, and pixels that are not compressed or should not be."""
    frame = (TWELVE // 16).astype(np.uint8)
    rle = compressed(dataset(frame), uid.RLELossless, encoding_plugin="pydicom")
    jls = compressed(dataset(frame), uid.JPEGLSLossless, encoding_plugin="pyjpegls")
    followed = {"note": "which is followed", "tolerance": 0}
    for name, file, syntax in (
        ("jls-said-jpeg", jls, uid.JPEGLosslessSV1),
        ("jls-said-rle", jls, uid.RLELossless),
        ("jls-said-j2k", jls, uid.JPEG2000Lossless),
        ("jls-said-native", jls, uid.ExplicitVRLittleEndian),
        ("rle-said-jpeg", rle, uid.JPEGBaseline8Bit),
        ("rle-said-native", rle, uid.ExplicitVRLittleEndian),
    ):
        yield f"codec-{name}", with_syntax(file, syntax), full(frame), {}, followed
    (stream,) = generate_frames(dcmread(io.BytesIO(jls)).PixelData, number_of_frames=1)
    (rle_stream,) = generate_frames(dcmread(io.BytesIO(rle)).PixelData, number_of_frames=1)
    plain = saved(dataset(frame))
    start = plain.rindex(b"\xe0\x7f\x10\x00")
    for syntax, name in ((uid.ExplicitVRLittleEndian, "native"), (uid.JPEGLSLossless, "jls"), (uid.JPEG2000Lossless, "j2k")):
        yield f"codec-bare-stream-said-{name}", with_syntax(plain[:start] + attribute(0x7FE0, 0x10, "OB", stream), syntax), full(frame), {}, {"note": "a bare stream of JPEG-LS", "tolerance": 0}
    items = tag(ITEM, 0) + tag(ITEM, len(stream)) + stream
    yield "codec-items-of-defined-length", with_syntax(plain[:start] + attribute(0x7FE0, 0x10, "OB", items), uid.JPEGLSLossless), full(frame), {}, NOTHING
    for syntax, name in ((uid.RLELossless, "rle"), (uid.JPEGLSLossless, "jls"), (uid.HTJ2KLossless, "htj2k")):
        yield f"codec-native-said-{name}", with_syntax(plain, syntax), full(frame), {}, {"note": "its pixels are not compressed", "tolerance": 0}
    split = [part for _frame in range(2) for part in (rle_stream[:64], rle_stream[64:])]
    made = dataset([frame, frame])
    made.PixelData = tag(ITEM, 0) + b"".join(tag(ITEM, len(one)) + one for one in split)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    yield "fragments-rle-split", saved(made, uid.RLELossless), full(frame), {"frame": 2}, NOTHING


def high_bits():
    for name, high, signed, note in (("low", 15, False, "its values lie lower"), ("low-signed", 14, True, "its values lie lower"), ("impossible", 3, False, "which cannot be"), ("outside", 16, True, "which cannot be")):
        values = TWELVE.astype(np.int16) - 2048 if signed else TWELVE
        yield f"high-bit-{name}", saved(dataset(values, bits=12, HighBit=high)), full(values), {}, {"note": note, "tolerance": 0}
    one = (TWELVE // 100 % 3 == 0).astype(np.uint8)  # the two bytes of a word differ
    made = dataset(one, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=np.frombuffer(pack_bits(one), "<u2").byteswap().tobytes())
    made["PixelData"].VR = "OW"
    yield "one-bit-big-words", saved(made, uid.ExplicitVRBigEndian), gray(one * 255), {}, NOTHING


def numbers_in_text():
    base = saved(dataset(TWELVE, bits=12, WindowCenter="2000", WindowWidth="3000"))
    for name, center in (("word", b"center"), ("hexadecimal", b"0x7D0 "), ("infinite", b"1e999 ")):
        yield f"window-{name}", replaced(base, 0x28, 0x1050, attribute(0x28, 0x1050, "DS", center)), full(TWELVE), {}, {"note": "is no number", "tolerance": 0}
    unknown = saved(dataset(TWELVE, bits=12, WindowCenter="2000", WindowWidth="3000", VOILUTFunction="CURVE"))
    yield "window-function-unknown", unknown, windowed(TWELVE, 2000, 3000), {}, {"note": "VOI LUT Function", "tolerance": 0}
    small = replaced(base, 0x28, 4, attribute(0x28, 4, "CS", b"monochrome2 "))
    yield "photometric-in-small-letters", small, windowed(TWELVE, 2000, 3000), {}, NOTHING


def tables_of_frames():
    curve = np.linspace(65535, 0, 4096).astype(int)
    own = [group("FrameVOILUTSequence", VOILUTSequence=Sequence([lut(entries, 0, 16)])) for entries in (curve[::-1], curve)]
    made = dataset([TWELVE, TWELVE[::-1].copy()], bits=12, PerFrameFunctionalGroupsSequence=Sequence(own))
    yield "frame-voi-lut", saved(made), gray(curve[TWELVE[::-1]] / 65535 * 255), {"frame": 2}, NOTHING
    short = lut(np.arange(100), 0, 16)
    short["LUTDescriptor"].value = [150, 0, 16]
    made = dataset(TWELVE, bits=12, VOILUTSequence=Sequence([short]), WindowCenter="1000", WindowWidth="1500")
    yield "voi-lut-two-thirds", saved(made), windowed(TWELVE, 1000, 1500), {}, {"note": "too few entries", "tolerance": 0}


def tables_of_another_sign():
    """The VR of a descriptor says that its first input is unsigned, and inputs are signed; or the other way round."""
    falling = np.linspace(65535, 0, 3000).astype(int)

    def shown(values, first):
        return gray(falling[(values.astype(int) - first).clip(0, 2999)] / 65535 * 255)

    signed = TWELVE.astype(np.int16) - 2048
    yield "voi-lut-negative-as-us", saved(dataset(signed, bits=12, VOILUTSequence=Sequence([lut(falling, 64512, 16)]))), shown(signed, -1024), {}, NOTHING
    made = dataset(TWELVE, bits=12, RescaleSlope="0.5", RescaleIntercept="-1024", VOILUTSequence=Sequence([lut(falling, 65536 - 500, 16)]))
    yield "voi-lut-negative-as-us-fractions", saved(made), shown(np.trunc(TWELVE / 2 - 1024 + 500) - 500, -500), {}, NOTHING
    high = TWELVE * np.uint16(16)
    item = lut(falling, 0, 16)
    item.add_new("LUTDescriptor", "SS", [3000, 50000 - 65536, 16])
    yield "voi-lut-high-as-ss", saved(dataset(high, VOILUTSequence=Sequence([item]))), shown(high, 50000), {}, NOTHING


def bright_padding():
    values = TWELVE.copy()
    values[:2] = 0
    note = {"note": "padding around the picture is shown bright", "tolerance": 0}
    yield "padding-bright", saved(dataset(values, "MONOCHROME1", bits=12, PixelPaddingValue=0, WindowCenter="2000", WindowWidth="3000")), 255 - windowed(values, 2000, 3000), {}, note
    values[:2] = 4095
    yield "padding-bright-high", saved(dataset(values, bits=12, PixelPaddingValue=4095, WindowCenter="2000", WindowWidth="3000")), windowed(values, 2000, 3000), {}, note
    yield "padding-dark", saved(dataset(values, "MONOCHROME1", bits=12, PixelPaddingValue=4095, WindowCenter="2000", WindowWidth="3000")), 255 - windowed(values, 2000, 3000), {}, NOTHING


def units():
    lung = {"window": "lung"}
    for name, unit, note in (("us", "US", "Rescale Type US"), ("small-letters", "hu", None)):
        made = saved(dataset(TWELVE, bits=12, Modality="CT", RescaleSlope="1", RescaleIntercept="-1024", RescaleType=unit))
        yield f"ct-unit-{name}", made, windowed(TWELVE - 1024.0, -600, 1500), lung, {"note": note, "tolerance": 0}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        old.unlink()
    makers = (un_sequences, implicit_items, tables_that_contradict, tables_without_entries, offset_tables, whole_422, decimal_commas, adobe_markers, deflated, rescales, narrow_windows, encodings, other_codecs, high_bits, numbers_in_text, tables_of_frames, tables_of_another_sign, bright_padding, units)
    rows = []
    for maker in makers:
        for name, content, rgb, question, told in maker():
            (out / f"{name}.dcm").write_bytes(content)
            row = {"file": f"{name}.dcm", **question, **told, "size": [rgb.shape[1], rgb.shape[0]], "rgb": base64.b64encode(np.ascontiguousarray(rgb.astype(np.uint8)).tobytes()).decode()}
            rows.append(row)
            if name.startswith(("un-", "implicit-items")):
                read = picture(dcmread(io.BytesIO(content)), question.get("frame", 1) - 1)
                assert np.abs(read.astype(int) - rgb[..., 0].astype(int)).max() <= 1, name
    (out / "odd.json").write_text("[\n" + ",\n".join(f" {json.dumps(row)}" for row in rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
