"""Conditions of how attributes are written: sequences, VRs, lengths, meta headers, numbers in text, tables, windows, padding."""

import struct
import zlib

import numpy as np
from dicom import dataset, encapsulated, group, jpeg, lut, pattern, saved
from dicom_condition import Condition, exact, full, linear, sigmoid, table, turned
from dicom_odd import attribute, attributes_of, inserted, replaced, sequence, tag
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

SHAPE = (12, 16)
TWELVE = pattern(12, shape=SHAPE)
VALUES = TWELVE.astype(float)
ITEM = 0xE000
BEFORE_PIXELS = b"\xe0\x7f\x10\x00"
BEFORE_IMAGE = struct.pack("<HH", 0x28, 2)
BASELINE = uid.JPEGBaseline8Bit
EXPLICIT, IMPLICIT, BIG, DEFLATED = uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian


def conditions():
    for part in (un_sequences, implicit_items, private, odd_values, meta_headers, other_encodings, deflated, frame_numbers, windows, commas, rescales, rescale_types, tables, padding, aspects, character_sets):
        yield from part()


def text(file, element, value, group_number=0x28, vr="DS"):
    """A text as it is, where pydicom would not write it; without padding where its length is odd."""
    raw = value if isinstance(value, bytes) else value.encode()
    return replaced(file, group_number, element, struct.pack("<HH2sH", group_number, element, vr.encode(), len(raw)) + raw)


def plain(pixels=TWELVE, **attributes):
    return dataset(pixels, bits=12, **attributes)


WINDOWED = {"WindowCenter": "2000", "WindowWidth": "3000"}
SHOW = linear(2000, 3000)


def un_sequences():
    curve = np.linspace(65535, 0, 4096).astype(int)
    by_curve = table(curve, 0, 65535)
    item = lut(curve, 0, 16)
    other = attributes_of(lut(curve[::-1], 0, 16), True)
    first = attributes_of(item, True)
    inner = struct.pack("<HHI", 0x0040, 0xA730, 8) + tag(ITEM, 0)
    files = {
        "two items, first chosen": (saved(plain()), [first, other], {}, by_curve),
        "two items, second chosen": (saved(plain()), [first, other], {"window": 2}, table(curve[::-1], 0, 65535)),
        "with a sequence inside": (saved(plain()), [first + inner], {}, by_curve),
    }
    for name, (file, items, options, show) in files.items():
        for undefined in (False, True):
            yield Condition("sequences as UN", f"VOI LUT, {name}{', undefined' if undefined else ''}", inserted(file, sequence(0x28, 0x3010, "UN", items, undefined)), show(TWELVE), options, show=show)
    scaled = attributes_of(group("PixelValueTransformationSequence", RescaleSlope="2", RescaleIntercept="-1024", RescaleType="HU"), True)
    hounsfield = 2.0 * VALUES - 1024
    lung = linear(-600, 1500)
    for undefined in (False, True):
        name = ", undefined" if undefined else ""
        file = inserted(saved(plain(Modality="CT")), sequence(0x5200, 0x9229, "UN", [scaled], undefined))
        yield Condition("sequences as UN", f"shared rescale, lung{name}", file, lung(hounsfield), {"window": "lung"}, show=lung)
        measures = attributes_of(group("PixelMeasuresSequence", PixelSpacing=[2, 1]), True)
        yield Condition("sequences as UN", f"shared spacing{name}", inserted(saved(plain()), sequence(0x5200, 0x9229, "UN", [measures], undefined)), full(TWELVE), tells="2 times as high as wide", must_tell=True)
    big = saved(plain(), BIG)
    for undefined in (False, True):
        raw = sequence(0x28, 0x3010, "UN", [first], undefined)
        raw = struct.pack(">HH2sHI", 0x28, 0x3010, b"UN", 0, struct.unpack("<I", raw[8:12])[0]) + raw[12:]
        yield Condition("sequences as UN", f"VOI LUT in a big-endian file{', undefined' if undefined else ''}", inserted(big, raw, b"\x7f\xe0\0\x10"), by_curve(TWELVE), show=by_curve)
    own = [group("FrameVOILUTSequence", VOILUTSequence=Sequence([lut(curve if index == 1 else curve[::-1], 0, 16)])) for index in range(2)]
    for name, syntax in (("explicit", EXPLICIT), ("implicit", IMPLICIT)):
        made = dataset([TWELVE, TWELVE[::-1].copy()], bits=12, PerFrameFunctionalGroupsSequence=Sequence(own))
        yield Condition("lookup tables", f"VOI LUT of frame 2, {name}", saved(made, syntax), by_curve(TWELVE[::-1]), {"frame": 2}, show=by_curve)
    eight = pattern(8, shape=(16, 16))
    file = encapsulated(dataset(eight), [jpeg(np.full_like(eight, 90))], BASELINE)
    eight_table = attributes_of(lut(np.arange(255, -1, -1) * 257, 0, 16), True)
    show = table(np.arange(255, -1, -1) * 257, 0, 65535)
    yield Condition("sequences as UN", "VOI LUT in a JPEG file", inserted(file, sequence(0x28, 0x3010, "UN", [eight_table])), show(np.full_like(eight, 90)), tolerance=1, show=show)
    yield Condition("sequences as UN", "empty VOI LUT Sequence", inserted(saved(plain(**WINDOWED)), sequence(0x28, 0x3010, "UN", [])), SHOW(TWELVE), show=SHOW)
    made = saved(plain(**WINDOWED))
    shared = attributes_of(group("FrameVOILUTSequence", WindowCenter="1000", WindowWidth="800"), True)
    frame_show = linear(1000, 800)
    own = struct.pack("<HHI", 0x28, 0x9132, 0xFFFFFFFF) + tag(ITEM, 0xFFFFFFFF) + attributes_of(Dataset(), True) + struct.pack("<HHI", 0x28, 0x1050, 4) + b"1000" + struct.pack("<HHI", 0x28, 0x1051, 4) + b"800 " + tag(0xE00D, 0) + tag(0xE0DD, 0)
    yield Condition("sequences as UN", "window of the frame, undefined in defined", inserted(made, sequence(0x5200, 0x9230, "UN", [own])), frame_show(TWELVE), show=frame_show)
    yield Condition("sequences as UN", "window of all frames", inserted(made, sequence(0x5200, 0x9229, "UN", [shared])), frame_show(TWELVE), show=frame_show)


