"""Small DICOM series, and what Google's recipe makes of them with pydicom and NumPy: the reference of the series tests.

    python scripts/reference/series.py --out test/fixtures/series

Writes a folder for each case, and expected.json: a list of {case, series, most, recipe, modality, order, rgb, of, leftOut, gaps}, where `order` holds the names
of the files (with #frame or @tile) that are taken, in order, and `rgb` the base64 of their windowed pixels, one after the other.
The order is found here from positions that the script chose, not computed from the files.
"""

import argparse
import base64
import json
import shutil
import struct
from pathlib import Path

import nibabel.nicom.csareader
import numpy as np
import pydicom
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

SIDE = 16
WINDOWS = {"v1.5": [(-1024, 1024), (-135, 215), (0, 80)], "v1": [(-1225, 1025), (-135, 215), (0, 80)]}
AXIAL = [1, 0, 0, 0, 1, 0]
TILTED = [1, 0, 0, 0, 0.9396926, -0.3420201]  # a gantry at 20 degrees
CORONAL = [1, 0, 0, 0, 0, -1]


def pixels(seed, low=0, high=3000):
    """Every value near the edges of the windows, and noise."""
    rng = np.random.default_rng(seed)
    values = rng.integers(low, high, (SIDE, SIDE))
    if high == 3000:
        values.flat[:128] = np.arange(128) + 1024 - 20 + seed % 7
        values.flat[128:160] = [0, 1, 2, 888, 889, 890, 1238, 1239, 1240, 2047, 2048, 2049, 2999, 24, 25, 26] * 2
    return values.astype(np.uint16)


def dataset(array, series=1, modality="CT", **attributes):
    made = Dataset()
    made.SOPClassUID = uid.CTImageStorage if modality == "CT" else uid.MRImageStorage
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3", f"1.2.3.{series}"
    made.SeriesNumber = series
    made.PatientName, made.PatientID, made.SeriesDescription = "SECRET^PATIENT", "SECRET-ID", "SECRET TEXT"
    made.Modality = modality
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    frames = array if array.ndim == 3 else array[None]
    made.Rows, made.Columns = frames.shape[1:]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
    if modality == "CT":
        made.RescaleSlope, made.RescaleIntercept = 1, -1024
    if array.ndim == 3:
        made.NumberOfFrames = len(frames)
    made.PixelData = array.tobytes()
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def save(path, made):
    path.parent.mkdir(parents=True, exist_ok=True)
    made.SOPInstanceUID = f"1.2.3.4.{made.get('InstanceNumber') or 0}"
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    pydicom.dcmwrite(path, made, enforce_file_format=True)


def norm(values, least, most):
    """As Google's notebook high_dimensional_ct: 32-bit floats in place."""
    values = np.clip(values, least, most).astype(np.float32)
    values -= least
    values /= most - least
    values *= 255.0
    return values


def windowed(values, windows):
    return np.round(np.stack([norm(values, *window) for window in windows], -1), 0).astype(np.uint8)


def values_of(folder, reference):
    if "@" in reference:
        return tile_of(folder, *reference.split("@"))
    name, _, frame = reference.partition("#")
    made = pydicom.dcmread(folder / name)
    array = made.pixel_array if frame == "" else made.pixel_array[int(frame) - 1]
    return pydicom.pixels.apply_rescale(array, made)


def tile_of(folder, name, tile):
    """Tiles of SIDE x SIDE, three in a row."""
    row, column = divmod(int(tile) - 1, 3)
    picture = pydicom.dcmread(folder / name).pixel_array
    return picture[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]


def csa_header(**fields):
    """Siemens' CSA header, version 2, as nibabel reads it (nicom/csareader)."""
    out = b"SV10\x04\x03\x02\x01" + struct.pack("<II", len(fields), 77)
    for name, values in fields.items():
        out += struct.pack("<64si4siii", name.encode(), len(values), b"FD", 0, 6, 77)
        for value in [*values, *[None] * (6 - len(values))]:  # always six, the last ones empty
            text = b"" if value is None else str(value).encode() + b"\0"
            out += struct.pack("<4i", len(text), len(text), 77, len(text)) + text + b"\0" * (-len(text) % 4)
    return out


