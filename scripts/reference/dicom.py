"""Small DICOM files of every kind, and the picture that pydicom makes of each: the reference of the DICOM tests.

    python scripts/reference/dicom.py --out test/fixtures/dicom

Writes the files, the pictures as PNG (gray where R = G = B), and pictures.json: a list of {file, frame, window, lossy,
expected, kind, syntax}. Encoders are pydicom's plugins, Pillow and GDCM; for JPEG Lossless with every predictor and HTJ2K, which they
lack, dcmjs-codecs (encode-frame.mjs); the frame of 12-bit JPEG is from a file of pydicom's. Every picture is decoded by pydicom's plugins. Pictures are not kept
twice: lossless files of the same content share theirs.
"""

import argparse
import base64
import hashlib
import io
import json
import logging
import subprocess
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import gdcm
import numpy as np
from dicom_picture import picture
from PIL import Image
from pydicom import dcmread, uid
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.filewriter import dcmwrite
from pydicom.pixels.utils import pack_bits
from pydicom.sequence import Sequence

ROWS, COLUMNS = 40, 48
ENCODER = Path(__file__).with_name("encode-frame.mjs")
LOSSY = {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless, uid.JPEG2000, uid.HTJ2K}


def pattern(bits, signed=False, shape=(ROWS, COLUMNS), seed=1):
    """A smooth pattern with noise that reaches both ends of the range of `bits` bits."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    smooth = (np.sin(x / 7.0 + seed) + np.cos(y / 5.0) + 2) / 4
    values = (smooth + rng.normal(0, 0.02, smooth.shape)).clip(0, 1) * (2**bits - 1)
    values.flat[:2] = 0, 2**bits - 1
    if signed:
        values -= 2 ** (bits - 1)
    kind = ("int" if signed else "uint") + ("8" if bits <= 8 else "16" if bits <= 16 else "32")
    return np.floor(values).astype(kind)


def colors(bits=8, shape=(ROWS, COLUMNS)):
    return np.stack([pattern(bits, shape=shape, seed=seed) for seed in (2, 3, 4)], -1)


def dataset(pixels, photometric=None, bits=None, **attributes):
    """`pixels`: (rows, columns), (rows, columns, 3) or a list of such frames. The patient is there to be never seen again."""
    frames = pixels if isinstance(pixels, list) else [pixels]
    first = frames[0]
    samples = first.shape[2] if first.ndim == 3 else 1
    made = Dataset()
    made.SOPClassUID = uid.SecondaryCaptureImageStorage
    made.SOPInstanceUID = "1.2.3.4.5"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    made.PatientName, made.PatientID, made.PatientBirthDate = "SECRET^PATIENT", "SECRET-ID", "19010203"
    made.StudyDescription = made.SeriesDescription = "SECRET TEXT"
    made.StudyDate = "20200102"
    made.Modality, made.InstanceNumber = "OT", 7
    made.Rows, made.Columns = first.shape[:2]
    made.SamplesPerPixel = samples
    made.PhotometricInterpretation = photometric or ("RGB" if samples == 3 else "MONOCHROME2")
    made.BitsAllocated = 8 * first.dtype.itemsize
    made.BitsStored = bits or made.BitsAllocated
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(first.dtype.kind == "i")
    if samples == 3:
        made.PlanarConfiguration = 0
    if len(frames) > 1:
        made.NumberOfFrames = len(frames)
    made.PixelData = b"".join(frame.tobytes() for frame in frames)
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    made["PixelData"].VR = "OB" if made.BitsAllocated <= 8 else "OW"
    return made


def saved(made, syntax=uid.ExplicitVRLittleEndian, preamble=True, meta=True):
    """The bytes of a file."""
    if len(made.PixelData) % 2:
        made.PixelData += b"\0"
    buffer = io.BytesIO()
    syntax = uid.UID(syntax)
    if syntax == uid.ExplicitVRBigEndian and made.BitsAllocated > 8:
        made.PixelData = np.frombuffer(made.PixelData, f"<u{made.BitsAllocated // 8}").byteswap().tobytes()
    if not meta:
        dcmwrite(buffer, made, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian, force_encoding=True)
        return buffer.getvalue()
    header = FileMetaDataset()
    header.TransferSyntaxUID = syntax
    header.MediaStorageSOPClassUID, header.MediaStorageSOPInstanceUID = made.SOPClassUID, made.SOPInstanceUID
    file = FileDataset(None, made, file_meta=header, preamble=b"\0" * 128, is_implicit_VR=syntax.is_implicit_VR, is_little_endian=syntax.is_little_endian)
    dcmwrite(buffer, file, enforce_file_format=True)
    return buffer.getvalue() if preamble else buffer.getvalue()[132:]


def encapsulated(made, frames, syntax, **options):
    made.PixelData = encapsulate(frames, **options)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return saved(made, syntax)


def compressed(made, syntax, **options):
    """By one of pydicom's plugins."""
    file = FileDataset(None, made, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    file.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    file.compress(syntax, generate_instance_uid=False, **options)
    buffer = io.BytesIO()
    file.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def by_gdcm(made, kind, folder):
    """The compressed frame, by GDCM, which works on files."""
    source, target = f"{folder}/in.dcm", f"{folder}/out.dcm"
    Path(source).write_bytes(saved(made))
    reader = gdcm.ImageReader()
    reader.SetFileName(source)
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(kind))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(target)
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    (frame,) = generate_frames(dcmread(target).PixelData, number_of_frames=1)
    return frame