def implicit_items():
    word = struct.pack("<HHI", 0x2005, 0x1401, 4) + b"\1\0\0\0"
    deep = word
    for _level in range(6):
        deep = struct.pack("<HHI", 0x2005, 0x1410, 8 + len(deep)) + tag(ITEM, len(deep)) + deep
    open_ended = struct.pack("<HHI", 0x2005, 0x1410, 0xFFFFFFFF) + tag(ITEM, 0xFFFFFFFF) + word + tag(0xE00D, 0) + tag(0xE0DD, 0)
    for name, items in (("six deep", [deep]), ("undefined inside", [open_ended, word]), ("first item empty", [b"", word])):
        for undefined in (False, True):
            raw = attribute(0x2005, 0x10, "LO", b"SECRET") + sequence(0x2005, 0x100F, "SQ", items, undefined)
            yield Condition("implicit items in explicit files", f"{name}{', undefined' if undefined else ''}", inserted(saved(plain(**WINDOWED)), raw), SHOW(TWELVE), show=SHOW)
    curve = np.linspace(65535, 0, 4096).astype(int)
    show = table(curve, 0, 65535)
    for undefined in (False, True):
        name = ", undefined" if undefined else ""
        yield Condition("implicit items in explicit files", f"VOI LUT{name}", inserted(saved(plain()), sequence(0x28, 0x3010, "SQ", [attributes_of(lut(curve, 0, 16), True)], undefined)), show(TWELVE), show=show)
        scaled = attributes_of(group("PixelValueTransformationSequence", RescaleSlope="2", RescaleIntercept="-1024"), True)
        wide = linear(1000, 5000)
        yield Condition("implicit items in explicit files", f"shared rescale{name}", inserted(saved(plain(WindowCenter="1000", WindowWidth="5000")), sequence(0x5200, 0x9229, "SQ", [scaled], undefined)), wide(2.0 * VALUES - 1024), show=wide)
    eight = pattern(8, shape=(16, 16))
    raw = attribute(0x2005, 0x10, "LO", b"SECRET") + sequence(0x2005, 0x100F, "SQ", [word, word], True)
    flat = np.full_like(eight, 90)
    near = linear(128, 256)
    yield Condition("implicit items in explicit files", "in a JPEG file", inserted(encapsulated(dataset(flat, WindowCenter="128", WindowWidth="256"), [jpeg(flat)], BASELINE), raw), near(flat), tolerance=1, show=near)


def private():
    base = saved(plain(**WINDOWED))

    def raw(group_number, element, vr, value, long=False):
        head = struct.pack("<HH2s", group_number, element, vr if isinstance(vr, bytes) else vr.encode())
        return head + (struct.pack("<HI", 0, len(value)) if long else struct.pack("<H", len(value))) + value

    creator = attribute(0x0019, 0x10, "LO", b"SECRET")
    for name, more in (
        ("OB of odd length", raw(0x0019, 0x1001, "OB", b"\1\2\3", True)),
        ("UN of odd length", raw(0x0019, 0x1001, "UN", b"\xfe\xff\x00\xe0\x01", True)),
        ("LO of odd length", raw(0x0019, 0x1001, "LO", b"abc")),
        ("UT", raw(0x0019, 0x1001, "UT", b"SECRET", True)),
        ("VR ??", raw(0x0019, 0x1001, b"??", b"abcd")),
        ("VR of blanks", raw(0x0019, 0x1001, b"  ", b"abcd")),
        ("VR of zeros", raw(0x0019, 0x1001, b"\0\0", b"abcd")),
        ("VR OX", raw(0x0019, 0x1001, b"OX", b"abcd")),
        ("16 kB of bytes that look like attributes", raw(0x0019, 0x1001, "OB", (BEFORE_PIXELS + b"OW\0\0\4\0\0\0abcd") * 1000, True)),
        ("UN that begins like an item", raw(0x0019, 0x1001, "UN", tag(ITEM, 0xFFFF) + b"1234", True)),
        ("UN of undefined length, empty", struct.pack("<HH2sHI", 0x0019, 0x1001, b"UN", 0, 0xFFFFFFFF) + tag(0xE0DD, 0)),
    ):
        yield Condition("private elements and odd VRs", name, inserted(base, creator + more, BEFORE_IMAGE), SHOW(TWELVE), show=SHOW)
    known = saved(plain(RescaleSlope="1", RescaleIntercept="0", **WINDOWED))

    def as_un(file, *elements):
        for element in elements:
            at = file.index(struct.pack("<HH", 0x28, element))
            length = struct.unpack("<H", file[at + 6 : at + 8])[0]
            file = replaced(file, 0x28, element, raw(0x28, element, "UN", file[at + 8 : at + 8 + length], True))
        return file

    for name, elements in (("Rows and Columns", (0x10, 0x11)), ("bits", (0x100, 0x101, 0x102, 0x103)), ("Photometric Interpretation", (4,)), ("window", (0x1050, 0x1051)), ("rescale", (0x1052, 0x1053)), ("all of the Image Pixel module", (2, 4, 0x10, 0x11, 0x100, 0x101, 0x102, 0x103))):
        yield Condition("private elements and odd VRs", f"{name} as UN", as_un(known, *elements), SHOW(TWELVE), show=SHOW)
    signed = pattern(12, True, SHAPE)
    yield Condition("private elements and odd VRs", "padding as UN", as_un(saved(dataset(signed, bits=12, PixelPaddingValue=-2048, **WINDOWED)), 0x120), SHOW(signed), show=SHOW)
    icon = sequence(0x0088, 0x0200, "SQ", [attributes_of(dataset(np.full((4, 4), 200, np.uint8)), False)])
    yield Condition("private elements and odd VRs", "icon with pixels and an Image Pixel module before", inserted(base, icon), SHOW(TWELVE), show=SHOW)
    icon = sequence(0x0088, 0x0200, "UN", [attributes_of(dataset(np.full((4, 4), 200, np.uint8)), True)], True)
    yield Condition("private elements and odd VRs", "icon as UN", inserted(base, icon), SHOW(TWELVE), show=SHOW)
    stream = jpeg(np.full((8, 8), 200, np.uint8))
    fragments = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFFF) + tag(ITEM, 0) + tag(ITEM, len(stream) + len(stream) % 2) + stream + b"\0" * (len(stream) % 2) + tag(0xE0DD, 0)
    yield Condition("private elements and odd VRs", "icon with JPEG", inserted(base, sequence(0x0088, 0x0200, "SQ", [fragments], True)), SHOW(TWELVE), show=SHOW)


