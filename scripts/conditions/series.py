"""Folders, files and DICOMDIRs of small DICOM slices, each odd in one way: conditions for compare.mjs, with what peers make of them.

    python scripts/conditions/series.py --out DIR
    node scripts/conditions/compare.mjs DIR

Which slices make a volume, and in which order, is known here, as the files are made from it: nothing is read back. A folder with several volumes gives a condition
without --volume, which must be refused with a list, and one for each volume. Names of files are in no order that means anything.
"""

import argparse
import copy
import gzip
import itertools
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from nifti import linear  # noqa: E402
from series import WINDOWS, csa_header, windowed  # noqa: E402
from volume_peers import verdicts  # noqa: E402

SIDE = 16
AXIAL, CORONAL, SAGITTAL = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1]
ROOT = "1.2.826.0.1.3680043.8.498.1"
CLASSES = {"CT": uid.CTImageStorage, "MR": uid.MRImageStorage, "PT": uid.PositronEmissionTomographyImageStorage, "US": uid.UltrasoundImageStorage, "CR": uid.ComputedRadiographyImageStorage,
           "MG": uid.DigitalMammographyXRayImageStorageForPresentation, "NM": uid.NuclearMedicineImageStorage, "XA": uid.XRayAngiographicImageStorage}
SHUFFLED = [7, 2, 9, 4, 1, 8, 3, 10, 6, 5, 13, 11, 16, 12, 15, 14]

OUT = Path()
CONDITIONS = []
RANDOM = np.random.default_rng(18)
NUMBERS = itertools.count(1)


# --- what a file holds -------------------------------------------------------------------------------------------------------------------------------------


def noise(modality="CT", shape=(SIDE, SIDE)):
    low, high = (-1000, 1400) if modality == "CT" else (0, 1000)
    return RANDOM.integers(low, high, shape)


def item(fields):
    """A dataset from {keyword: value}; a dict, or a list of them, is a sequence."""
    made = Dataset()
    for name, value in fields.items():
        is_sequence = isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict))
        setattr(made, name, Sequence([item(one) for one in (value if isinstance(value, list) else [value])]) if is_sequence else value)
    return made


def private(made, group, creator, elements, block=0x10):
    made.add_new((group, block), "LO", creator)
    for element, vr, value in elements:
        made.add_new((group, block << 8 | element), vr, value)


def dataset(values, modality="CT", **attributes):
    """@param attributes: None takes one away; a callable does what no keyword can."""
    made = Dataset()
    made.SOPClassUID = CLASSES[modality]
    made.SOPInstanceUID = f"{ROOT}.{next(NUMBERS)}"
    made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = f"{ROOT}.0.1", f"{ROOT}.0.2", f"{ROOT}.0.3"
    made.SeriesNumber, made.Modality, made.ImageType = 1, modality, ["ORIGINAL", "PRIMARY", "AXIAL" if modality == "CT" else "M"]
    made.PatientName, made.PatientID, made.SeriesDescription, made.PatientPosition = "SECRET^PATIENT", "SECRET-ID", "SECRET TEXT", "HFS"
    made.StudyDate, made.SeriesTime, made.Manufacturer = "20260101", "100000", "SIEMENS"
    stored = np.asarray(values)
    frames = stored if stored.ndim == 3 and stored.shape[-1] != 3 else stored[None]
    made.Rows, made.Columns = frames.shape[1:3]
    if modality == "CT":
        stored, made.RescaleSlope, made.RescaleIntercept, made.RescaleType = stored + 1024, 1, -1024, "HU"
    elif modality not in ("MR", "US"):
        made.WindowCenter, made.WindowWidth = 500, 1000
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
    made.PixelSpacing, made.SliceThickness = [1, 1], 3
    if len(frames) > 1 or stored.ndim == 3 and stored.shape[-1] != 3:
        made.NumberOfFrames = len(frames)
    made.PixelData = stored.astype("<u2").tobytes()
    for name, value in attributes.items():
        if callable(value):
            value(made)
        elif value is None:
            delattr(made, name) if name in made else None
        else:
            made.update(item({name: value}))
    return made