def thinned(order, most):
    """As the notebook writes it."""
    if len(order) <= most:
        return order
    return [order[int(round(i / most * (len(order) - 1)))] for i in range(1, most + 1)]


def expectation(out, case, order, modality="CT", most=85, recipe="v1.5", series=None, left_out=(), gaps=()):
    folder = out / case
    taken = thinned(order, most)
    windows = WINDOWS[recipe]
    if modality == "MR":
        volume = np.stack([values_of(folder, one) for one in order])
        windows = [(volume.min().item(), volume.max().item())] * 3
    rgb = b"".join(windowed(values_of(folder, one), windows).tobytes() for one in taken)
    return {
        "case": case,
        "series": series,
        "most": most,
        "recipe": recipe,
        "modality": modality,
        "order": taken,
        "of": len(order),
        "leftOut": [{"count": count, "why": why} for count, why in left_out],
        "gaps": [{"after": after, "mm": mm} for after, mm in gaps],
        "rgb": base64.b64encode(rgb).decode(),
    }


def along(orientation, mm, start=(-100.0, -120.0, 40.0)):
    """A place so many millimetres along the normal."""
    normal = np.cross(orientation[:3], orientation[3:])
    return [round(float(v), 4) for v in np.array(start) + normal * mm]


def tilted(out):
    """Names in no order, a gap, a place twice, a localizer, a capture, a reformation, another size, and a second series."""
    folder = out / "tilted"
    places = [0, 2.5, 5, 7.5, 15, 17.5, 20]
    names = ["g", "c", "e", "a", "f", "b", "d"]
    for number, (name, mm) in enumerate(zip(names, places), 1):
        save(folder / f"{name}.dcm", dataset(pixels(number), InstanceNumber=number, ImagePositionPatient=along(TILTED, mm), ImageOrientationPatient=TILTED))
    save(folder / "twice.dcm", dataset(pixels(50), InstanceNumber=30, ImagePositionPatient=along(TILTED, 5), ImageOrientationPatient=TILTED))
    save(folder / "scout.dcm", dataset(pixels(51), InstanceNumber=31, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    save(folder / "hidden-scout.dcm", dataset(pixels(52), InstanceNumber=32, ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=CORONAL))
    save(folder / "mpr.dcm", dataset(pixels(53), InstanceNumber=33, ImageType=["DERIVED", "SECONDARY", "MPR"], ImagePositionPatient=along(TILTED, 1), ImageOrientationPatient=TILTED))
    save(folder / "capture.dcm", dataset(pixels(54), InstanceNumber=34, SOPClassUID=uid.SecondaryCaptureImageStorage))
    small = dataset(np.zeros((8, 8), np.uint16), InstanceNumber=35, ImagePositionPatient=along(TILTED, 30), ImageOrientationPatient=TILTED)
    save(folder / "small.dcm", small)
    (folder / "README.txt").write_text("no image")
    left_out = [(1, "file that is not DICOM"), (1, "localizer"), (1, "secondary capture"), (1, "derived (MPR, MIP or the like)"), (1, "of another size"), (1, "of another orientation"), (1, "duplicate of a position")]
    order = [f"{name}.dcm" for name in names]
    options = {"left_out": left_out, "gaps": [(4, 7.5)]}
    return [expectation(out, "tilted", order, **options), expectation(out, "tilted", order, most=3, **options), expectation(out, "tilted", order, recipe="v1", **options)]


def reversed_order(out):
    """Instance Numbers rise from the head down; the model sees them so, as in the notebook."""
    folder = out / "reversed"
    for number in range(1, 13):
        # Numbers alone would sort 4 and 5 the wrong way round.
        shown = {4: 5, 5: 4}.get(number, number)
        save(folder / f"{number:02}.dcm", dataset(pixels(number + 20), InstanceNumber=shown, ImagePositionPatient=along(AXIAL, -3 * number), ImageOrientationPatient=AXIAL))
    order = [f"{number:02}.dcm" for number in range(1, 13)]
    return [expectation(out, "reversed", order), expectation(out, "reversed", order, most=8)]


def two_series(out):
    folder = out / "two"
    for number in range(1, 4):
        save(folder / f"ct-{number}.dcm", dataset(pixels(number + 40), 2, InstanceNumber=number, ImagePositionPatient=along(AXIAL, number), ImageOrientationPatient=AXIAL))
    for number in range(1, 6):
        # No positions: by Instance Number.
        save(folder / f"mr-{9 - number}.dcm", dataset(pixels(number + 60, 30 * number, 700 + 40 * number), 5, "MR", InstanceNumber=number))
    other = [(1, "other series")]
    return [
        expectation(out, "two", [f"ct-{number}.dcm" for number in (1, 2, 3)], series=1, left_out=other),
        expectation(out, "two", [f"mr-{9 - number}.dcm" for number in range(1, 6)], "MR", most=2, series=2, left_out=other),
    ]


def enhanced(out):
    """One file, frames in another order than their places."""
    folder = out / "enhanced"
    places = [6, 0, 9, 3]
    made = dataset(np.stack([pixels(seed + 80, 5 * seed, 900) for seed in range(4)]), 1, "MR", InstanceNumber=1, SOPClassUID=uid.EnhancedMRImageStorage)
    groups = []
    for mm in places:
        group, position, orientation = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient, orientation.ImageOrientationPatient = along(AXIAL, mm), AXIAL
        group.PlanePositionSequence, group.PlaneOrientationSequence = Sequence([position]), Sequence([orientation])
        groups.append(group)
    made.PerFrameFunctionalGroupsSequence = Sequence(groups)
    save(folder / "volume.dcm", made)
    return [expectation(out, "enhanced", [f"volume.dcm#{frame}" for frame in (2, 4, 1, 3)], "MR")]


def film(out):
    """Frames of one place differ in time: in their order."""
    made = dataset(np.stack([pixels(seed + 90, 5 * seed, 900) for seed in range(3)]), 1, "MR", InstanceNumber=1, ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=AXIAL)
    save(out / "film" / "film.dcm", made)
    return [expectation(out, "film", [f"film.dcm#{frame}" for frame in (1, 2, 3)], "MR")]


def mosaic(out):
    """A Siemens mosaic of seven slices, three tiles in a row; how many they are stands in the CSA header alone."""
    picture = np.zeros((3 * SIDE, 3 * SIDE), np.uint16)
    for tile in range(7):
        row, column = divmod(tile, 3)
        picture[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE] = pixels(tile + 100, 20 * tile + 5, 900)
    made = dataset(picture, 1, "MR", InstanceNumber=1, ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], ImagePositionPatient=[-100, -100, 10], ImageOrientationPatient=AXIAL, PixelSpacing=[2, 2], SliceThickness=3)
    made.add_new(0x00290010, "LO", "SIEMENS CSA HEADER")
    made.add_new(0x00291010, "OB", csa_header(EchoLinePosition=[64], NumberOfImagesInMosaic=[7], SliceNormalVector=["0.00000000", "0.00000000", "1.00000000"]))
    save(out / "mosaic" / "mosaic.dcm", made)
    csa = nibabel.nicom.csareader.get_csa_header(pydicom.dcmread(out / "mosaic" / "mosaic.dcm"))
    assert csa["tags"]["NumberOfImagesInMosaic"]["items"] == [7]
    return [expectation(out, "mosaic", [f"mosaic.dcm@{tile}" for tile in range(1, 8)], "MR"), expectation(out, "mosaic", [f"mosaic.dcm@{tile}" for tile in range(1, 8)], "MR", most=3)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    shutil.rmtree(out, ignore_errors=True)
    expected = [*tilted(out), *reversed_order(out), *two_series(out), *enhanced(out), *film(out), *mosaic(out)]
    lines = ",\n".join(json.dumps(one) for one in expected)
    (out / "expected.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