def odd_values():
    base = saved(plain(WindowCenter="2000", WindowWidth="3000", RescaleSlope="1", RescaleIntercept="0"))
    same = {"right": SHOW(TWELVE), "show": SHOW}
    yield Condition("odd lengths and blanks", "window of 3 and 5 bytes", text(text(base, 0x1050, "2E3"), 0x1051, "3000."), **same)
    yield Condition("odd lengths and blanks", "blanks before and behind", text(text(base, 0x1050, " 2000 "), 0x1051, "3000  "), **same)
    yield Condition("odd lengths and blanks", "zeros behind", text(text(base, 0x1050, b"2000\0\0"), 0x1051, b"3000\0\0"), **same)
    yield Condition("odd lengths and blanks", "plus and leading zeros", text(text(base, 0x1050, "+002000."), 0x1051, "003.0E+3"), **same)
    yield Condition("odd lengths and blanks", "Photometric Interpretation with zeros", replaced(base, 0x28, 4, attribute(0x28, 4, "CS", b"MONOCHROME2\0")), **same)
    yield Condition("odd lengths and blanks", "Photometric Interpretation of 11 bytes", text(base, 4, "MONOCHROME2", vr="CS"), **same)
    yield Condition("odd lengths and blanks", "Photometric Interpretation in small letters", text(base, 4, "monochrome2 ", vr="CS"), **same)
    yield Condition("odd lengths and blanks", "zeros behind the pixels", base + b"\0" * 512, **same)
    yield Condition("odd lengths and blanks", "padding behind the pixels", base + struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, 64) + b"\0" * 64, **same)
    yield Condition("odd lengths and blanks", "text behind the pixels", base + b"SECRET, appended by a mail program", **same)
    yield Condition("odd lengths and blanks", "group length wrong", inserted(base, struct.pack("<HH2sHI", 0x28, 0, b"UL", 4, 7), BEFORE_IMAGE), **same)
    yield Condition("odd lengths and blanks", "group length of pixels wrong", inserted(base, struct.pack("<HH2sHI", 0x7FE0, 0, b"UL", 4, 9)), **same)
    yield Condition("odd lengths and blanks", "groups out of order", inserted(base, attribute(0x0010, 0x2180, "SH", b"SECRET")), **same)
    yield Condition("odd lengths and blanks", "an attribute twice", inserted(base, attribute(0x28, 0x1050, "DS", b"2000"), b"\x28\0\x51\x10"), **same)
    at = base.rindex(BEFORE_PIXELS)
    yield Condition("odd lengths and blanks", "pixels as OB", base[: at + 4] + b"OB" + base[at + 6 :], **same)
    yield Condition("odd lengths and blanks", "pixels as UN", base[: at + 4] + b"UN" + base[at + 6 :], **same)
    more = base[: at + 8] + struct.pack("<I", TWELVE.nbytes + 6) + base[at + 12 :] + b"\0" * 6
    yield Condition("odd lengths and blanks", "six bytes of pixels too many", more, **same)
    odd = pattern(8, shape=(5, 7))
    short = saved(dataset(odd))
    at = short.rindex(BEFORE_PIXELS)
    yield Condition("odd lengths and blanks", "pixels of odd length", short[: at + 8] + struct.pack("<I", 35) + short[at + 12 : at + 47], full(odd))
    for name, element in (("Bits Stored", 0x101), ("High Bit", 0x102), ("Pixel Representation", 0x103), ("Samples per Pixel", 2)):
        values = pattern(16, shape=SHAPE)
        yield Condition("odd lengths and blanks", f"without {name}", replaced(saved(dataset(values)), 0x28, element, b""), full(values))
    yield Condition("odd lengths and blanks", "12 bits allocated", saved(plain(BitsAllocated=12)), None)


def explicit_of(file):
    """Of a file with a meta header: where its data set begins."""
    return 144 + struct.unpack("<I", file[140:144])[0]


