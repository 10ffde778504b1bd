"""Conditions whose only right outcome is a clear refusal, and files that are found through a folder or a DICOMDIR."""

from dicom import colors, compressed, dataset, encapsulated, jpeg, pattern, saved
from dicom_condition import Condition, full
from dicom_frames import compressed_file, items, jpeg_ls, with_syntax
from dicom_odd import attribute, sequence
from pydicom import uid

SHAPE = (12, 16)
CLASSES = {
    "structured report": "88.33",
    "key object selection": "88.59",
    "ECG": "9.1.1",
    "presentation state": "11.1",
    "RT structure set": "481.3",
    "RT plan": "481.5",
    "PDF": "104.1",
    "raw data": "66",
    "registration": "66.1",
    "3D model": "104.3",
    "MR spectroscopy": "4.2",
    "annotations": "91.1",
    "radiation set": "481.12",
    "unknown": "999.9",
}
SYNTAXES = {
    "MPEG-2": "1.2.840.10008.1.2.4.100",
    "H.264 in fragments": "1.2.840.10008.1.2.4.102.1",
    "HEVC": "1.2.840.10008.1.2.4.107",
    "JPEG XL": "1.2.840.10008.1.2.4.112",
    "JPIP": "1.2.840.10008.1.2.4.94",
    "JPEG 2000 Part 2": "1.2.840.10008.1.2.4.92",
    "retired JPEG 55": "1.2.840.10008.1.2.4.55",
    "private": "1.3.46.670589.33.1.4.1",
    "text instead of a UID": "SECRET",
}


def conditions():
    for part in (without_pixels, other_syntaxes, impossible, slides, cut_off, folders):
        yield from part()


def without_pixels():
    for name, own in CLASSES.items():
        made = dataset(pattern(8, shape=SHAPE))
        made.SOPClassUID = f"1.2.840.10008.5.1.4.1.1.{own}"
        file = saved(made)
        yield Condition("not read: refused by name", name, file[: file.rindex(b"\xe0\x7f\x10\x00")], None)


def other_syntaxes():
    for name, syntax in SYNTAXES.items():
        yield Condition("not read: refused by name", name, with_syntax(compressed_file(items([jpeg_ls(pattern(8, shape=SHAPE))]), uid.JPEGLSLossless, 1), syntax), None)


def impossible():
    values = pattern(8, shape=SHAPE)
    for name, attributes in (("more rows than pixels", {"Rows": 13}), ("no columns", {"Columns": 0}), ("2 samples", {"SamplesPerPixel": 2}), ("4 samples", {"SamplesPerPixel": 4, "PhotometricInterpretation": "ARGB"}), ("9 bits of 8", {"BitsStored": 9}), ("Photometric Interpretation in free text", {"PhotometricInterpretation": "SECRET"}), ("60,000 × 60,000", {"Rows": 60000, "Columns": 60000})):
        yield Condition("attributes that cannot be", name, saved(dataset(values, **attributes)), None)
    yield Condition("attributes that cannot be", "a frame that is not there", saved(dataset(values)), None, {"frame": 2}, has_peers=False)
    yield Condition("attributes that cannot be", "a window for colours", saved(dataset(colors(8, SHAPE))), None, {"window": "full"}, has_peers=False)


def slides():
    """A tile is not the picture of a slide, unless it is the only one."""
    tile = colors(8, SHAPE)
    slide = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.6", "DimensionOrganizationType": "TILED_FULL", "TotalPixelMatrixColumns": 32, "TotalPixelMatrixRows": 24}
    for name, frames, attributes, options in (
        ("four tiles", 4, {}, {}),
        ("four tiles, sparse", 4, {"DimensionOrganizationType": "TILED_SPARSE"}, {}),
        ("one tile of a bigger matrix", 1, {}, {}),
        ("tiles of another class", 4, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, {}),
    ):
        made = dataset([tile] * frames)
        for keyword, value in (slide | attributes).items():
            setattr(made, keyword, value)
        yield Condition("slides in tiles", name, saved(made), None, options, has_peers=False)
        yield Condition("slides in tiles", f"{name}, --frame {frames}", saved(made), tile, {"frame": frames})
    whole = dataset(tile, TotalPixelMatrixColumns=16, TotalPixelMatrixRows=12)
    whole.SOPClassUID = slide["SOPClassUID"]
    yield Condition("slides in tiles", "a single tile", saved(whole), tile)


def cut_off():
    values = pattern(8, shape=(40, 48))
    stream = jpeg(values)
    for name, file, bytes_left_out in (
        ("native", saved(dataset(values)), 1),
        ("native, half", saved(dataset(values)), 960),
        ("JPEG", encapsulated(dataset(values), [stream], uid.JPEGBaseline8Bit), len(stream) // 2),
        ("JPEG-LS", compressed(dataset(values), uid.JPEGLSLossless, encoding_plugin="pyjpegls"), 200),
        ("JPEG 2000", compressed(dataset(values), uid.JPEG2000Lossless, encoding_plugin="pylibjpeg"), 200),
        ("RLE", compressed(dataset(values), uid.RLELossless, encoding_plugin="pydicom"), 200),
        ("deflated", saved(dataset(values), uid.DeflatedExplicitVRLittleEndian), 200),
        ("in the attributes", saved(dataset(values))[:400], 0),
    ):
        yield Condition("cut off", name, file[: len(file) - bytes_left_out], None, damaged=True)


def directory(*ids):
    records = [attribute(4, 0x1430, "CS", b"IMAGE") + attribute(4, 0x1500, "CS", one.encode()) for one in ids]
    file = saved(dataset(pattern(8, shape=SHAPE)))
    start = 144 + int.from_bytes(file[140:144], "little")
    return file[:start] + sequence(4, 0x1220, "SQ", records)


def folders():
    values = pattern(8, shape=SHAPE)
    file = saved(dataset(values))
    right = full(values)
    for number, (name, listed, on_disk) in enumerate((("as listed", "IMAGES\\IM1", "IMAGES/IM1"), ("in small letters", "IMAGES\\IM1", "images/im1"), ("with .dcm", "IMAGES\\IM1", "IMAGES/IM1.dcm"), ("with a point behind", "IMAGES\\IM1", "IMAGES/IM1."), ("with a version behind", "IM1", "IM1;1"), ("in mixed letters and .DCM", "A\\B\\C\\IM1", "a/B/c/Im1.DCM"))):
        for call in ("DICOMDIR", ""):
            folder = f"disc-{number}-{call or 'folder'}"
            yield Condition("DICOMDIR and folders", f"{name}, {call or 'its folder'}", {f"{folder}/DICOMDIR": directory(listed), f"{folder}/{on_disk}": file}, right, source=f"{folder}/{call}".rstrip("/"), has_peers=False)
    others = {
        "a folder with one image and notes": ({"one/a/b/scan": file, "one/README.txt": b"hello"}, "one", right),
        "a folder with two images": ({"two/1.dcm": file, "two/2.dcm": file}, "two", None),
        "a DICOMDIR that lists two": ({"lists/DICOMDIR": directory("IM1", "IM2"), "lists/IM1": file, "lists/IM2": file}, "lists/DICOMDIR", None),
        "a DICOMDIR whose file is missing": ({"missing/DICOMDIR": directory("IM1")}, "missing/DICOMDIR", None),
        "a DICOMDIR that points out of its folder": ({"outside/DICOMDIR": directory("..\\one\\a\\b\\scan")}, "outside/DICOMDIR", None),
    }
    for name, (files, source, seen) in others.items():
        yield Condition("DICOMDIR and folders", name, files, seen, source=source, has_peers=False)