def by_dcmjs(pixels, codec, bits, **parameters):
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    context = {
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "bitsAllocated": 8 * pixels.dtype.itemsize,
        "bitsStored": bits,
        "samplesPerPixel": samples,
        "pixelRepresentation": int(pixels.dtype.kind == "i"),
        "planarConfiguration": 0,
        "photometricInterpretation": "RGB" if samples == 3 else "MONOCHROME2",
    }
    job = {"codec": codec, "context": context, "parameters": parameters, "data": base64.b64encode(pixels.tobytes()).decode()}
    return subprocess.run(["node", ENCODER], input=json.dumps(job).encode(), stdout=subprocess.PIPE, check=True).stdout


def jpeg(pixels, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def without_jfif(stream):
    """DICOM wants no JFIF marker; the colours are those of the attributes then."""
    at = stream.index(b"\xff\xe0")
    return stream[:at] + stream[at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big") :]


def lut(entries, first, bits, vr="OW"):
    item = Dataset()
    item.add_new("LUTDescriptor", "US" if first >= 0 else "SS", [len(entries) % 65536, first, bits])
    item.add_new("LUTData", vr, np.asarray(entries, "<u2").tobytes() if vr == "OW" else [int(entry) for entry in entries])
    return item


def palette(first=0, count=256, bits=16, segmented=False):
    """The attributes of a palette; entries rise, fall and bend."""
    ramp = np.linspace(0, 2**bits - 1, count)
    tables = (ramp, ramp[::-1], np.abs(ramp - ramp[::-1]))
    attributes = {}
    for name, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        attributes[f"{name}PaletteColorLookupTableDescriptor"] = [count % 65536, first, bits]
        if not segmented:
            data = table.astype("<u2" if bits == 16 else "u1").tobytes()
            attributes[f"{name}PaletteColorLookupTableData"] = data + b"\0" * (len(data) % 2)
            continue
        # Two discrete entries, a line, and the last of it once more by reference.
        top = 2**bits - 1
        words = [0, 2, int(table[0]), int(table[1]), 1, count // 2 - 2, top // 3, 1, count - count // 2 - 5, 5]
        words += [2, 1, 0, 0, 0, 0] if bits == 8 else [2, 1, 0, 0]
        words += [1, 3, top]
        data = np.asarray(words, "<u2" if bits == 16 else "u1").tobytes()
        attributes[f"Segmented{name}PaletteColorLookupTableData"] = data + b"\0" * (len(data) % 2)
    return attributes


def group(keyword, **attributes):
    """An item of functional groups with one of them."""
    inner = Dataset()
    for name, value in attributes.items():
        setattr(inner, name, value)
    outer = Dataset()
    setattr(outer, keyword, Sequence([inner]))
    return outer


def merged(*items):
    whole = Dataset()
    for item in items:
        whole.update(item)
    return whole


def ybr(rgb):
    return np.asarray(Image.fromarray(rgb).convert("YCbCr"))


def subsampled(ycc):
    """Y1 Y2 Cb Cr for two pixels."""
    pairs = ycc.reshape(ycc.shape[0], -1, 2, 3)
    return np.concatenate([pairs[..., 0], pairs[:, :, :1, 1], pairs[:, :, :1, 2]], -1).tobytes()


def native():
    kinds = {
        "mono2-8": lambda: dataset(pattern(8)),
        "mono1-8": lambda: dataset(pattern(8), "MONOCHROME1"),
        "mono2-12": lambda: dataset(pattern(12), bits=12, WindowCenter=1500, WindowWidth=2000),
        "mono1-12": lambda: dataset(pattern(12), "MONOCHROME1", bits=12, WindowCenter=1500, WindowWidth=2000),
        "mono2-16": lambda: dataset(pattern(16)),
        "mono2-16-signed": lambda: dataset(pattern(16, True), RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=40, WindowWidth=20000),
        "mono2-8-odd": lambda: dataset(pattern(8, shape=(33, 35))),
        "rgb": lambda: dataset(colors()),
        "rgb-planes": lambda: dataset(colors(), PlanarConfiguration=1, PixelData=colors().transpose(2, 0, 1).tobytes()),
        "rgb-16": lambda: dataset(colors(16)),
        "ybr-full": lambda: dataset(ybr(colors()), "YBR_FULL"),
        "ybr-422": lambda: dataset(ybr(colors()), "YBR_FULL_422", PixelData=subsampled(ybr(colors()))),
        "palette-8": lambda: dataset(pattern(8), "PALETTE COLOR", **palette(bits=8)),
    }
    syntaxes = {
        "explicit": uid.ExplicitVRLittleEndian,
        "implicit": uid.ImplicitVRLittleEndian,
        "big": uid.ExplicitVRBigEndian,
        "deflated": uid.DeflatedExplicitVRLittleEndian,
    }
    for kind, make in kinds.items():
        for name, syntax in syntaxes.items():
            if kind == "palette-8" and name == "big":
                continue  # pydicom does not turn the words of a big-endian palette
            yield f"{kind}-{name}", saved(make(), syntax)


def rle():
    for kind, made in {
        "mono2-8": dataset(pattern(8)),
        "mono2-12": dataset(pattern(12), bits=12),
        "mono2-16-signed": dataset(pattern(16, True)),
        "mono2-8-odd": dataset(pattern(8, shape=(33, 35))),
        "rgb": dataset(colors()),
        "rgb-16": dataset(colors(16)),
        "ybr-full": dataset(ybr(colors()), "YBR_FULL"),
        "palette-16": dataset(pattern(8), "PALETTE COLOR", **palette()),
    }.items():
        yield f"{kind}-rle", compressed(made, uid.RLELossless, encoding_plugin="pydicom")


def jpegs():
    gray, rgb = pattern(8), colors()
    baseline = uid.JPEGBaseline8Bit
    yield "mono2-8-jpeg", encapsulated(dataset(gray), [jpeg(gray)], baseline)
    yield "mono1-8-jpeg", encapsulated(dataset(gray, "MONOCHROME1"), [jpeg(gray)], baseline)
    odd = pattern(8, shape=(33, 35))
    yield "mono2-8-odd-jpeg", encapsulated(dataset(odd), [jpeg(odd)], baseline)
    yield "mono2-8-progressive-jpeg", encapsulated(dataset(gray), [jpeg(gray, progressive=True)], baseline)
    yield "mono2-8-restart-jpeg", encapsulated(dataset(gray), [jpeg(gray, restart_marker_blocks=2)], baseline)
    for name, subsampling, photometric in (("444", 0, "YBR_FULL"), ("422", 1, "YBR_FULL_422"), ("420", 2, "YBR_FULL_422")):
        stream = jpeg(rgb, subsampling=subsampling)
        yield f"ybr-{name}-jpeg", encapsulated(dataset(rgb, photometric), [without_jfif(stream)], baseline)
        yield f"ybr-{name}-jfif-jpeg", encapsulated(dataset(rgb, photometric), [stream], baseline)
    yield "rgb-jpeg", encapsulated(dataset(rgb), [jpeg(rgb, keep_rgb=True)], baseline)
    yield "rgb-said-ybr-jpeg", encapsulated(dataset(rgb, "YBR_FULL_422"), [jpeg(rgb, keep_rgb=True)], baseline)
    yield "ybr-said-rgb-jpeg", encapsulated(dataset(rgb), [jpeg(rgb, subsampling=0)], baseline)
    twelve = pattern(12)
    extended = uid.JPEGExtended12Bit
    # Nothing here encodes lossy JPEG of 12 bits: the frame is that of a test file of pydicom's.
    (frame,) = generate_frames(dcmread(get_testdata_file("JPGExtended.dcm")).PixelData, number_of_frames=1)
    for photometric, name in (("MONOCHROME2", "mono2"), ("MONOCHROME1", "mono1")):
        made = dataset(np.zeros((1024, 256), np.uint16), photometric, bits=12, WindowCenter=100, WindowWidth=200)
        yield f"{name}-12-extended", encapsulated(made, [frame], extended)
    yield "mono2-8-extended", encapsulated(dataset(gray), [jpeg(gray)], extended)
    for kind, made in {
        "mono2-8": dataset(gray),
        "mono2-12": dataset(twelve, bits=12),
        "mono2-16": dataset(pattern(16)),
        "mono2-16-signed": dataset(pattern(16, True)),
        "rgb": dataset(rgb),
    }.items():
        with TemporaryDirectory() as folder:
            stream = by_gdcm(made, gdcm.TransferSyntax.JPEGLosslessProcess14_1, folder)
        yield f"{kind}-lossless-sv1", encapsulated(made, [stream], uid.JPEGLosslessSV1)
    for predictor in range(1, 8):
        stream = by_dcmjs(pattern(16), "Jpeg", 16, lossy=False, predictor=predictor)
        yield f"mono2-16-lossless-p{predictor}", encapsulated(dataset(pattern(16)), [stream], uid.JPEGLossless)
    yield "rgb-lossless-p4", encapsulated(dataset(rgb), [by_dcmjs(rgb, "Jpeg", 8, lossy=False, predictor=4)], uid.JPEGLossless)


def jpeg_ls():
    rgb = colors()
    for kind, made in {
        "mono2-8": dataset(pattern(8)),
        "mono2-8-odd": dataset(pattern(8, shape=(33, 35))),
        "mono2-10": dataset(pattern(10), bits=10),
        "mono2-12": dataset(pattern(12), bits=12),
        "mono2-16": dataset(pattern(16)),
        "mono2-16-signed": dataset(pattern(16, True)),
        "rgb": dataset(rgb),
        "rgb-planes": dataset(rgb, PlanarConfiguration=1, PixelData=rgb.transpose(2, 0, 1).tobytes()),
    }.items():
        yield f"{kind}-jls", compressed(made, uid.JPEGLSLossless, encoding_plugin="pyjpegls")
    for kind, made in {"mono2-8": dataset(pattern(8)), "mono2-12": dataset(pattern(12), bits=12), "rgb": dataset(rgb)}.items():
        yield f"{kind}-jls-near", compressed(made, uid.JPEGLSNearLossless, encoding_plugin="pyjpegls", jls_error=2)


def jpeg_2000():
    for kind, made in {
        "mono2-8": dataset(pattern(8)),
        "mono2-8-signed": dataset(pattern(8, True)),
        "mono2-8-odd": dataset(pattern(8, shape=(33, 35))),
        "mono2-12": dataset(pattern(12), bits=12),
        "mono2-12-signed": dataset(pattern(12, True), bits=12),
        "mono2-16": dataset(pattern(16)),
        "mono2-16-signed": dataset(pattern(16, True)),
        "rgb": dataset(colors()),
        "ybr-rct": dataset(colors(), "YBR_RCT"),
    }.items():
        yield f"{kind}-j2k", compressed(made, uid.JPEG2000Lossless, encoding_plugin="pylibjpeg")
    for kind, made in {"mono2-8": dataset(pattern(8)), "mono2-12": dataset(pattern(12), bits=12), "ybr-ict": dataset(colors(), "YBR_ICT")}.items():
        yield f"{kind}-j2k-lossy", compressed(made, uid.JPEG2000, encoding_plugin="pylibjpeg", j2k_cr=[4])
    for kind, pixels, bits in (
        ("mono2-8", pattern(8), 8),
        ("mono2-12", pattern(12), 12),
        ("mono2-12-signed", pattern(12, True), 12),
        ("mono2-16", pattern(16), 16),
        ("mono2-16-signed", pattern(16, True), 16),
        ("rgb", colors(), 8),
    ):
        photometric = "YBR_RCT" if pixels.ndim == 3 else None
        for name, syntax, progression in (("htj2k", uid.HTJ2KLossless, 0), ("htj2k-rpcl", uid.HTJ2KLosslessRPCL, 2)):
            stream = by_dcmjs(pixels, "HtJpeg2000", bits, lossy=False, progressionOrder=progression)
            yield f"{kind}-{name}", encapsulated(dataset(pixels, photometric, bits=bits), [stream], syntax)
        photometric = "YBR_ICT" if pixels.ndim == 3 else None
        yield f"{kind}-htj2k-lossy", encapsulated(dataset(pixels, photometric, bits=bits), [by_dcmjs(pixels, "HtJpeg2000", bits, lossy=True)], uid.HTJ2K)


def bits():
    one = (pattern(8) > 120).astype(np.uint8)
    yield "mono2-1", saved(dataset(one, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=pack_bits(one)))
    odd = (pattern(8, shape=(3, 7)) > 120).astype(np.uint8)
    frames = np.stack([odd, 1 - odd, odd[::-1]])
    made = dataset(odd, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3, PixelData=pack_bits(frames))
    yield "mono2-1-frames", saved(made), ({"frame": 1}, {"frame": 2}, {"frame": 3})
    yield "mono2-32", saved(dataset(pattern(32)))
    yield "mono2-32-signed", saved(dataset(pattern(32, True), RescaleSlope="0.001", RescaleIntercept=0))
    for stored in range(9, 16):
        for signed in (False, True):
            values = pattern(stored, signed)
            # What stands in the unused bits must not matter: turned over, the sign does not extend.
            dirty = (values.view(np.uint16) ^ np.uint16(0xFFFF << stored & 0xFFFF)).view(values.dtype)
            yield f"mono2-{stored}-of-16{'-signed' if signed else ''}", saved(dataset(dirty, bits=stored))
    for signed in (False, True):
        high = dataset((pattern(12, signed) << 4) | 5, bits=12, HighBit=15)
        yield f"mono2-high-bit-15{'-signed' if signed else ''}", saved(high)
    yield "mono2-high-bit-13", saved(dataset((pattern(12) << 2) | np.uint16(0x8001), bits=12, HighBit=13))
    yield "mono2-7-of-8", saved(dataset(pattern(7), bits=7))


def transforms():
    twelve = pattern(12)
    yield "rescale-fraction", saved(dataset(twelve, bits=12, RescaleSlope="0.37", RescaleIntercept="-17.5"))
    yield "rescale-negative", saved(dataset(twelve, bits=12, RescaleSlope="-2", RescaleIntercept="100", WindowCenter=-3000, WindowWidth=5000))
    yield "rescale-slope-only", saved(dataset(twelve, bits=12, RescaleSlope="3"))
    curve = (np.sqrt(np.linspace(0, 1, 3000)) * 65535).astype(int)
    yield "modality-lut-16", saved(dataset(twelve, bits=12, ModalityLUTSequence=Sequence([lut(curve, 500, 16)])))
    yield "modality-lut-8", saved(dataset(twelve, bits=12, ModalityLUTSequence=Sequence([lut(curve[::2] >> 8, 0, 8, "US")]))), ({}, {"window": [100, 120]})
    signed = dataset(pattern(12, True), bits=12, ModalityLUTSequence=Sequence([lut(curve, -1500, 16)]))
    yield "modality-lut-signed", saved(signed), ({}, {"window": [30000, 20000]})
    for size, name in ((8, "8"), (12, "12"), (16, "16")):
        entries = (np.linspace(1, 0, 2000) ** 2 * (2**size - 1)).astype(int)
        yield f"voi-lut-{name}", saved(dataset(twelve, bits=12, VOILUTSequence=Sequence([lut(entries, 1000, size)])))
    both = dataset(twelve, bits=12, VOILUTSequence=Sequence([lut(entries, 1000, 16), lut(entries[::-1], 1000, 16)]))
    both.WindowCenter, both.WindowWidth = [1000, 2000], [500, 3000]
    yield "voi-luts-and-windows", saved(both, uid.ImplicitVRLittleEndian), ({}, {"window": 1}, {"window": 2}, {"window": 3}, {"window": 4}, {"window": "full"})
    shifted = dataset(twelve, bits=12, RescaleSlope=1, RescaleIntercept=-1024, VOILUTSequence=Sequence([lut(entries, -500, 16)]))
    yield "voi-lut-signed", saved(shifted)
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        made = dataset(twelve, bits=12, WindowCenter=["1800.5", "600"], WindowWidth=["900", "1"], VOILUTFunction=function)
        yield f"window-{function.lower().replace('_', '-')}", saved(made), ({}, {"window": 2}, {"window": [2000, 700]}, {"window": "full"})
    padded = pattern(16, True).clip(-1000, 3000)
    padded[:5] = -2000
    yield "padding", saved(dataset(padded, PixelPaddingValue=-2000))
    padded[5:8] = -1999
    yield "padding-range", saved(dataset(padded, PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1500, RescaleSlope=-1, RescaleIntercept=0))
    yield "padding-only", saved(dataset(np.full((ROWS, COLUMNS), 9, np.uint8), PixelPaddingValue=9))
    yield "constant", saved(dataset(np.full((ROWS, COLUMNS), 9, np.uint8)))
    yield "constant-mono1", saved(dataset(np.full((ROWS, COLUMNS), 9, np.uint8), "MONOCHROME1"))
    ct = dataset(pattern(12), bits=12, RescaleSlope=1, RescaleIntercept=-1024, Modality="CT", WindowCenter=[40, -600], WindowWidth=[400, 1500])
    ct.ImagePositionPatient, ct.ImageOrientationPatient = [-100, -120.5, 33], [1, 0, 0, 0, 1, 0]
    ct.PixelSpacing, ct.SliceThickness, ct.ImageType = [0.7, 0.8], 2.5, ["ORIGINAL", "PRIMARY", "AXIAL"]
    ct.add_new(0x60000010, "US", ROWS)
    ct.add_new(0x60000011, "US", COLUMNS)
    ct.add_new(0x60003000, "OW", b"\x55" * (ROWS * COLUMNS // 8))
    # "lung" and "bone" are -600/1500 and 400/1800: Radiopaedia, see src/dicom/window-choice.ts.
    yield "ct", saved(ct), ({}, {"window": 2}, {"window": [-600, 1500], "asked": "lung"}, {"window": [400, 1800], "asked": "bone"})


def palettes():
    eight, sixteen = pattern(8), pattern(16)
    yield "palette-16-entries-16", saved(dataset(eight, "PALETTE COLOR", **palette()))
    yield "palette-first-50", saved(dataset(eight, "PALETTE COLOR", **palette(first=50, count=100)))
    yield "palette-of-16-bits", saved(dataset(sixteen, "PALETTE COLOR", **palette(count=65536)))
    yield "palette-segmented-16", saved(dataset(eight, "PALETTE COLOR", **palette(segmented=True)))
    yield "palette-segmented-8", saved(dataset(eight, "PALETTE COLOR", **palette(bits=8, segmented=True)))


def structures():
    gray = pattern(8)
    yield "no-preamble", saved(dataset(gray), preamble=False)
    for name, syntax in (("explicit", uid.ExplicitVRLittleEndian), ("implicit", uid.ImplicitVRLittleEndian), ("big", uid.ExplicitVRBigEndian)):
        yield f"no-meta-{name}", saved(dataset(pattern(12), bits=12), syntax, meta=False)
    nested = Dataset()
    inner = Dataset()
    inner.CodeValue, inner.CodeMeaning = "1", "SECRET"
    nested.ConceptNameCodeSequence = Sequence([inner, inner])
    for item in (nested, inner):
        item.is_undefined_length_sequence_item = True
    for name, syntax in (("explicit", uid.ExplicitVRLittleEndian), ("implicit", uid.ImplicitVRLittleEndian)):
        made = dataset(gray, AcquisitionContextSequence=Sequence([nested, nested]))
        made["AcquisitionContextSequence"].is_undefined_length = True
        nested["ConceptNameCodeSequence"].is_undefined_length = True
        yield f"undefined-lengths-{name}", saved(made, syntax)
    made = dataset(gray)
    made.add_new(0x00191001, "UN", b"\xfe\xff\x00\xe0" * 3)
    made.add_new(0xFFFCFFFC, "OB", b"\0" * 16)
    yield "private-and-trailing", saved(made)
    frames = [pattern(8, seed=seed) for seed in (1, 2, 3)]
    asked = ({}, {"frame": 2}, {"frame": 3})
    yield "frames", saved(dataset(frames)), asked
    streams = [jpeg(frame) for frame in frames]
    baseline = uid.JPEGBaseline8Bit
    for name, options in (("bot", {}), ("no-bot", {"has_bot": False}), ("fragments", {"fragments_per_frame": 3}), ("fragments-no-bot", {"fragments_per_frame": 3, "has_bot": False})):
        yield f"frames-jpeg-{name}", encapsulated(dataset(frames), streams, baseline, **options), asked
    yield "fragments-jpeg", encapsulated(dataset(gray), [jpeg(gray)], baseline, fragments_per_frame=5, has_bot=False)
    made = dataset(frames)
    made.PixelData, made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = encapsulate_extended(streams)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    yield "frames-jpeg-extended-offsets", saved(made, baseline), asked
    yield "frames-rle", compressed(dataset(frames), uid.RLELossless, encoding_plugin="pydicom"), asked
    rgb = [colors(), colors()[::-1]]
    yield "frames-rgb", saved(dataset(rgb)), ({}, {"frame": 2})
    for name, syntax in (("explicit", uid.ExplicitVRLittleEndian), ("implicit", uid.ImplicitVRLittleEndian)):
        made = dataset([pattern(12, seed=seed) for seed in (1, 2, 3)], bits=12, Modality="MR")
        made.SharedFunctionalGroupsSequence = Sequence([merged(
            group("PixelValueTransformationSequence", RescaleSlope="2", RescaleIntercept="-100", RescaleType="US"),
            group("PixelMeasuresSequence", PixelSpacing=[0.5, 0.6], SliceThickness=3),
            group("PlaneOrientationSequence", ImageOrientationPatient=[1, 0, 0, 0, 0, -1]),
        )])
        made.PerFrameFunctionalGroupsSequence = Sequence([merged(
            group("FrameVOILUTSequence", WindowCenter=1000 * (index + 1), WindowWidth=3000),
            group("PlanePositionSequence", ImagePositionPatient=[0, 0, 3 * index]),
            *([group("PixelValueTransformationSequence", RescaleSlope="5", RescaleIntercept="7")] if index == 2 else []),
        ) for index in range(3)])
        yield f"enhanced-{name}", saved(made, syntax), (*asked, {"frame": 3, "window": "full"})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        old.unlink()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    rows = []
    for maker in (native, rle, jpegs, jpeg_ls, jpeg_2000, bits, transforms, palettes, structures):
        for name, content, *asked in maker():
            (out / f"{name}.dcm").write_bytes(content)
            read = dcmread(io.BytesIO(content), force=True)
            if not hasattr(read.get("file_meta", read.file_meta), "TransferSyntaxUID"):
                implicit, little = read.original_encoding
                read.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
            syntax = read.file_meta.TransferSyntaxUID
            for question in asked[0] if asked else ({},):
                window = question.get("window")
                given = tuple(window) if isinstance(window, list) else window - 1 if isinstance(window, int) else window
                expected = picture(read, question.get("frame", 1) - 1, given)
                seen = hashlib.sha256(repr(expected.shape).encode() + expected.tobytes()).hexdigest()[:16]
                Image.fromarray(expected).save(out / f"{seen}.png", optimize=True)
                row = {"file": f"{name}.dcm", "frame": question.get("frame"), "lossy": syntax in LOSSY, "expected": f"{seen}.png"}
                chosen = question.get("asked", {"center": window[0], "width": window[1]} if isinstance(window, list) else window)
                row |= {"window": chosen, "kind": f"{read.PhotometricInterpretation} {read.BitsStored}", "syntax": syntax.name}
                rows.append({key: value for key, value in row.items() if value is not None})
    lines = ",\n".join(f" {json.dumps(row)}" for row in rows)
    (out / "pictures.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