def meta_headers():
    base = saved(plain(**WINDOWED))
    start = explicit_of(base)
    same = {"right": SHOW(TWELVE), "show": SHOW}
    meta = base[132:start]
    for name, preamble in (("TIFF in little endian", b"II*\0\x08\0\0\0"), ("TIFF in big endian", b"MM\0*\0\0\0\x08"), ("JPEG", b"\xff\xd8\xff\xe0\0\x10JFIF"), ("PNG", b"\x89PNG\r\n\x1a\n"), ("PDF", b"%PDF-1.7"), ("text", b"GIF89a")):
        yield Condition("preambles, meta headers", f"preamble is {name}", preamble.ljust(128, b"\0") + base[128:], **same)
    yield Condition("preambles, meta headers", "no preamble", base[132:], **same)
    yield Condition("preambles, meta headers", "no group length", base[:132] + meta[12:] + base[start:], **same)
    yield Condition("preambles, meta headers", "group length too short", base[:140] + struct.pack("<I", 20) + base[144:], **same)
    yield Condition("preambles, meta headers", "group length too long", base[:140] + struct.pack("<I", start) + base[144:], **same)
    yield Condition("preambles, meta headers", "no meta header behind DICM", base[:132] + base[start:], **same)
    yield Condition("preambles, meta headers", "no transfer syntax", replaced(base, 2, 0x10, b""), **same)
    for name, value in (("blanks behind", b"1.2.840.10008.1.2.1 "), ("a line end behind", b"1.2.840.10008.1.2.1\n"), ("two zeros behind", b"1.2.840.10008.1.2.1\0\0\0")):
        yield Condition("preambles, meta headers", f"transfer syntax with {name}", replaced(base, 2, 0x10, struct.pack("<HH2sH", 2, 0x10, b"UI", len(value)) + value), **same)
    implicit_meta = struct.pack("<HHI", 2, 0x10, 18) + b"1.2.840.10008.1.2\0"
    implicit = saved(plain(**WINDOWED), IMPLICIT)
    yield Condition("preambles, meta headers", "meta header in implicit VR", base[:132] + implicit_meta + implicit[explicit_of(implicit) :], **same)
    yield Condition("preambles, meta headers", "ACR-NEMA: no meta header, implicit, with group length", struct.pack("<HHII", 8, 0, 4, 0) + implicit[explicit_of(implicit) :], **same)
    yield Condition("preambles, meta headers", "no meta header, begins with group 0018", saved_from(base, 0x18), right=None, has_peers=False)


def saved_from(file, group_number):
    return file[file.index(struct.pack("<HH2s", group_number, 0x50, b"DS")) :] if struct.pack("<HH2s", group_number, 0x50, b"DS") in file else b"\x18\0\x50\0DS\2\0" + b"1 " + file[file.index(BEFORE_IMAGE) :]


def other_encodings():
    """The transfer syntax names one encoding, and the data set has another."""
    names = {"Explicit": EXPLICIT, "Implicit": IMPLICIT, "Big Endian": BIG, "Deflated": DEFLATED}
    files = {name: saved(plain(**WINDOWED), syntax) for name, syntax in names.items()}
    told = {"tells": "attributes are", "must_tell": True}
    for said, said_file in files.items():
        for written, file in files.items():
            if said != written:
                yield Condition("another encoding than said", f"says {said}, is {written}", said_file[: explicit_of(said_file)] + file[explicit_of(file) :], SHOW(TWELVE), show=SHOW, **told)
    for said, written in (("Explicit", "Implicit"), ("Implicit", "Explicit"), ("Explicit", "Big Endian")):
        whole = files[said]
        other = plain(**WINDOWED)
        file = saved(other, names[written])
        at = file.index(b"\0\x10\0\x10PN" if written == "Big Endian" else b"\x10\0\x10\0", explicit_of(file))
        yield Condition("another encoding than said", f"says {said}, is {written}, begins with group 0010", whole[: explicit_of(whole)] + file[at:], SHOW(TWELVE), show=SHOW, **told)


def deflated():
    whole = saved(plain(**WINDOWED), DEFLATED)
    start = explicit_of(whole)
    packed = whole[start:]
    content = zlib.decompressobj(-15).decompress(packed)
    same = {"right": SHOW(TWELVE), "show": SHOW}
    stored = zlib.compressobj(0, zlib.DEFLATED, -15)
    yield Condition("deflated", "stored blocks", whole[:start] + stored.compress(content) + stored.flush(), **same)
    fixed = zlib.compressobj(9, zlib.DEFLATED, -15, 8, zlib.Z_FIXED)
    yield Condition("deflated", "fixed codes", whole[:start] + fixed.compress(content) + fixed.flush(), **same)
    yield Condition("deflated", "zlib header, window of 512 bytes", whole[:start] + zlib_of(content, 9), **same)
    yield Condition("deflated", "zlib header, level 0", whole[:start] + zlib.compress(content, 0), **same)
    yield Condition("deflated", "zeros behind", packed_with(whole, start, packed, b"\0" * 512), **same)
    yield Condition("deflated", "text behind", packed_with(whole, start, packed, b"SECRET"), **same)


def zlib_of(content, window_bits):
    packer = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    return packer.compress(content) + packer.flush()


def packed_with(whole, start, packed, tail):
    return whole[:start] + packed + tail