def save(path, made, syntax=uid.ExplicitVRLittleEndian, cut=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID, made.file_meta.MediaStorageSOPInstanceUID = made.SOPClassUID, made.SOPInstanceUID
    if syntax in (uid.RLELossless, uid.JPEGLSLossless):
        made.compress(syntax, generate_instance_uid=False)
        pydicom.dcmwrite(path, made, enforce_file_format=True)
    elif syntax is None:
        pydicom.dcmwrite(path, made)  # no preamble, no "DICM"
    else:
        if syntax == uid.ExplicitVRBigEndian:
            made.PixelData = np.frombuffer(made.PixelData, "<u2").astype(">u2").tobytes()
        made.file_meta.TransferSyntaxUID = syntax
        made["PixelData"].VR = "OW"
        pydicom.dcmwrite(path, made, implicit_vr=syntax == uid.ImplicitVRLittleEndian, little_endian=syntax != uid.ExplicitVRBigEndian, enforce_file_format=True)
    if cut is not None:
        path.write_bytes(path.read_bytes()[:cut])


class Slice:
    def __init__(self, values, made, name=None, syntax=uid.ExplicitVRLittleEndian, cut=None):
        self.values, self.made, self.name, self.syntax, self.cut = values, made, name, syntax, cut


def stack(count, modality="CT", at=lambda i: (-8, -8, 3 * i), name=None, shape=(SIDE, SIDE), syntax=None, numbers=None, orientation=AXIAL, **attributes):
    """Slices in order. What is given as a function is called with the place in the stack, from 0."""
    made = []
    for i in range(count):
        values = noise(modality, shape)
        own = {key: value(i) if callable(value) and key != "patch" else value for key, value in attributes.items()}
        position = at(i)
        number = i + 1 if numbers is None else numbers(i)
        places = {"ImagePositionPatient": None if position is None else [round(float(v), 6) for v in position], "ImageOrientationPatient": orientation, "InstanceNumber": number}
        made.append(Slice(values, dataset(values, modality, **{**places, **own}), None if name is None else name(i), uid.ExplicitVRLittleEndian if syntax is None else syntax(i)))
    return made


# --- conditions --------------------------------------------------------------------------------------------------------------------------------------------


def levels(volume, modality, window=None):
    """A volume as the model sees it: the formulas of scripts/reference."""
    if modality == "CT" and window is None:
        return np.stack([windowed(values, WINDOWS["v1.5"]) for values in volume])
    if modality == "MR" and window is None:
        span = (min(np.min(values) for values in volume), max(np.max(values) for values in volume))
        return np.stack([windowed(values, [span] * 3) for values in volume])
    return np.stack([values if values.ndim == 3 else linear(values, *(window or (500, 1000))) for values in volume]).astype(np.uint8)


def condition(name, kind, source, volume=None, modality="CT", options=None, peers=None, call="series", rgb=None, **rest):
    """@param volume: the values of the slices that are right, in order; None: only a refusal is."""
    right = None
    if volume is not None:
        rgb = levels(volume, modality) if rgb is None else rgb
        file = f"right-{name.replace('/', '-')}.gz"
        (OUT / file).write_bytes(gzip.compress(rgb.tobytes(), 1, mtime=0))
        right = {"width": rgb.shape[2], "height": rgb.shape[1], "count": len(rgb), "file": file}
    CONDITIONS.append({"id": name, "kind": kind, "call": call, "source": source, "right": right, **({"options": options} if options else {}), **({"peers": peers} if peers else {}), **rest})


def folder(name, kind, *volumes, others=(), modality="CT", options=None, taken=None, peers=True, under="", write=True, **rest):
    """
    A folder of the volumes (lists of Slice) and of other files.

    @param taken: of several volumes, which one is right without a choice, from 0; -1: none, the series must be refused
    """
    path = OUT / name
    files = [one for volume in volumes for one in volume] + list(others)
    if write:
        order = RANDOM.permutation(len(files))
        for place, k in enumerate(order):
            one = files[k]
            save(path / under / (one.name or f"{place:03}.dcm"), one.made, one.syntax, one.cut)
    values = [[one.values for one in volume] for volume in volumes]
    said = verdicts(path, values) if peers else None
    judge(name, kind, values, name, modality, options, taken, said, rest)


def file(name, kind, made, *volumes, modality="MR", options=None, taken=None, peers=True, syntax=uid.ExplicitVRLittleEndian, **rest):
    """One file with several frames. @param volumes: lists of the values of their slices, in order"""
    save(OUT / f"{name}.dcm", made, syntax)
    said = verdicts(OUT / f"{name}.dcm", volumes) if peers else None
    judge(name, kind, volumes, f"{name}.dcm", modality, options, taken, said, rest)


def judge(name, kind, volumes, source, modality, options, taken, said, rest):
    if len(volumes) == 1 or taken is not None:
        volume = None if taken == -1 else volumes[taken or 0]
        condition(name, kind, source, volume, modality, options, said, **rest)
        return
    condition(name, kind, source, None, modality, options, said, **rest)
    for k, volume in enumerate(volumes):
        condition(f"{name}/{k + 1}", kind, source, volume, modality, {**(options or {}), "volume": k + 1}, **rest)


# --- the kinds ---------------------------------------------------------------------------------------------------------------------------------------------


def turned(degrees, about="x"):
    """Cosines of an axial slice that is turned about an axis of the patient."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return [round(float(v), 6) for v in ([1, 0, 0, 0, c, -s] if about == "x" else [c, 0, s, 0, 1, 0])]


def along(orientation, start=(-50.0, -60.0, 40.0)):
    normal = np.cross(orientation[:3], orientation[3:])
    return lambda mm: tuple(np.array(start) + normal * mm)


def places(distances):
    return list(np.concatenate([[0], np.cumsum(distances)]))


def one_volume():
    kind = "one volume: order, distance, tilt"
    folder("reversed", kind, stack(10, at=lambda i: (0, 0, -3 * i)))
    folder("numbers-random", kind, stack(10, numbers=lambda i: [4, 5, 1, 6, 8, 2, 7, 9, 3, 10][i]))
    folder("numbers-equal", kind, stack(10, numbers=lambda i: 1))
    folder("numbers-absent", kind, stack(10, numbers=lambda i: None))
    folder("numbers-some-absent", kind, stack(10, numbers=lambda i: i + 1 if i % 3 else None))
    folder("numbers-huge", kind, stack(10, numbers=lambda i: 2_000_000_000 + i))
    folder("numbers-negative", kind, stack(10, numbers=lambda i: i - 5))
    for degrees in (12, 30, -22):
        folder(f"gantry-{degrees}", kind, stack(10, orientation=turned(degrees), at=lambda i: (-8, -8, 3 * i), GantryDetectorTilt=degrees))
    for name, orientation in (("coronal", CORONAL), ("sagittal", SAGITTAL), ("oblique", [0.8, 0.6, 0, 0, 0, -1]), ("oblique-twice", [0.96, 0.28, 0, -0.168, 0.576, -0.8])):
        place = along(orientation)
        folder(f"plane-{name}", kind, stack(9, "MR", orientation=orientation, at=lambda i, place=place: place(4 * i)), modality="MR")
    for mm in (0.009, 0.0045, 0.02, 0.0015):
        folder(f"micro-{mm}", kind, stack(10, at=lambda i, mm=mm: (0, 0, mm * i), PixelSpacing=[mm, mm], SliceThickness=mm))
    folder("micro-gap", kind, stack(10, at=lambda i: (0, 0, 0.009 * (i if i < 5 else i + 20)), SliceThickness=0.009), tells="gap", mustTell=True)
    steps = places([1.5] * 5 + [3] * 5)
    folder("distance-grows", kind, stack(11, at=lambda i: (0, 0, steps[i]), SliceThickness=lambda i: 1.5 if i < 5 else 3))
    thick = places([2] * 6 + [8] * 5)
    folder("distance-two-thicknesses", kind, stack(12, at=lambda i: (0, 0, thick[i]), SliceThickness=lambda i: 2 if i < 6 else 8), tells="gap", mustTell=True)
    folder("gap-one", kind, stack(9, at=lambda i: (0, 0, 3 * (i if i < 4 else i + 1))), tells="1 gap, the widest 6 mm", mustTell=True)
    folder("gap-two", kind, stack(12, at=lambda i: (0, 0, 3 * (i + (i > 3) + 2 * (i > 8)))), tells="2 gaps, the widest 9 mm", mustTell=True)
    folder("first-slice-missing", kind, stack(9, numbers=lambda i: i + 2))
    folder("rounding-of-places", kind, stack(10, at=lambda i: (0.001 * (i % 3), 0, 3 * i + 0.004 * (i % 2))))
    folder("rounding-of-cosines", kind, stack(10, "MR", ImageOrientationPatient=lambda i: [1, 1e-4 * i, 0, 0, 1, -2e-4 * i]), modality="MR")
    folder("rounding-of-spacing", kind, stack(10, PixelSpacing=lambda i: [0.9765625, 0.9765625] if i % 2 else [0.976562, 0.976563]))
    folder("overlapping-slices", kind, stack(12, at=lambda i: (0, 0, 1.5 * i)))
    folder("interleaved-mr", kind, stack(10, "MR", numbers=lambda i: 1 + (i % 2) * 5 + i // 2, AcquisitionNumber=lambda i: 1 + i % 2), modality="MR")
    folder("interleaved-mr-three", kind, stack(12, "MR", numbers=lambda i: 1 + (i % 3) * 4 + i // 3, AcquisitionTime=lambda i: f"10100{i % 3}"), modality="MR")
    folder("steps", kind, stack(12, AcquisitionNumber=lambda i: i // 3 + 1, AcquisitionTime=lambda i: f"1010{i // 3}0"))
    folder("own-time-each", kind, stack(12, AcquisitionTime=lambda i: f"1010{10 + i}.5", ContentTime=lambda i: f"1110{10 + i}", TriggerTime=lambda i: 31 * i))
    folder("acquisition-each", kind, stack(12, AcquisitionNumber=lambda i: i + 1))
    folder("slope-each", kind, stack(8, RescaleSlope=lambda i: 1), others=())
    rescaled = stack(8, "PT", RescaleSlope=lambda i: 0.5 + i, RescaleIntercept=0)
    for i, one in enumerate(rescaled):
        one.values = one.values * (0.5 + i)
    folder("slope-each-pet", kind, rescaled, modality="PT")
    shifted = stack(8, RescaleIntercept=lambda i: -1024 + 10 * i)
    for i, one in enumerate(shifted):
        one.values = one.values + 10 * i
    folder("intercept-each", kind, shifted)
    syntaxes = [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian, uid.RLELossless, uid.JPEGLSLossless]
    folder("syntaxes-mixed", kind, stack(12, syntax=lambda i: syntaxes[i % 6]))
    folder("syntaxes-mixed-mr", kind, stack(9, "MR", syntax=lambda i: syntaxes[(5 * i) % 6]), modality="MR")
    folder("anisotropic", kind, stack(8, PixelSpacing=[2, 1]), tells="pixels are 2 times as high as wide", mustTell=True)
    folder("anisotropic-wide", kind, stack(8, "MR", PixelSpacing=[0.5, 0.8]), modality="MR", tells="times as wide as high", mustTell=True)
    folder("oblong", kind, stack(8, shape=(12, 20)))
    folder("signed", kind, [signed(one) for one in stack(8, RescaleIntercept=0)])
    folder("without-preamble", kind, stack(8, syntax=lambda i: None if i % 2 else uid.ExplicitVRLittleEndian))
    folder("one-slice", kind, stack(1))
    folder("two-slices", kind, stack(2))
    folder("position-absent-on-one", kind, stack(8, at=lambda i: None if i == 3 else (0, 0, 3 * i)), tells="no positions in", mustTell=True)
    folder("orientation-absent-on-one", kind, stack(8, ImageOrientationPatient=lambda i: None if i == 3 else AXIAL), tells="orientation", mustTell=True)
    folder("orientation-absent-on-some", kind, stack(9, "MR", ImageOrientationPatient=lambda i: None if i % 3 == 1 else AXIAL), modality="MR", tells="orientation", mustTell=True)
    folder("orientation-absent", kind, stack(8, ImageOrientationPatient=None), tells="no positions in|no orientation", mustTell=True)
    folder("kernel-absent-on-one", kind, stack(9, ConvolutionKernel=lambda i: None if i == 4 else "B30f"), tells="kernel|left out")
    folder("series-number-absent", kind, stack(6, SeriesNumber=None))


def signed(one):
    one.made.PixelRepresentation, one.made.PixelData = 1, one.values.astype("<i2").tobytes()
    return one


def siemens(b=None, direction=None, block=0x10):
    elements = ([(0x0C, "IS", str(b))] if b is not None else []) + ([(0x0E, "FD", direction)] if direction is not None else [])
    return lambda made: private(made, 0x0019, "SIEMENS MR HEADER", elements, block)


def ge(b, direction=None):
    def patch(made):
        made.Manufacturer = "GE MEDICAL SYSTEMS"
        private(made, 0x0043, "GEMS_PARM_01", [(0x39, "IS", [1_000_000_000 + b, 8, 0, 0])])
        if direction is not None:
            private(made, 0x0019, "GEMS_ACQU_01", [(0xBB + k, "DS", str(v)) for k, v in enumerate(direction)])

    return patch


def philips(b=None, direction=None, b_of_standard=None):
    def patch(made):
        made.Manufacturer = "Philips Medical Systems"
        if b is not None:
            private(made, 0x2001, "Philips Imaging DD 001", [(0x03, "FL", b)])
        if direction is not None:
            private(made, 0x2005, "Philips MR Imaging DD 001", [(0xB0 + k, "FL", v) for k, v in enumerate(direction)])
        if b_of_standard is not None:
            made.DiffusionBValue = b_of_standard

    return patch


DIRECTIONS = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.6, 0.8, 0.0]]


def told_apart():
    kind = "two or more volumes at the same places, told apart by attributes"

    def volumes(name, variants, modality="MR", count=6, numbers="equal", by_number=False, **rest):
        """
        @param numbers: "equal": 1 … count in each; "random": no order at all; "behind": one volume after the other
        @param by_number: the list has the volumes by their first Instance Number; else as given: by what they differ
        """
        total = len(variants) * count
        random = RANDOM.permutation(total) + 1
        number = {"equal": lambda v: lambda i: i + 1, "random": lambda v: lambda i: int(random[v * count + i]), "behind": lambda v: lambda i: v * count + i + 1, "by place": lambda v: lambda i: i * len(variants) + v + 1}[numbers]
        made = [stack(count, modality, numbers=number(v), **variant) for v, variant in enumerate(variants)]
        if numbers == "random":
            made = [ordered_by_trend(volume) for volume in made]
        if by_number:
            made.sort(key=lambda volume: min(one.made.InstanceNumber for one in volume))
        folder(name, kind, *made, modality=modality, **rest)

    def each(keyword, values):
        return [{keyword: value} for value in values]

    volumes("acquisition-three", each("AcquisitionNumber", [2, 3, 7]), "CT")
    volumes("acquisition-random-numbers", each("AcquisitionNumber", [1, 2]), "CT", numbers="random")
    volumes("temporal-position", each("TemporalPositionIdentifier", [1, 2, 3, 4]), numbers="by place")
    volumes("temporal-position-random", each("TemporalPositionIdentifier", [1, 2]), numbers="random")
    volumes("echo-number-alone", each("EchoNumbers", [1, 2, 3]), numbers="equal")
    volumes("echo-time-alone", each("EchoTime", [4.92, 7.38]), numbers="equal")
    volumes("echo-time-near", each("EchoTime", [2.30, 2.46, 4.60]), numbers="by place")
    volumes("b-standard", each("DiffusionBValue", [0.0, 50.0, 800.0]), numbers="random")
    volumes("gradient-standard", [{"DiffusionBValue": 1000.0, "DiffusionGradientOrientation": one} for one in DIRECTIONS], numbers="behind")
    volumes("gradient-in-sequence", [{"DiffusionBValue": 1000.0, "DiffusionGradientDirectionSequence": {"DiffusionGradientOrientation": one}} for one in DIRECTIONS[:3]], numbers="by place")
    volumes("b-siemens", [{"patch": siemens(b)} for b in (0, 1000)], numbers="random")
    volumes("gradient-siemens", [{"patch": siemens(1000, one)} for one in DIRECTIONS], numbers="random", by_number=True)
    volumes("b-siemens-other-block", [{"patch": siemens(b, block=0x11)} for b in (0, 600, 1200)])
    volumes("b-ge", [{"patch": ge(b)} for b in (0, 700)], numbers="random")
    volumes("gradient-ge", [{"patch": ge(1000, one)} for one in DIRECTIONS], numbers="behind")
    volumes("b-philips", [{"patch": philips(b)} for b in (0.0, 600.0)], numbers="random")
    volumes("gradient-philips", [{"patch": philips(800.0, one)} for one in DIRECTIONS[:3]], numbers="random", by_number=True)
    volumes("trigger-time", each("TriggerTime", [0, 55, 110]), numbers="random")
    volumes("acquisition-time", each("AcquisitionTime", ["101500", "101512.25"]), "CT")
    volumes("acquisition-time-random", each("AcquisitionTime", ["093000.000000", "093001.500000", "093003"]), numbers="random")
    volumes("content-time", each("ContentTime", ["101500", "101600"]), "CT")
    volumes("acquisition-datetime", each("AcquisitionDateTime", ["20260101101500", "20260101101530.25"]), "CT")
    volumes("acquisition-dates", [{"AcquisitionDate": day, "AcquisitionTime": "101500"} for day in ("20260101", "20260102")], "CT")
    volumes("magnitude-phase", each("ImageType", [["ORIGINAL", "PRIMARY", part, "ND"] for part in "MP"]))
    volumes("real-imaginary", each("ImageType", [["ORIGINAL", "PRIMARY", part, "NONE"] for part in "IMPR"]))
    volumes("dixon", each("ImageType", [["DERIVED", "PRIMARY", "DIXON", part] for part in ("FAT", "IN_PHASE", "OPP_PHASE", "WATER")]))
    volumes("derived-and-original", each("ImageType", [["DERIVED", "SECONDARY", "OTHER"], ["ORIGINAL", "PRIMARY", "OTHER"]]))
    volumes("complex-component", each("ComplexImageComponent", ["MAGNITUDE", "PHASE"]))
    volumes("ge-raw-data-type", [{"patch": lambda made, part=part: private(made, 0x0043, "GEMS_PARM_01", [(0x2F, "SS", part)])} for part in (0, 1)])
    volumes("kernel", each("ConvolutionKernel", ["B30f", "B70f"]), "CT", numbers="random", by_number=True)
    volumes("kernel-two-values", each("ConvolutionKernel", [["Br40d", "3"], ["Br40d", "5"]]), "CT")
    volumes("kernel-free-text", each("ConvolutionKernel", ["SECRET ONE", "SECRET TWO"]), "CT")
    volumes("kvp", each("KVP", [80, 140]), "CT")
    volumes("kvp-with-mixed", [{"KVP": kvp, "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", word]} for kvp, word in ((80, "DUAL"), (140, "DUAL"))], "CT", numbers="random")
    volumes("inversion-time", each("InversionTime", [150, 900, 2400]))
    volumes("flip-angle", each("FlipAngle", [4, 18]), numbers="by place")
    volumes("repetition-time", each("RepetitionTime", [500, 2500]))
    volumes("contrast", each("ContrastBolusAgent", [None, "Gd"]), "CT")
    volumes("slice-thickness", each("SliceThickness", [1.5, 5]), "CT")
    volumes("cardiac-percent", each("NominalPercentageOfCardiacPhase", [40.0, 75.0]), "CT")
    volumes("frame-reference-time", each("FrameReferenceTime", [30_000, 90_000, 150_000]), "PT")
    volumes("frame-duration-image-index", [{"ImageIndex": lambda i, t=t: 6 * t + i + 1} for t in range(2)], "PT")
    volumes("three-attributes", [{"EchoTime": te, "FlipAngle": angle} for te, angle in itertools.product((3, 6), (5, 20))], numbers="random")
    volumes("phases-of-steps", [{"AcquisitionNumber": lambda i, v=v: 1 + i // 2 + 3 * v} for v in range(2)], "CT", numbers="behind")
    volumes("window-only", each("WindowCenter", [40, 600]), "CT", numbers="behind")
    volumes("series-time-only", each("SeriesTime", ["101500", "101900"]), "CT", numbers="behind")
    volumes("spacing-two-fields", each("PixelSpacing", [[0.5, 0.5], [0.9, 0.9]]), "CT")
    volumes("spacing-near", each("PixelSpacing", [[0.70, 0.70], [0.72, 0.72]]), "CT", numbers="random", by_number=True)
    volumes("sizes", [{"shape": (12, 12)}, {"shape": (16, 16)}], "CT")
    volumes("rows-and-columns", [{"shape": (12, 16)}, {"shape": (16, 12)}], "CT")
    coronal = along(CORONAL)
    volumes("orientation", [{}, {"orientation": CORONAL, "at": lambda i: coronal(3 * i)}], numbers="behind")
    volumes("orientation-opposite", [{}, {"orientation": [-1, 0, 0, 0, 1, 0], "at": lambda i: (8, -8, 3 * i)}], numbers="behind")
    volumes("orientation-turned", [{}, {"orientation": [0, 1, 0, -1, 0, 0], "at": lambda i: (8, -8, 3 * i)}], "CT", numbers="behind")
    three = [(AXIAL, along(AXIAL)), (CORONAL, along(CORONAL)), (SAGITTAL, along(SAGITTAL))]
    volumes("orientation-three", [{"orientation": o, "at": lambda i, p=p: p(3 * i)} for o, p in three], numbers="behind")
    volumes("field-shifted", [{"at": lambda i: (-60, -8, 3 * i)}, {"at": lambda i: (40, -8, 3 * i)}], "CT")
    volumes("field-shifted-random", [{"at": lambda i: (-60, -8, 3 * i)}, {"at": lambda i: (-60, 30, 3 * i)}], "CT", numbers="random", by_number=True)


def ordered_by_trend(volume):
    """Positions decide who is a neighbour, the trend of Instance Numbers the end to begin at; without one, rising along the normal."""
    numbers = [one.made.InstanceNumber for one in volume]
    return volume[::-1] if sum(np.sign(np.diff(numbers))) < 0 else volume


def by_place_alone():
    kind = "two volumes, told apart by places or order alone"
    half = lambda i: (0, 0, 3 * i + 1.5)  # noqa: E731
    folder("passes-acquisition", kind, stack(8, AcquisitionNumber=1), stack(8, at=half, AcquisitionNumber=2))
    folder("passes-third", kind, stack(8, AcquisitionNumber=4), stack(8, at=lambda i: (0, 0, 3 * i + 1), AcquisitionNumber=5))
    folder("passes-numbers", kind, stack(8), stack(8, at=half, numbers=lambda i: i + 9))
    folder("passes-time", kind, stack(8, AcquisitionTime="101500"), stack(8, at=half, AcquisitionTime="101630", numbers=lambda i: i + 9))
    folder("phases-behind", kind, stack(8), stack(8, numbers=lambda i: i + 9))
    folder("phases-behind-reversed", kind, stack(8), stack(8, numbers=lambda i: i + 9, at=lambda i: (-8, -8, 21 - 3 * i)))
    folder("phases-by-place", kind, stack(8, numbers=lambda i: 2 * i + 1), stack(8, numbers=lambda i: 2 * i + 2))
    folder("fields-side-by-side", kind, stack(8, at=lambda i: (-100, -8, 3 * i)), stack(8, at=lambda i: (20, -8, 3 * i + 1.5), numbers=lambda i: i + 9))
    folder("fields-behind-each-other", kind, stack(6, at=lambda i: (-100, -8, 3 * i)), stack(6, at=lambda i: (20, -8, 18 + 3 * i), numbers=lambda i: i + 7), taken=-1, tells="shifted in their plane by up to 120 mm", mustTell=True)
    folder("thicknesses", kind, stack(9, at=lambda i: (0, 0, 1.5 * i), SliceThickness=1.5), stack(6, at=lambda i: (0, 0, 5 * i + 0.7), SliceThickness=5, numbers=lambda i: i + 10))
    folder("nothing-equal-numbers", kind, stack(6, numbers=lambda i: 1), stack(6, numbers=lambda i: 1), taken=-1)
    folder("nothing-random-numbers", kind, stack(5, numbers=lambda i: SHUFFLED[i]), stack(5, numbers=lambda i: SHUFFLED[i + 5]), taken=-1)
    folder("nothing-same-numbers", kind, stack(6), stack(6), taken=-1)
    folder("small-second", kind, stack(9, AcquisitionNumber=1), stack(3, AcquisitionNumber=2, numbers=lambda i: i + 10), taken=0, tells="of another Acquisition Number", mustTell=True)
    folder("small-second-echo", kind, stack(9, "MR", EchoTime=10), stack(2, "MR", EchoTime=90), taken=0, modality="MR", tells="of another Echo Time", mustTell=True)


def frames_of(volumes, order=None):
    """@param volumes: lists of (values, groups). @returns frames in the order given, and the values of each volume"""
    frames = [one for volume in volumes for one in volume]
    ordered = [frames[k] for k in (range(len(frames)) if order is None else order)]
    return ordered, [trend(ordered, [values for values, _groups in volume]) for volume in volumes]


def enhanced(frames, modality="MR", shared=None, **attributes):
    """@param frames: (values, {sequence: fields})"""
    values = np.stack([one for one, _groups in frames])
    made = dataset(values, modality, InstanceNumber=1, PixelSpacing=None, SliceThickness=None, RescaleSlope=None, RescaleIntercept=None, RescaleType=None)
    made.SOPClassUID = {"MR": uid.EnhancedMRImageStorage, "CT": uid.EnhancedCTImageStorage, "PT": uid.EnhancedPETImageStorage}[modality]
    made.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    common = {"PixelMeasuresSequence": {"PixelSpacing": [1, 1], "SliceThickness": 3}, "PlaneOrientationSequence": {"ImageOrientationPatient": AXIAL}}
    if modality == "CT":
        common["PixelValueTransformationSequence"] = {"RescaleSlope": 1, "RescaleIntercept": -1024, "RescaleType": "HU"}
    made.SharedFunctionalGroupsSequence = Sequence([item({**common, **(shared or {})})])
    made.PerFrameFunctionalGroupsSequence = Sequence([item(groups) for _values, groups in frames])
    made.DimensionOrganizationSequence = Sequence([item({"DimensionOrganizationUID": f"{ROOT}.0.4"})])
    for name, value in attributes.items():
        value(made) if callable(value) else made.update(item({name: value}))
    return made


def frame(z, modality="MR", position=True, **groups):
    own = {"PlanePositionSequence": {"ImagePositionPatient": [-8, -8, z]}} if position else {}
    return noise(modality), {**own, **groups}


def dimensions(*pointers):
    return [{"DimensionIndexPointer": pydicom.datadict.tag_for_keyword(name), "FunctionalGroupPointer": pydicom.datadict.tag_for_keyword(group), "DimensionOrganizationUID": f"{ROOT}.0.4"} for name, group in pointers]


def enhanced_volumes():
    kind = "several volumes in one enhanced file"
    count = 5

    def volumes(name, variants, modality="MR", groups=lambda variant, i: variant, order=None, by_frame=False, **rest):
        """@param by_frame: the list has the volumes by their first frame; else as given"""
        made = [[frame(3 * i, modality, **groups(variant, i)) for i in range(count)] for variant in variants]
        shuffled = RANDOM.permutation(len(variants) * count) if order is None else order
        frames, values = frames_of(made, shuffled)
        if by_frame:
            values.sort(key=lambda volume: min(place_of(frames, one) for one in volume))
        attributes = rest.pop("attributes", {})
        file(name, kind, enhanced(frames, modality, **attributes), *values, modality=modality, **rest)

    volumes("enhanced-temporal", [{"FrameContentSequence": {"TemporalPositionIndex": t}} for t in (1, 2, 3)])
    volumes("enhanced-acquisition", [{"FrameContentSequence": {"FrameAcquisitionNumber": n}} for n in (1, 2)], "CT")
    volumes("enhanced-stack", [{"FrameContentSequence": {"StackID": stack, "InStackPositionNumber": 1}} for stack in ("1", "2")], "CT", lambda v, i: {"FrameContentSequence": {**v["FrameContentSequence"], "InStackPositionNumber": i + 1}}, by_frame=True)
    volumes("enhanced-stack-words", [{"FrameContentSequence": {"StackID": stack}} for stack in ("A", "B", "C")], by_frame=True)
    volumes("enhanced-echo", [{"MREchoSequence": {"EffectiveEchoTime": te}} for te in (10.0, 80.0)])
    volumes("enhanced-b", [{"MRDiffusionSequence": {"DiffusionBValue": b, "DiffusionDirectionality": "NONE"}} for b in (0.0, 1000.0)])
    volumes("enhanced-gradient", [{"MRDiffusionSequence": {"DiffusionBValue": 1000.0, "DiffusionGradientDirectionSequence": {"DiffusionGradientOrientation": d}}} for d in DIRECTIONS], by_frame=True)
    volumes("enhanced-frame-type", [{"MRImageFrameTypeSequence": {"FrameType": ["ORIGINAL", "PRIMARY", part, "NONE"]}} for part in ("M", "P")], by_frame=True)
    volumes("enhanced-complex", [{"MRImageFrameTypeSequence": {"FrameType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], "ComplexImageComponent": part}} for part in ("MAGNITUDE", "PHASE")], by_frame=True)
    volumes("enhanced-cardiac", [{"CardiacSynchronizationSequence": {"NominalCardiacTriggerDelayTime": t}} for t in (20.0, 400.0)])
    volumes("enhanced-cardiac-percent", [{"CardiacSynchronizationSequence": {"NominalPercentageOfCardiacPhase": t}} for t in (40.0, 75.0)], "CT")
    volumes("enhanced-inversion", [{"MRModifierSequence": {"InversionTimes": t}} for t in (150.0, 2000.0)])
    volumes("enhanced-flip-angle", [{"MRTimingAndRelatedParametersSequence": {"FlipAngle": angle}} for angle in (4.0, 18.0)])
    volumes("enhanced-repetition-time", [{"MRTimingAndRelatedParametersSequence": {"RepetitionTime": time}} for time in (500.0, 3000.0)])
    volumes("enhanced-kvp", [{"CTXRayDetailsSequence": {"KVP": kvp}} for kvp in (80.0, 140.0)], "CT")
    volumes("enhanced-kernel", [{"CTReconstructionSequence": {"ConvolutionKernel": kernel}} for kernel in ("B30f", "B60f")], "CT", by_frame=True)
    volumes("enhanced-energy", [{"CTAdditionalXRaySourceSequence": {"KVP": 80.0}, "CTImageFrameTypeSequence": {"FrameType": ["DERIVED", "PRIMARY", "VOLUME", kind]}} for kind in ("ENERGY_PROP_WT", "NONE")], "CT", by_frame=True)
    volumes("enhanced-datetime", [{"FrameContentSequence": {"FrameAcquisitionDateTime": time}} for time in ("20260101101500", "20260101101530")], "CT")
    volumes("enhanced-reference-datetime", [{"FrameContentSequence": {"FrameReferenceDateTime": time}} for time in ("20260101101500", "20260101102500")], "PT")
    index = dimensions(("StackID", "FrameContentSequence"), ("InStackPositionNumber", "FrameContentSequence"), ("EffectiveDuration", "FrameContentSequence"))
    volumes("enhanced-dimension-only", [{"t": 1}, {"t": 2}], groups=lambda v, i: {"FrameContentSequence": {"DimensionIndexValues": [1, i + 1, v["t"]]}}, attributes={"DimensionIndexSequence": index})
    contrast = dimensions(("ImagePositionPatient", "PlanePositionSequence"), ("ContrastBolusAgentPhase", "ContrastBolusUsageSequence"))
    volumes("enhanced-dimension-contrast", [{"t": 1}, {"t": 2}, {"t": 3}], "CT", lambda v, i: {"FrameContentSequence": {"DimensionIndexValues": [i + 1, v["t"]]}}, attributes={"DimensionIndexSequence": contrast})
    volumes("enhanced-frames-behind", [{}, {}], order=range(2 * count))
    volumes("enhanced-frames-by-place", [{}, {}], order=[v * count + i for i in range(count) for v in range(2)])
    volumes("enhanced-nothing", [{}, {}], order=[0, 6, 1, 7, 2, 5, 3, 9, 4, 8], taken=-1)
    coronal = along(CORONAL)
    axial_and_coronal = [[frame(3 * i) for i in range(count)], [(noise("MR"), {"PlanePositionSequence": {"ImagePositionPatient": list(coronal(3.0 * i))}, "PlaneOrientationSequence": {"ImageOrientationPatient": CORONAL}}) for i in range(count)]]
    frames, values = frames_of(axial_and_coronal)
    file("enhanced-planes", kind, enhanced(frames), *values)
    measures = [[frame(3 * i, PixelMeasuresSequence={"PixelSpacing": [mm, mm], "SliceThickness": 3}) for i in range(count)] for mm in (0.5, 1)]
    frames, values = frames_of(measures, RANDOM.permutation(10))
    values.sort(key=lambda volume: min(place_of(frames, one) for one in volume))
    made = enhanced(frames)
    del made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    file("enhanced-spacings", kind, made, *values)
    four = [[frame(3 * i, FrameContentSequence={"TemporalPositionIndex": t}, MREchoSequence={"EffectiveEchoTime": te}) for i in range(count)] for t in (1, 2) for te in (5.0, 50.0)]
    frames, values = frames_of(four, RANDOM.permutation(20))
    file("enhanced-time-and-echo", kind, enhanced(frames), *values)
    shifted = [[(noise("CT"), {"PlanePositionSequence": {"ImagePositionPatient": [x, 0, 3 * i]}}) for i in range(count)] for x in (-80, 20)]
    frames, values = frames_of(shifted, RANDOM.permutation(10))
    file("enhanced-fields-shifted", kind, enhanced(frames, "CT"), *values, modality="CT")


def multi_frame():
    kind = "one volume in one file of several frames"
    frames, values = frames_of([[frame(3 * i, "CT") for i in range(8)]], [2, 0, 7, 1, 4, 3, 6, 5])
    # Frames are in no order: numbers in the file begin as their places do, or not. The trend of [3, 1, 8, 2 …] decides.
    file("enhanced-frames-random", kind, enhanced(frames, "CT"), values[0], modality="CT")
    frames, values = frames_of([[frame(-3 * i, "CT") for i in range(8)]])
    file("enhanced-reversed", kind, enhanced(frames, "CT"), values[0], modality="CT")
    rescaled = [(v, {**g, "PixelValueTransformationSequence": {"RescaleSlope": 1, "RescaleIntercept": -1024 + 20 * i, "RescaleType": "HU"}}) for i, (v, g) in enumerate(frame(3 * i, "CT") for i in range(6))]
    made = enhanced(rescaled, "CT")
    del made.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence
    file("enhanced-rescale-each", kind, made, [v + 20 * i for i, (v, _g) in enumerate(rescaled)], modality="CT")
    frames, values = frames_of([[frame(3 * i, position=False, FrameContentSequence={"StackID": "1", "InStackPositionNumber": i + 1}) for i in range(6)]], [2, 0, 5, 1, 4, 3])
    file("enhanced-in-stack-only", kind, enhanced(frames), [v for v, _g in sorted(frames, key=lambda one: one[1]["FrameContentSequence"]["InStackPositionNumber"])], tells="no positions", mustTell=True)
    frames, values = frames_of([[frame(3 * i, position=False) for i in range(6)]])
    file("enhanced-no-places", kind, enhanced(frames), values[0], tells="no positions", mustTell=True)
    frames, values = frames_of([[frame(7, FrameContentSequence={"TemporalPositionIndex": i + 1}) for i in range(7)]])
    file("enhanced-film", kind, enhanced(frames), values[0])
    frames, values = frames_of([[frame(7, FrameContentSequence={"TemporalPositionIndex": i + 1}) for i in range(7)]], [3, 1, 0, 2, 6, 5, 4])
    file("enhanced-film-random", kind, enhanced(frames), [v for v, _g in sorted(frames, key=lambda one: one[1]["FrameContentSequence"]["TemporalPositionIndex"])], tells="one position", mustTell=True)
    frames, values = frames_of([[frame(3 * i, "CT", FrameContentSequence={"FrameAcquisitionNumber": i // 2 + 1}) for i in range(8)]])
    file("enhanced-steps", kind, enhanced(frames, "CT"), values[0], modality="CT")
    frames, values = frames_of([[frame(3 * i, FrameContentSequence={"StackID": "1", "InStackPositionNumber": i + 1, "DimensionIndexValues": [1, i + 1]}) for i in range(8)]], [1, 0, 2, 4, 3, 5, 6, 7])
    index = dimensions(("StackID", "FrameContentSequence"), ("InStackPositionNumber", "FrameContentSequence"))
    file("enhanced-dimensions", kind, enhanced(frames, DimensionIndexSequence=index), values[0])
    frames, values = frames_of([[frame(3 * i, FrameContentSequence={"DimensionIndexValues": [1, i + 1, i + 1]}) for i in range(8)]])
    index = dimensions(("StackID", "FrameContentSequence"), ("InStackPositionNumber", "FrameContentSequence"), ("FrameAcquisitionDateTime", "FrameContentSequence"))
    file("enhanced-dimension-each-frame", kind, enhanced(frames, DimensionIndexSequence=index), values[0])
    frames, values = frames_of([[frame(3 * i, "PT") for i in range(6)]])
    file("enhanced-pet", kind, enhanced(frames, "PT"), values[0], modality="PT")
    for name, made in (("enhanced-cut", 0.6), ("enhanced-groups-missing", None)):
        frames, values = frames_of([[frame(3 * i) for i in range(6)]])
        whole = enhanced(frames)
        if made is None:
            del whole.PerFrameFunctionalGroupsSequence[3:]
            file(name, kind, whole, values[0], tells="no positions", mustTell=True)
        else:
            save(OUT / f"{name}.dcm", whole)
            path = OUT / f"{name}.dcm"
            path.write_bytes(path.read_bytes()[: -int(6 * SIDE * SIDE * 2 * made)])
            condition(name, kind, f"{name}.dcm", None, damaged=True, peers=verdicts(path, values))
    arrays = np.stack([noise("NM") for _ in range(6)])
    nm = {"InstanceNumber": 1, "SpacingBetweenSlices": 4, "DetectorInformationSequence": {"ImagePositionPatient": [0, 0, 0], "ImageOrientationPatient": AXIAL}}
    file("nm-tomo", kind, dataset(arrays, "NM", ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"], SliceVector=[1, 2, 3, 4, 5, 6], FrameIncrementPointer=pydicom.tag.Tag(0x00540080), **nm), list(arrays), modality="NM", tells="no positions", mustTell=True)
    file("nm-windows", kind, dataset(arrays, "NM", EnergyWindowVector=[1, 1, 1, 2, 2, 2], FrameIncrementPointer=pydicom.tag.Tag(0x00540010), **nm), list(arrays[:3]), list(arrays[3:]), modality="NM", tells="no positions")
    file("us-film", kind, dataset(arrays, "US", InstanceNumber=1, WindowCenter=500, WindowWidth=1000, PixelSpacing=None, SliceThickness=None), list(arrays), modality="US", tells="no positions", mustTell=True)
    dose = dataset(arrays, "CT", InstanceNumber=1, Modality="RTDOSE", SOPClassUID=uid.RTDoseStorage, ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=AXIAL, GridFrameOffsetVector=[0, 3, 6, 9, 12, 15], RescaleSlope=None, RescaleIntercept=None, RescaleType=None, WindowCenter=500, WindowWidth=1000, PixelData=arrays.astype("<u2").tobytes())
    file("rt-dose", kind, dose, list(arrays), modality="RTDOSE", tells="at one position", mustTell=True)


def place_of(frames, values):
    return next(k for k, (one, _groups) in enumerate(frames) if one is values)


def trend(frames, values):
    """Values in the order of their places, from the end where frames begin."""
    order = [place_of(frames, one) for one in values]
    return values[::-1] if sum(np.sign(np.diff(order))) < 0 else values


def mosaic_of(tiles, per_row, orientation=AXIAL, csa=True, own=False, normal=(0, 0, 1), number=1, **attributes):
    """@returns Slice-like files, and the values of their tiles"""
    arrays = [noise("MR") for _ in range(tiles)]
    picture = np.zeros((per_row * SIDE, per_row * SIDE), int)
    for tile, values in enumerate(arrays):
        row, column = divmod(tile, per_row)
        picture[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE] = values

    def patch(made):
        if csa:
            private(made, 0x0029, "SIEMENS CSA HEADER", [(0x10, "OB", csa_header(NumberOfImagesInMosaic=[tiles], SliceNormalVector=[f"{v:.8f}" for v in normal]))])
        if own:
            private(made, 0x0019, "SIEMENS MR HEADER", [(0x0A, "US", tiles)])

    attributes = {"PixelSpacing": [2, 2], "ImagePositionPatient": [-80, -80, 10], **attributes}
    made = dataset(picture, "MR", InstanceNumber=number, ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], ImageOrientationPatient=orientation, patch=patch, **attributes)
    return made, arrays


def mosaics():
    kind = "Siemens mosaics"
    for tiles, per_row in ((2, 2), (4, 2), (5, 3), (9, 3), (16, 4), (22, 5), (36, 6)):
        made, arrays = mosaic_of(tiles, per_row, own=tiles % 2 == 1)
        file(f"mosaic-{tiles}", kind, made, arrays)
    made, arrays = mosaic_of(12, 4, csa=False, own=True)
    file("mosaic-own-element", kind, made, arrays)
    made, arrays = mosaic_of(12, 4, csa=False)
    file("mosaic-no-number", kind, made, arrays, taken=-1)
    made, arrays = mosaic_of(7, 3, normal=(0, 0, -1))
    file("mosaic-downwards", kind, made, arrays)
    made, arrays = mosaic_of(7, 3, orientation=SAGITTAL, normal=(-1, 0, 0))
    file("mosaic-sagittal", kind, made, arrays)
    made, arrays = mosaic_of(6, 3, PixelSpacing=[2, 3])
    file("mosaic-anisotropic", kind, made, arrays, tells="pixels are", mustTell=True)
    folder_of_mosaics = [mosaic_of(9, 3, number=k + 1, AcquisitionNumber=k + 1) for k in range(3)]
    for k, (made, _arrays) in enumerate(folder_of_mosaics):
        save(OUT / "mosaic-three" / f"{(k * 2) % 3}.dcm", made)
    volumes = [arrays for _made, arrays in folder_of_mosaics]
    judge("mosaic-three", kind, volumes, "mosaic-three", "MR", None, None, verdicts(OUT / "mosaic-three", volumes), {})
    made, arrays = mosaic_of(10, 4)
    made.ImageType = ["DERIVED", "SECONDARY", "MOSAIC"]
    file("mosaic-derived", kind, made, arrays)


def in_a_row():
    kind = "blocks, radial sets, films, erased positions: by Instance Number"
    told = {"tells": "several orientations", "mustTell": True}

    def blocks(name, angles, about="x", size=3, modality="MR", **rest):
        made, number = [], itertools.count(1)
        for block, degrees in enumerate(angles):
            place = along(turned(degrees, about), (-8, -8, -30 * block))
            made += stack(size, modality, orientation=turned(degrees, about), at=lambda i, place=place: place(-4 * i), numbers=lambda i: next(number))
        folder(name, kind, made, modality=modality, **{**told, **rest})

    blocks("blocks-spine", [-25, -12, 0, 14, 28])
    blocks("blocks-neck", [-8, -4, 0, 6, 12, 20], size=2)
    blocks("blocks-ct", [-20, 0, 20], size=4, modality="CT")
    blocks("blocks-long", [-30, -10, 12, 30], about="y", size=5)
    for name, count in (("radial-8", 8), ("radial-18", 18)):
        cosines = [[round(np.cos(np.pi * i / count), 6), round(np.sin(np.pi * i / count), 6), 0, 0, 0, -1] for i in range(count)]
        folder(name, kind, stack(count, "MR", at=lambda i: (0, 0, 0), ImageOrientationPatient=lambda i, cosines=cosines: cosines[i]), modality="MR", **told)
    radial = [[1, 0, 0, 0, round(np.cos(np.pi * i / 10), 6), round(np.sin(np.pi * i / 10), 6)] for i in range(10)]
    folder("radial-positions", kind, stack(10, "MR", at=lambda i: (-10 * i, 5 * i, -3 * i), ImageOrientationPatient=lambda i: radial[i]), modality="MR", **told)
    told = {"tells": "at one position", "mustTell": True}
    folder("film-trigger", kind, stack(9, "MR", at=lambda i: (1, 2, 3), TriggerTime=lambda i: 30 * i), modality="MR", **told)
    folder("film-time", kind, stack(9, "MR", at=lambda i: (1, 2, 3), ContentTime=lambda i: f"1015{10 + i}"), modality="MR", **told)
    folder("film-acquisitions", kind, stack(9, "CT", at=lambda i: (1, 2, 3), AcquisitionNumber=lambda i: i + 1), **told)
    folder("film-temporal", kind, stack(9, "MR", at=lambda i: (1, 2, 3), TemporalPositionIdentifier=lambda i: i + 1), modality="MR", **told)
    folder("film-echoes", kind, stack(7, "MR", at=lambda i: (1, 2, 3), EchoTime=lambda i: 10 * (i + 1), EchoNumbers=lambda i: i + 1), modality="MR", **told)
    film = [stack(3, "MR", numbers=lambda i, t=t: 5 * i + t + 1, TriggerTime=40 * t) for t in range(5)]
    folder("film-of-three-places", kind, *film, modality="MR")
    folder("erased-zero", kind, stack(8, at=lambda i: (0, 0, 0)), **told)
    folder("erased-equal", kind, stack(8, at=lambda i: (-12.5, 30, 77)), **told)
    folder("erased-mr", kind, stack(8, "MR", at=lambda i: (0, 0, 0), numbers=lambda i: 3 * i + 2), modality="MR", **told)
    told = {"tells": "no positions", "mustTell": True}
    folder("erased-gone", kind, stack(8, at=lambda i: None), **told)
    folder("erased-both-gone", kind, stack(8, at=lambda i: None, ImageOrientationPatient=None), **told)
    folder("erased-empty", kind, stack(8, at=lambda i: (0, 0, 0), ImagePositionPatient=lambda i: ""), **told)
    folder("erased-numbers-too", kind, stack(6, at=lambda i: None, numbers=lambda i: None, name=lambda i: f"{i:02}.dcm"), tells="ordered by file name", mustTell=True)
    folder("erased-two-volumes", kind, stack(5, at=lambda i: None, AcquisitionNumber=1), stack(5, at=lambda i: None, AcquisitionNumber=2, numbers=lambda i: i + 6))
    folder("erased-two-echoes", kind, stack(5, "MR", at=lambda i: (0, 0, 0), EchoTime=10), stack(5, "MR", at=lambda i: (0, 0, 0), EchoTime=80, numbers=lambda i: i + 6), modality="MR")


def extra(values=None, name=None, cut=None, modality="CT", **attributes):
    values = noise(modality) if values is None else values
    return Slice(values, dataset(values, modality, **attributes), name, cut=cut)


def no_slices():
    kind = "other pictures and files among the slices"
    say = lambda what: {"tells": what, "mustTell": True}  # noqa: E731
    at = {"ImagePositionPatient": [-8, -8, 30], "ImageOrientationPatient": AXIAL}
    folder("scout-ct", kind, stack(8), others=[extra(noise("CT", (24, 24)), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], InstanceNumber=0, ImageOrientationPatient=CORONAL, ImagePositionPatient=[0, 0, 0])], **say("localizer"))
    folder("scouts-mr", kind, stack(8, "MR"), others=[extra(modality="MR", InstanceNumber=20 + k, ImageOrientationPatient=o, ImagePositionPatient=[0, 0, 0]) for k, o in enumerate((CORONAL, SAGITTAL))], modality="MR", **say("of another orientation"))
    folder("scout-unmarked", kind, stack(8), others=[extra(noise("CT", (32, 32)), InstanceNumber=0, ImageOrientationPatient=CORONAL, ImagePositionPatient=[0, 0, 0])], **say("of another size"))
    far = {"InstanceNumber": 999, "ImagePositionPatient": [0, 0, 0], "ImageOrientationPatient": AXIAL}
    base = lambda i: (-8, -8, -1000 + 3 * i)  # noqa: E731
    folder("dose-report-capture", kind, stack(8, at=base), others=[extra(noise("CT", (32, 32)), SOPClassUID=uid.SecondaryCaptureImageStorage, ImageType=["DERIVED", "SECONDARY"], **far)], **say("secondary capture"))
    folder("dose-report-screen", kind, stack(8, at=base), others=[extra(ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"], **far)], **say("left out|gap"))
    folder("dose-report-ct", kind, stack(8, at=base), others=[extra(ImageType=["DERIVED", "SECONDARY", "OTHER"], **far)], **say("left out|gap"))
    folder("dose-report-unmarked", kind, stack(8, at=base), others=[extra(**far)], **say("left out|gap"))
    folder("mpr-among", kind, stack(8), others=[extra(ImageType=["DERIVED", "SECONDARY", "MPR"], InstanceNumber=40 + k, ImageOrientationPatient=CORONAL, ImagePositionPatient=[0, 3 * k, 0]) for k in range(3)], **say("derived"))
    folder("mip-among", kind, stack(8), others=[extra(ImageType=["DERIVED", "SECONDARY", "AXIAL", "MIP"], InstanceNumber=50, **at)], **say("derived"))
    same = stack(8)
    copies = [Slice(one.values, pydicom.dcmread(pydicom.filebase.DicomBytesIO(b"")) if False else one.made, f"copy-{k}.dcm") for k, one in enumerate(same)]
    folder("copies-same-uid", kind, same, others=copies, **say("8 copies of other files"))
    other_uid = [Slice(one.values, renamed(one.made)) for one in same[:3]]
    folder("copies-other-uid-some", kind, same, others=other_uid, **say("3 duplicates of positions"))
    all_again = [Slice(one.values, renamed(one.made)) for one in same]
    folder("copies-other-uid-all", kind, same, others=all_again, taken=-1)
    other_pictures = [extra(InstanceNumber=30 + k, ImagePositionPatient=[-8, -8, 6 * k], ImageOrientationPatient=AXIAL) for k in range(2)]
    folder("duplicate-places", kind, stack(9), others=other_pictures, **say("2 duplicates of positions"))
    folder("damaged-head", kind, stack(8), others=[extra(InstanceNumber=40, cut=300, **at)], **say("unreadable"))
    cut_one = stack(8)
    cut_one[3].cut = -100
    folder("damaged-pixels", kind, cut_one, taken=-1, damaged=True)
    cut_before = stack(8)
    cut_before[3].cut = 900
    folder("damaged-before-pixels", kind, cut_before, taken=-1, damaged=True, **say("left out: 1 .*gap"))
    folder("litter", kind, stack(8), peers=True)
    path = OUT / "litter"
    for name, content in (("Thumbs.db", b"\xd0\xcf"), (".DS_Store", b"x"), ("._000.dcm", b"\0\5\x16\7"), ("README.txt", b"SECRET"), ("empty.dcm", b""), ("series.zip", b"PK\3\4"), ("001.json", b"{}")):
        (path / name).write_bytes(content)
    report = dataset(noise(), InstanceNumber=1)
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.22"
    del report.PixelData, report.Rows, report.Columns, report.BitsAllocated
    folder("report-among", kind, stack(8), write=True, **say("without pixels"))
    report.file_meta = FileMetaDataset()
    report.file_meta.TransferSyntaxUID, report.file_meta.MediaStorageSOPClassUID, report.file_meta.MediaStorageSOPInstanceUID = uid.ExplicitVRLittleEndian, report.SOPClassUID, report.SOPInstanceUID
    pydicom.dcmwrite(path.parent / "report-among" / "sr.dcm", report, enforce_file_format=True)
    folder("colour-among", kind, stack(8), others=[rgb_slice(InstanceNumber=50, **at)], **say("left out"))
    folder("colour-all", kind, [rgb_slice(InstanceNumber=k + 1, ImagePositionPatient=[0, 0, 3 * k], ImageOrientationPatient=AXIAL) for k in range(6)], modality="RGB")
    folder("nested", kind, stack(8, name=lambda i: f"{'abc'[i % 3]}/{i // 3}/slice"))
    folder("names-alike", kind, stack(8, name=lambda i: f"d{i % 2}/IM{i // 2}"))
    folder("names-odd", kind, stack(6, name=lambda i: ["a b", "ä", "#1", "%41", "x.JPG", "1.2.840.5"][i]))


def renamed(made):
    again = copy.deepcopy(made)
    again.SOPInstanceUID = f"{ROOT}.{next(NUMBERS)}"
    return again


def rgb_slice(**attributes):
    values = RANDOM.integers(0, 256, (SIDE, SIDE, 3))
    made = dataset(noise(), **attributes, RescaleSlope=None, RescaleIntercept=None, RescaleType=None)
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, "RGB", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.PixelData = values.astype(np.uint8).tobytes()
    return Slice(values, made)


def other_modalities():
    kind = "PET, NM, US, CR and others as a series"
    folder("pet", kind, stack(8, "PT"), modality="PT")
    folder("pet-dynamic", kind, *[stack(6, "PT", numbers=lambda i, t=t: 6 * t + i + 1, FrameReferenceTime=60_000 * t, AcquisitionTime=f"1015{t}0") for t in range(3)], modality="PT")
    folder("us-colour", kind, [us_slice(k) for k in range(5)], modality="RGB", tells="no positions", mustTell=True)
    folder("cr-two-views", kind, [*stack(2, "CR", at=lambda i: None, orientation=None, ViewPosition=lambda i: ["PA", "LL"][i])], modality="CR", tells="no positions", mustTell=True)
    folder("cr-two-sizes", kind, stack(1, "CR", at=lambda i: None, orientation=None), stack(1, "CR", at=lambda i: None, orientation=None, shape=(20, 12), numbers=lambda i: 2), modality="CR")
    inverted = stack(3, "CR", at=lambda i: None, orientation=None, PhotometricInterpretation="MONOCHROME1")
    rgb = 255 - levels([one.values for one in inverted], "CR")
    folder("cr-inverted", kind, inverted, modality="CR", rgb=rgb, tells="no positions", mustTell=True)
    folder("mg-four", kind, stack(4, "MG", at=lambda i: None, orientation=None, ViewPosition=lambda i: ["CC", "MLO"][i % 2], ImageLaterality=lambda i: "LR"[i // 2]), modality="MG", tells="no positions", mustTell=True)
    folder("xa-runs", kind, stack(5, "XA", at=lambda i: None, orientation=None, AcquisitionNumber=lambda i: 1), modality="XA", tells="no positions", mustTell=True)
    folder("ct-no-rescale", kind, [no_rescale(one) for one in stack(6)], tells="no rescale", mustTell=True)
    folder("ct-and-mr-one-uid", kind, stack(6), stack(6, "MR", at=lambda i: (0, 0, 100 + 3 * i), numbers=lambda i: i + 7), taken=-1)
    pet_ct = [stack(6), stack(6, "PT", numbers=lambda i: i + 7)]
    folder("ct-and-pet-one-uid", kind, *pet_ct, taken=-1)
    window = {"window": {"center": 200, "width": 600}}
    mr = stack(6, "MR")
    folder("mr-window", kind, mr, modality="MR", options=window, rgb=levels([one.values for one in mr], "MR", (200, 600)))


def us_slice(k):
    one = rgb_slice(InstanceNumber=k + 1, Modality="US", SOPClassUID=uid.UltrasoundImageStorage, PixelSpacing=None, SliceThickness=None, ImageType=["ORIGINAL", "PRIMARY"])
    return one


def no_rescale(one):
    one.made.PixelRepresentation, one.made.PixelData = 1, one.values.astype("<i2").tobytes()
    del one.made.RescaleSlope, one.made.RescaleIntercept, one.made.RescaleType
    return one


def directories():
    kind = "DICOMDIR"

    def disc(name, listed, stored, volumes, series=None, extra_records=(), condition_source="DICOMDIR", **rest):
        """@param listed, stored: from the number of a file to what the DICOMDIR says, and where it lies"""
        path = OUT / name
        files = [one for volume in volumes for one in volume]
        for k, one in enumerate(files):
            if stored(k) is not None:
                save(path / stored(k), one.made)
        write_directory(path / condition_source, [listed(k) for k in range(len(files))] + list(extra_records))
        values = [[one.values for one in volume] for volume in volumes]
        judge(name, kind, values, f"{name}/{condition_source}", "CT", series, rest.pop("taken", None), None, rest)

    parts = lambda k: ["DICOM", f"IM{k:04}"]  # noqa: E731
    disc("disc-plain", parts, lambda k: f"DICOM/IM{k:04}", [stack(6)])
    disc("disc-lower", parts, lambda k: f"dicom/im{k:04}", [stack(6)])
    disc("disc-extension", parts, lambda k: f"DICOM/IM{k:04}.dcm", [stack(6)])
    disc("disc-lower-extension", parts, lambda k: f"dicom/im{k:04}.DCM", [stack(6)])
    disc("disc-version", parts, lambda k: f"DICOM/IM{k:04}.;1", [stack(6)])
    disc("disc-mixed-names", parts, lambda k: ["dicom/IM{:04}", "dicom/im{:04}", "dicom/Im{:04}.dcm"][k % 3].format(k), [stack(6)])
    disc("disc-deep", lambda k: ["A", "B", "C", f"I{k}"], lambda k: f"A/B/C/I{k}", [stack(6)])
    disc("disc-itself-lower", parts, lambda k: f"DICOM/IM{k:04}", [stack(6)], condition_source="dicomdir")
    disc("disc-one-missing", parts, lambda k: None if k == 5 else f"DICOM/IM{k:04}", [stack(6)[:5] + stack(1, at=lambda i: (0, 0, 90), numbers=lambda i: 50)], tells="listed in the DICOMDIR, but missing", mustTell=True, taken=None)
    fix_missing("disc-one-missing")
    disc("disc-all-missing", parts, lambda k: None, [stack(6)], taken=-1)
    disc("disc-two-volumes", parts, lambda k: f"DICOM/IM{k:04}", [stack(5, AcquisitionNumber=1), stack(5, AcquisitionNumber=2)])
    disc("disc-outside", lambda k: ["..", f"disc-outside-{k}"], lambda k: f"../disc-outside-{k}", [stack(4)], taken=-1)
    disc("disc-two-series", parts, lambda k: f"DICOM/IM{k:04}", [stack(5), stack(5, SeriesInstanceUID=f"{ROOT}.0.9", SeriesNumber=2)], taken=-1)
    condition("disc-image", kind, "disc-plain/DICOMDIR", None, call="image")


def fix_missing(name):
    """Of the listed files one is not there: the others are the volume."""
    own = next(one for one in CONDITIONS if one["id"] == name)
    rgb = np.frombuffer(gzip.decompress((OUT / own["right"]["file"]).read_bytes()), np.uint8).reshape(6, SIDE, SIDE, 3)[:5]
    (OUT / own["right"]["file"]).write_bytes(gzip.compress(rgb.tobytes(), 1, mtime=0))
    own["right"]["count"] = 5


def write_directory(path, listed):
    made = Dataset()
    made.DirectoryRecordSequence = Sequence([item({"DirectoryRecordType": kind, **({"ReferencedFileID": parts} if parts else {})}) for kind, parts in [("PATIENT", None), ("STUDY", None), ("SERIES", None), *[("IMAGE", parts) for parts in listed]]])
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID, made.file_meta.MediaStorageSOPClassUID, made.file_meta.MediaStorageSOPInstanceUID = uid.ExplicitVRLittleEndian, "1.2.840.10008.1.3.10", f"{ROOT}.0.8"
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, made, enforce_file_format=True)


def links():
    kind = "links in folders"

    def linked(name, volume, link, **rest):
        for k, one in enumerate(volume):
            save(OUT / "annex" / name / f"MD5-{k}", one.made)
        (OUT / name).mkdir()
        link(OUT / name, OUT / "annex" / name)
        condition(name, kind, name, [one.values for one in volume], peers=verdicts(OUT / name, [[one.values for one in volume]]), **rest)

    def each(path, target, at="s{}.dcm"):
        for k in range(len(list(target.iterdir()))):
            (path / at.format(k)).parent.mkdir(exist_ok=True)
            os.symlink(os.path.relpath(target / f"MD5-{k}", (path / at.format(k)).parent), path / at.format(k))

    linked("links-to-files", stack(6), each)
    linked("links-in-folders", stack(6), lambda path, target: each(path, target, "sub/s{}.dcm"))
    linked("link-to-a-folder", stack(6), lambda path, target: os.symlink(os.path.relpath(target, path), path / "series"))

    def cycle(path, target):
        each(path, target)
        os.symlink(".", path / "again")
        os.symlink("..", path / "up")

    linked("links-in-a-circle", stack(6), cycle, tells="2 links that lead nowhere or back", mustTell=True)

    def broken(path, target):
        each(path, target)
        os.symlink("nowhere", path / "gone.dcm")

    linked("link-broken", stack(6), broken, tells="link", mustTell=True)

    def twice(path, target):
        each(path, target)
        each(path, target, "again{}.dcm")

    linked("links-twice", stack(6), twice, tells="6 copies of other files", mustTell=True)
    condition("links-image", kind, "links-to-files", None, call="image")


def own_series_each():
    kind = "a Series UID for each slice (--join)"
    own = lambda v=0: {"SeriesInstanceUID": lambda i: f"{ROOT}.7.{v}.{i}"}  # noqa: E731
    plain = stack(8, **own())
    folder("join-not-asked", kind, plain, taken=-1)
    join = {"options": {"join": True}}
    folder("join-plain", kind, stack(8, **own()), **join)
    folder("join-numbers", kind, stack(8, SeriesNumber=lambda i: i + 1, numbers=lambda i: 1, **own()), **join)
    folder("join-mr", kind, stack(8, "MR", **own()), modality="MR", **join)
    folder("join-two-volumes", kind, stack(6, AcquisitionNumber=1, **own()), stack(6, AcquisitionNumber=2, **own(1)), **join)
    folder("join-kernels", kind, stack(6, ConvolutionKernel="FC08", **own()), stack(6, ConvolutionKernel="FC52", **own(1)), **join)
    folder("join-two-studies", kind, stack(6, **own()), stack(6, StudyInstanceUID=f"{ROOT}.0.77", at=lambda i: (0, 0, 50 + 3 * i), **own(1)), taken=-1, **join)
    folder("join-scout", kind, stack(8, **own()), others=[extra(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], SeriesInstanceUID=f"{ROOT}.7.9", ImageOrientationPatient=CORONAL, ImagePositionPatient=[0, 0, 0])], tells="localizer", mustTell=True, **join)
    folder("two-series", kind, stack(6), stack(6, SeriesInstanceUID=f"{ROOT}.0.5", SeriesNumber=2), taken=-1)
    second = stack(6, SeriesInstanceUID=f"{ROOT}.0.5", SeriesNumber=2)
    folder("two-series-chosen", kind, second, others=stack(6), options={"index": 2}, peers=False)


def messages():
    kind = "asked for as one picture, or for what is not there"
    path = OUT / "messages"
    for one in [("a", stack(6)), ("b", stack(4, "MR"))]:
        for k, made in enumerate(one[1]):
            save(path / one[0] / f"{k}.dcm", made.made)
    condition("folder-as-image", kind, "messages/a", None, call="image")
    condition("study-as-image", kind, "messages", None, call="image")
    condition("folder-of-study", kind, "messages", None)
    condition("empty-folder", kind, "empty", None)
    (OUT / "empty").mkdir()
    condition("no-folder", kind, "nowhere", None)
    condition("volume-not-there", kind, "messages/a", None, options={"volume": 2})
    condition("index-not-there", kind, "messages/a", None, options={"index": 3})
    condition("modality-of-dicom", kind, "messages/a", None, options={"modality": "MR"})
    folder("only-scouts", kind, stack(2, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), taken=-1, peers=False)
    folder("only-captures", kind, stack(2, SOPClassUID=uid.SecondaryCaptureImageStorage), taken=-1, peers=False)


def main():
    global OUT
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    OUT = parser.parse_args().out.resolve()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for kind in (one_volume, told_apart, by_place_alone, enhanced_volumes, multi_frame, mosaics, in_a_row, no_slices, other_modalities, directories, links, own_series_each, messages):
        kind()
    (OUT / "conditions.json").write_text("[\n" + ",\n".join(json.dumps(one) for one in CONDITIONS) + "\n]\n")


if __name__ == "__main__":
    main()