def frame_numbers():
    frames = [pattern(12, shape=SHAPE, seed=seed) for seed in (1, 2, 3)]
    base = saved(dataset(frames, bits=12))

    def numbered(value):
        return text(base, 8, value, vr="IS")

    for name, file in (("missing", replaced(base, 0x28, 8, b"")), ("empty", numbered("")), ("0", numbered("0 ")), ("1", numbered("1 ")), ("a blank", numbered(" ")), ("zeros", numbered(b"\0\0"))):
        yield Condition("Number of Frames", name, file, full(frames[0]))
    for name, value in (("blanks around", " 3 "), ("plus", "+3"), ("leading zeros", "003 "), ("3.0", "3.0 "), ("odd length", "3"), ("zero behind", b"3\0")):
        yield Condition("Number of Frames", name, numbered(value), full(frames[2]), {"frame": 3})
    yield Condition("Number of Frames", "2 of 3", numbered("2 "), full(frames[1]), {"frame": 2})
    yield Condition("Number of Frames", "one too many", numbered("4 "), None)
    yield Condition("Number of Frames", "one too many, the first wanted", numbered("4 "), None, {"frame": 1})
    for value in ("-1", "3A", "1e9 "):
        yield Condition("Number of Frames", f"{value.strip()}", numbered(value), None)
    single = saved(plain())
    yield Condition("Number of Frames", "2 of a single one", inserted(single, attribute(0x28, 8, "IS", b"2 "), b"\x28\0\x10\0"), None)


def windows():
    def file(center, width, **attributes):
        made = saved(plain(WindowCenter="2000", WindowWidth="3000", **attributes))
        return text(text(made, 0x1050, center), 0x1051, width)

    def shown(name, content, show, **more):
        return Condition("windows", name, content, show(TWELVE), show=show, **more)

    ignored = {"tells": "no width and is ignored", "must_tell": True}
    yield shown("width 1", file("2000", "1 "), linear(2000, 1.0000001))
    yield shown("width 2", file("2000", "2 "), linear(2000, 2))
    yield shown("width 0", file("2000", "0 "), full, **ignored)
    yield shown("width 0.5", file("2000", "0.5 "), full, **ignored)
    yield shown("width negative", file("2000", "-300"), full, **ignored)
    yield shown("LINEAR_EXACT, width 0.5", file("2000", "0.5 ", VOILUTFunction="LINEAR_EXACT"), exact(2000, 0.5))
    yield shown("LINEAR_EXACT, width 0", file("2000", "0 ", VOILUTFunction="LINEAR_EXACT"), full, **ignored)
    yield shown("SIGMOID, width 0.5", file("2000", "0.5 ", VOILUTFunction="SIGMOID"), sigmoid(2000, 0.5))
    yield shown("SIGMOID, width 4000", file("1000", "4000", VOILUTFunction="SIGMOID"), sigmoid(1000, 4000))
    yield shown("function in small letters", file("2000", "3000", VOILUTFunction="LINEAR_EXACT"), exact(2000, 3000))
    yield shown("function unknown", text(file("2000", "3000", VOILUTFunction="LINEAR"), 0x1056, "CURVE ", vr="CS"), linear(2000, 3000), tells="VOI LUT Function", must_tell=True)
    yield shown("function empty", text(file("2000", "3000", VOILUTFunction="LINEAR"), 0x1056, "", vr="CS"), linear(2000, 3000))
    yield shown("empty", file("", ""), full)
    yield shown("blanks", file("  ", "  "), full)
    yield shown("center alone", replaced(file("2000", "3000"), 0x28, 0x1051, b""), full)
    yield shown("width alone", replaced(file("2000", "3000"), 0x28, 0x1050, b""), full)
    yield shown("first width 0, second possible", file("2000\\500", "0\\800"), linear(500, 800), **ignored)
    yield shown("three centers, two widths", file("2000\\500\\1", "3000\\800"), linear(500, 800), options={"window": 2})
    yield shown("one center, two widths", file("2000", "3000\\10"), linear(2000, 3000))
    yield shown("first center empty", file("\\500", "3000\\800"), linear(500, 800))
    yield shown("three windows, one explanation", inserted(file("2000\\500\\900", "3000\\800\\70"), attribute(0x28, 0x1055, "LO", b"SECRET")), linear(900, 70), options={"window": 3})
    yield shown("exponents", file("2.0E+03 ", "3e3 "), linear(2000, 3000))
    yield shown("huge", file("1E+30 ", "2E+30 "), linear(1e30, 2e30))
    yield shown("16 digits and more", file("2000.0000000000000001", "3000.0000000000000000000000000000000"), linear(2000, 3000))
    yield shown("in text", file("center", "wide"), full, tells="no number", must_tell=True)
    yield shown("hexadecimal", file("0x7D0 ", "0xBB8 "), full, tells="no number", must_tell=True)
    yield shown("infinite", file("1e999 ", "Infinity"), full, tells="no number", must_tell=True)
    yield shown("NaN", file("NaN ", "NaN "), full, tells="no number", must_tell=True)
    yield shown("second in text", file("2000\\x", "3000\\x"), linear(2000, 3000))
    yield Condition("windows", "MONOCHROME1, LINEAR_EXACT", saved(dataset(TWELVE, "MONOCHROME1", bits=12, WindowCenter="1500", WindowWidth="900", VOILUTFunction="LINEAR_EXACT")), turned(exact(1500, 900)(TWELVE)), show=exact(1500, 900))
    signed = pattern(12, True, SHAPE)
    yield Condition("windows", "MONOCHROME1, signed, SIGMOID", saved(dataset(signed, "MONOCHROME1", bits=12, WindowCenter="-100", WindowWidth="900", VOILUTFunction="SIGMOID")), turned(sigmoid(-100, 900)(signed)), show=sigmoid(-100, 900))


def commas():
    told = {"tells": "decimal comma", "must_tell": True}
    base = saved(plain(WindowCenter="2000", WindowWidth="3000", RescaleSlope="1", RescaleIntercept="0"))
    for name, center, width, show in (("one window", "1999,5", "2500,25", linear(1999.5, 2500.25)), ("second of two", "1,5\\1999,5", "2,5\\2500,0", linear(1999.5, 2500)), ("negative", "-0,5", "3000,0", linear(-0.5, 3000))):
        yield Condition("decimal commas", f"window, {name}", text(text(base, 0x1050, center), 0x1051, width), show(TWELVE), {"window": 2} if "second" in name else {}, show=show, **told)
    for name, slope, intercept, by, plus in (("slope alone", "0,25", "0 ", 0.25, 0), ("intercept alone", "1 ", "-1024,0", 1, -1024), ("exponents", "2,5e-1", "+1,0E+1", 0.25, 10), ("without a digit before", ",5", "0", 0.5, 0)):
        yield Condition("decimal commas", f"rescale, {name}", text(text(base, 0x1053, slope), 0x1052, intercept), SHOW(VALUES * by + plus), show=SHOW, tolerance=0 if by == 1 else 1, **told)
    yield Condition("decimal commas", "thousands: 1,024.5", text(base, 0x1052, "1,024.5"), None)
    yield Condition("decimal commas", "spacing", text(saved(plain(PixelSpacing=["1", "1"])), 0x30, "2,0\\1,0"), full(TWELVE), tells="2 times as high as wide", must_tell=True)


def rescales():
    base = saved(plain(WindowCenter="1000", WindowWidth="3000", RescaleSlope="1", RescaleIntercept="0"))
    show = linear(1000, 3000)

    def file(slope, intercept):
        return text(text(base, 0x1053, slope), 0x1052, intercept)

    for name, slope, intercept in (("negative", "-1", "4095"), ("negative fraction", "-0.5", "2000"), ("exponent", "1.5E+0", "-1.0e3"), ("no digit before the point", ".5", "-.5"), ("plus", "+2.0", "+1."), ("16 digits", "0.3333333333333333", "0.00000000000001")):
        by, plus = float(slope), float(intercept)
        yield Condition("rescale", name, file(slope, intercept), show(VALUES * by + plus), show=show, tolerance=0 if by == int(by) else 1)
    linear(0.0002, 0.0004)
    width = {"center": 1.5, "width": 3}
    yield Condition("rescale", "slope 0.001, window asked for", file("0.001", "0"), linear(1.5, 3)(VALUES * 0.001), {"window": width}, show=linear(1.5, 3), tolerance=1)
    yield Condition("rescale", "slope 1E-7, full", file("1E-7", "0"), full(VALUES * 1e-7), {"window": "full"}, tolerance=1)
    yield Condition("rescale", "slope 1E+7, full", file("1E+7", "-5E+9"), full(VALUES * 1e7 - 5e9), {"window": "full"}, tolerance=1)
    told = {"must_tell": True}
    yield Condition("rescale", "slope 0", file("0", "100"), show(VALUES + 100.0), show=show, tells="Rescale Slope of the file is 0", **told)
    yield Condition("rescale", "slope 0.0E0", file("0.0E0", "0"), show(TWELVE), show=show, tells="Rescale Slope of the file is 0", **told)
    yield Condition("rescale", "slope empty", file("", "100"), show(VALUES + 100.0), show=show, tells="no Rescale Slope", **told)
    yield Condition("rescale", "intercept empty", file("2", ""), show(VALUES * 2.0), show=show, tells="no Rescale Intercept", **told)
    for value in ("x", "NaN ", "1e999 ", "1.0.0 ", "--1 ", "0x2 ", "Infinity"):
        yield Condition("rescale", f"slope {value.strip()}", file(value, "0 "), None)
    yield Condition("rescale", "two slopes", file("2\\3 ", "10\\20"), show(VALUES * 2.0 + 10), show=show)
    curve = (np.sqrt(np.linspace(0, 1, 4096)) * 4095).astype(int)
    both = plain(WindowCenter="1000", WindowWidth="3000", RescaleSlope="2", RescaleIntercept="-100", ModalityLUTSequence=Sequence([lut(curve, 0, 12)]))
    yield Condition("rescale", "beside a Modality LUT", saved(both), show(curve[TWELVE]), has_peers=False)


def rescale_types():
    hounsfield = VALUES - 1024.0
    lung = linear(-600, 1500)
    for kind in (None, "HU", "HOUNSFIELD", "Hounsfield", "hu", "US", "", "HU ", "Hounsfield Unit"):
        made = plain(Modality="CT", RescaleSlope="1", RescaleIntercept="-1024")
        if kind is not None:
            made.RescaleType = kind
        told = {"tells": "Rescale Type", "must_tell": True} if kind == "US" else {}
        yield Condition("Rescale Type with --window lung", repr(kind), saved(made), lung(hounsfield), {"window": "lung"}, show=lung, **told)
    for kind, modality in (("OD", "CT"), ("HU_MOD", "CT"), ("Z_EFF", "CT"), ("US", "MR"), (None, "MR"), ("EDW", "CT"), ("mg/ml", "CT"), ("Z-effective", "CT")):
        made = plain(Modality=modality, RescaleSlope="1", RescaleIntercept="-1024")
        if kind is not None:
            made.RescaleType = kind
        yield Condition("Rescale Type with --window lung", f"{kind}, {modality}", saved(made), None, {"window": "lung"}, has_peers=False)


def tables():
    plain()
    told = {"tells": "shown as white", "must_tell": True}
    for said, top, first, vr, syntax in ((16, 1023, 0, "OW", EXPLICIT), (10, 4095, 0, "US", EXPLICIT), (8, 1023, -500, "OW", EXPLICIT), (16, 255, 0, "OW", IMPLICIT), (14, 4095, 100, "US", DEFLATED)):
        entries = np.linspace(0, top, 3000).astype(int)
        signed = first < 0
        values = pattern(12, signed, SHAPE)
        show = table(entries, first, top)
        made = dataset(values, bits=12, VOILUTSequence=Sequence([lut(entries, first, said, vr)]))
        yield Condition("lookup tables", f"VOI LUT, {said} said, {top} used, from {first}, {vr}", saved(made, syntax), show(values), show=show, **told)
    for name, syntax in (("implicit", IMPLICIT), ("big", BIG), ("deflated", DEFLATED)):
        entries = (np.linspace(0, 1, 4096) ** 2 * 65535).astype(int)
        show = table(entries, 0, 65535)
        yield Condition("lookup tables", f"VOI LUT as US, {name}", saved(plain(VOILUTSequence=Sequence([lut(entries, 0, 16, "US")])), syntax), show(TWELVE), show=show)
        yield Condition("lookup tables", f"VOI LUT, MONOCHROME1, {name}", saved(dataset(TWELVE, "MONOCHROME1", bits=12, VOILUTSequence=Sequence([lut(entries, 0, 16, "US")])), syntax), turned(show(TWELVE)), show=show)
    falling = np.linspace(65535, 0, 3000).astype(int)
    signed_twelve = pattern(12, True, SHAPE)
    show = table(falling, -1024, 65535)
    for name, made in (("of signed pixels", dataset(signed_twelve, bits=12)), ("after a rescale", plain(RescaleSlope="1", RescaleIntercept="-2048"))):
        item = lut(falling, 64512, 16)
        made.VOILUTSequence = Sequence([item])
        values = signed_twelve if name == "of signed pixels" else VALUES - 2048
        yield Condition("lookup tables", f"VOI LUT {name} from −1024, written as US", saved(made), show(values), show=show)
    high = pattern(16, shape=SHAPE)
    item = lut(falling, 0, 16)
    item.add_new("LUTDescriptor", "SS", [3000, 50000 - 65536, 16])
    show = table(falling, 50000, 65535)
    yield Condition("lookup tables", "VOI LUT from 50,000, written as SS", saved(dataset(high, VOILUTSequence=Sequence([item]))), show(high), show=show)
    whole = np.arange(65536)[::-1]
    sixteen = pattern(16, shape=SHAPE)
    show = table(whole, 0, 65535)
    yield Condition("lookup tables", "65,536 entries", saved(dataset(sixteen, VOILUTSequence=Sequence([lut(whole, 0, 16)]))), show(sixteen), show=show)
    signed = pattern(16, True, SHAPE)
    show = table(whole, -32768, 65535)
    item = lut(whole, -32768, 16)
    yield Condition("lookup tables", "65,536 entries from −32,768", saved(dataset(signed, VOILUTSequence=Sequence([item]))), show(signed), show=show)
    packed = Dataset()
    packed.add_new("LUTDescriptor", "US", [256, 0, 8])
    packed.add_new("LUTData", "OW", bytes(range(255, -1, -1)))
    eight = pattern(8, shape=SHAPE)
    show = table(np.arange(255, -1, -1), 0, 255)
    yield Condition("lookup tables", "8 bits packed into bytes", saved(dataset(eight, VOILUTSequence=Sequence([packed]))), show(eight), show=show)
    half = lut(np.arange(100), 0, 16)
    half["LUTDescriptor"].value = [256, 0, 16]
    half["LUTData"].value = bytes(range(255, -1, -1))
    yield Condition("lookup tables", "VOI LUT, 16 said, packed into bytes", saved(dataset(eight, VOILUTSequence=Sequence([half]))), show(eight), show=show, **told)
    raw = attributes_of(lut(np.linspace(65535, 0, 4096).astype(int), 0, 16), False).replace(b"\x06\x30OW", b"\x06\x30UN")
    show = table(np.linspace(65535, 0, 4096).astype(int), 0, 65535)
    yield Condition("lookup tables", "LUT Data as UN", inserted(saved(plain()), sequence(0x28, 0x3010, "SQ", [raw])), show(TWELVE), show=show)
    root = (np.sqrt(np.arange(4096) / 4095) * 4095).astype(int)
    show = linear(2000, 3000)
    made = plain(ModalityLUTSequence=Sequence([lut(root, 0, 12)]), WindowCenter="2000", WindowWidth="3000")
    yield Condition("lookup tables", "Modality LUT of 12 bits and a window", saved(made), show(root[TWELVE]), show=lambda values: show(root[TWELVE]))
    made = plain(ModalityLUTSequence=Sequence([lut(root, 0, 12)]), VOILUTSequence=Sequence([lut(np.arange(4096)[::-1], 0, 12)]))
    yield Condition("lookup tables", "Modality LUT and VOI LUT", saved(made), table(np.arange(4096)[::-1], 0, 4095)(root[TWELVE]), show=lambda values: table(np.arange(4096)[::-1], 0, 4095)(root[TWELVE]))
    unusable = {"tells": "too few entries", "must_tell": True}
    short = lut(np.arange(100), 0, 16)
    short["LUTDescriptor"].value = [150, 0, 16]
    none = Dataset()
    none.add_new("LUTData", "OW", np.arange(100, dtype="<u2").tobytes())
    for name, item in (("short", short), ("no descriptor", none), ("empty", Dataset())):
        yield Condition("lookup tables", f"VOI LUT {name}, --window", saved(plain(VOILUTSequence=Sequence([item]))), SHOW(TWELVE), {"window": {"center": 2000, "width": 3000}}, show=SHOW, **unusable)
        good = lut(np.linspace(65535, 0, 4096).astype(int), 0, 16)
        show = table(np.linspace(65535, 0, 4096).astype(int), 0, 65535)
        yield Condition("lookup tables", f"VOI LUT {name}, a good one behind", saved(plain(VOILUTSequence=Sequence([item, good]))), show(TWELVE), show=show, **unusable)
        yield Condition("lookup tables", f"Modality LUT {name} beside a rescale", saved(plain(ModalityLUTSequence=Sequence([item]), RescaleSlope="2", RescaleIntercept="-100", **WINDOWED)), SHOW(VALUES * 2.0 - 100), show=SHOW, **unusable)


def padding():
    values = TWELVE.copy().clip(200, 3000)
    values[:3] = 0
    kept = values[3:]

    def shown(seen):
        low, high = float(kept.min()), float(kept.max())
        return linear_between(low, high)(seen)

    def linear_between(low, high):
        return exact((low + high) / 2, high - low)

    low, high = float(kept.min()), float(kept.max())
    show = linear_between(low, high)
    yield Condition("padding", "0", saved(dataset(values, bits=12, PixelPaddingValue=0)), show(values), show=show)
    yield Condition("padding", "0 to 150", saved(dataset(np.where(values == 0, 150, values).astype(np.uint16), bits=12, PixelPaddingValue=0, PixelPaddingRangeLimit=150)), show(np.where(values == 0, 150, values)), show=show)
    yield Condition("padding", "limit before value", saved(dataset(np.where(values == 0, 150, values).astype(np.uint16), bits=12, PixelPaddingValue=150, PixelPaddingRangeLimit=0)), show(np.where(values == 0, 150, values)), show=show)
    signed = values.astype(np.int16) - 1000
    signed[:3] = -2000
    at = exact(low / 2 + high / 2 - 1000, high - low)
    made = saved(dataset(signed, PixelPaddingValue=-2000))
    yield Condition("padding", "−2000", made, at(signed), show=at)
    yield Condition("padding", "−2000 written as US", replaced(made, 0x28, 0x120, struct.pack("<HH2sHh", 0x28, 0x120, b"US", 2, -2000)), at(signed), show=at)
    scaled = exact(low + high - 100, 2 * (high - low))
    yield Condition("padding", "0, rescaled", saved(dataset(values, bits=12, PixelPaddingValue=0, RescaleSlope="2", RescaleIntercept="-100")), scaled(values * 2.0 - 100), show=scaled)
    yield Condition("padding", "MONOCHROME1, window", saved(dataset(values, "MONOCHROME1", bits=12, PixelPaddingValue=0, **WINDOWED)), turned(SHOW(values)), show=SHOW, tells="padding", must_tell=True)
    yield Condition("padding", "MONOCHROME1, no window", saved(dataset(values, "MONOCHROME1", bits=12, PixelPaddingValue=0)), turned(show(values)), show=show, tells="padding", must_tell=True)
    yield Condition("padding", "all of it", saved(dataset(np.full(SHAPE, 5, np.uint16), bits=12, PixelPaddingValue=5, **WINDOWED)), SHOW(np.full(SHAPE, 5)), show=SHOW)


def aspects():
    told = {"tells": "2 times as high as wide", "must_tell": True}
    for keyword, value in (("PixelSpacing", ["0.8", "0.4"]), ("ImagerPixelSpacing", ["0.2", "0.1"]), ("NominalScannedPixelSpacing", ["0.2", "0.1"]), ("PixelAspectRatio", ["2", "1"])):
        yield Condition("pixels that are not square", keyword, saved(plain(**{keyword: value})), full(TWELVE), **told)
    yield Condition("pixels that are not square", "1:2", saved(plain(PixelAspectRatio=["10", "20"])), full(TWELVE), tells="2 times as wide as high", must_tell=True)
    yield Condition("pixels that are not square", "colours", saved(dataset(np.zeros((*SHAPE, 3), np.uint8), PixelSpacing=["2", "1"])), np.zeros((*SHAPE, 3), np.uint8), **told)
    contradicting = {"tells": "contradict each other", "must_tell": True}
    yield Condition("pixels that are not square", "Pixel Spacing against the ratio", saved(plain(PixelSpacing=["1", "1"], PixelAspectRatio=["2", "1"])), full(TWELVE), **contradicting)
    yield Condition("pixels that are not square", "absurd", saved(plain(PixelSpacing=["1000", "1"])), full(TWELVE), tells="cannot be", must_tell=True)
    for name, value in (("zero", "0\\1 "), ("one value", "1 "), ("negative", "-2\\1"), ("text", "a\\b ")):
        yield Condition("pixels that are not square", f"spacing {name}", text(saved(plain(PixelSpacing=["1", "1"])), 0x30, value), full(TWELVE))


def character_sets():
    base = saved(plain(**WINDOWED))
    same = {"right": SHOW(TWELVE), "show": SHOW}
    for name, value, raw in (("ISO_IR 192", b"ISO_IR 192", "SECRET 山田".encode()), ("GB18030", b"GB18030 ", "SECRET 王小东".encode("gb18030")), ("ISO 2022 IR 87", b"\\ISO 2022 IR 87", b"SECRET \x1b$B;3ED\x1b(B"), ("unknown", b"SECRET-SET", b"SECRET \xff\xfe")):
        file = replaced(inserted(base, attribute(8, 5, "CS", value), b"\x08\0\x16\0"), 0x10, 0x10, attribute(0x10, 0x10, "PN", raw + b" " * (len(raw) % 2)))
        yield Condition("character sets", name, file, **same)
    explained = inserted(base, attribute(0x28, 0x1055, "LO", "表\\予".encode("shift_jis")))
    yield Condition("character sets", "explanation in Shift-JIS, whose letters hold backslashes", explained, **same)
