"""Odd and ordinary DICOM files, with the pixels that are right, for compare.mjs, and what pydicom and GDCM make of them.

    python scripts/conditions/dicom.py --out DIR
    node scripts/conditions/compare.mjs DIR

The right pixels are computed from what went into each file, by the plain formulas of PS3.3, never by a reader. pydicom is asked as in
scripts/reference/dicom_picture.py. GDCM's ImageReader has no windows, so the right window is applied to its values; kinds that are about
windows are not asked of it.
"""

import argparse
import gzip
import json
import logging
import multiprocessing
import os
import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))

import dicom_attributes
import dicom_frames
import dicom_pixels
import dicom_refusals
import gdcm
import numpy as np
from dicom_picture import picture
from pydicom import dcmread, uid

# Of src/dicom/window-choice.ts, from Radiopaedia.
PRESETS = {"lung": (-600, 1500), "bone": (400, 1800), "brain": (40, 80)}
# Kinds that are about what GDCM leaves to its caller.
WITHOUT_GDCM = {"windows", "lookup tables", "padding", "pixels that are not square"}


def by_pydicom(path, condition):
    read = dcmread(path, force=True)
    if "TransferSyntaxUID" not in read.file_meta:
        implicit, little = read.original_encoding
        read.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
    if "BitsStored" in read:
        read.HighBit = read.BitsStored - 1  # picture() shifts the values for another one, which pydicom does not
    window = condition.options.get("window")
    if isinstance(window, dict):
        window = window["center"], window["width"]
    elif isinstance(window, int):
        window -= 1
    return picture(read, condition.options.get("frame", 1) - 1, PRESETS.get(window, window) if isinstance(window, str) else window)


def by_gdcm(path, condition):
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    if not reader.Read():
        raise ValueError("not read")
    image = reader.GetImage()
    if image.GetPhotometricInterpretation().GetType() == gdcm.PhotometricInterpretation.PALETTE_COLOR:
        table = gdcm.ImageApplyLookupTable()
        table.SetInput(image)
        if not table.Apply():
            raise ValueError("no palette")
        image = table.GetOutput()
    photometric = image.GetPhotometricInterpretation().GetString().strip()
    kind = image.GetPixelFormat()
    columns, rows = image.GetDimension(0), image.GetDimension(1)
    samples = kind.GetSamplesPerPixel()
    word = np.dtype(f"{'i' if kind.GetPixelRepresentation() else 'u'}{max(1, kind.GetBitsAllocated() // 8)}")
    bits = np.frombuffer(image.GetBuffer().encode("utf-8", "surrogateescape"), np.uint8)
    frame = condition.options.get("frame", 1) - 1
    if kind.GetBitsAllocated() == 1:
        bits = np.unpackbits(bits, bitorder="little")
    values = bits.view(word)[frame * rows * columns * samples :][: rows * columns * samples]
    if kind.GetBitsAllocated() > 1:
        values = values << (kind.GetBitsAllocated() - 1 - kind.GetHighBit()) >> (kind.GetBitsAllocated() - kind.GetBitsStored())
    if samples == 1:
        seen = condition.show(values.reshape(rows, columns) * image.GetSlope() + image.GetIntercept())[..., 0]
        return 255 - seen if photometric == "MONOCHROME1" else seen
    planes = values.reshape(3, rows, columns).transpose(1, 2, 0) if image.GetPlanarConfiguration() == 1 else values.reshape(rows, columns, 3)
    if photometric.startswith("YBR_FULL"):
        return dicom_pixels.rgb_of(planes)
    return planes if kind.GetBitsStored() == 8 else np.floor(planes / (2 ** kind.GetBitsStored() - 1) * 255 + 0.5).astype(np.uint8)


def answer(read, path, condition, sender):
    """In a process of its own, as a file may end it. What it says on stderr, in the log or as a warning is its word."""
    with tempfile.TemporaryFile() as spoken:
        os.dup2(spoken.fileno(), 2)
        logging.basicConfig(level=logging.WARNING, force=True)
        warnings.simplefilter("always")
        try:
            seen = np.asarray(read(path, condition))
        except Exception:
            seen = None
        sys.stderr.flush()
        sender.send((seen, spoken.seek(0, os.SEEK_END) > 0))


def verdict(read, path, condition):
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=answer, args=(read, path, condition, sender))
    process.start()
    sender.close()
    try:
        seen, has_spoken = receiver.recv() if receiver.poll(60) else (None, False)
    except EOFError:
        seen, has_spoken = None, False
    process.kill()
    process.join()
    if seen is None:
        return "refused"
    right = condition.right
    if seen.ndim == 2:
        seen = np.repeat(seen[..., None], 3, -1)
    if right is not None and seen.shape == right.shape and np.abs(seen.astype(int) - right.astype(int)).max() <= condition.tolerance:
        return "right"
    return "warned" if has_spoken else "wrong"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    (out / "right").mkdir(parents=True, exist_ok=True)
    gdcm.Trace.WarningOn()
    gdcm.ImageHelper.SetForceRescaleInterceptSlope(True)  # else it is read of CT, MR and a few others alone
    rows = []
    for condition in (one for part in (dicom_pixels, dicom_attributes, dicom_frames, dicom_refusals) for one in part.conditions()):
        row = {"id": f"{len(rows):03d} {condition.name}", "kind": condition.kind, "call": "image", "options": condition.options}
        files = condition.content if isinstance(condition.content, dict) else {f"{len(rows):03d}.dcm": condition.content}
        for name, content in files.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(content)
        row |= {"source": condition.source or next(iter(files)), "tolerance": condition.tolerance, "tells": condition.tells, "mustTell": condition.must_tell, "damaged": condition.damaged, "right": None}
        if condition.right is not None:
            file = f"right/{len(rows):03d}.gz"
            (out / file).write_bytes(gzip.compress(np.ascontiguousarray(condition.right, np.uint8).tobytes(), mtime=0))
            row["right"] = {"width": condition.right.shape[1], "height": condition.right.shape[0], "count": 1, "file": file}
        path = out / row["source"]
        if path.is_file() and condition.has_peers:
            row["peers"] = {"pydicom": verdict(by_pydicom, path, condition)}
            if condition.kind not in WITHOUT_GDCM:
                row["peers"]["GDCM"] = verdict(by_gdcm, path, condition)
        rows.append(row)
    assert len({row["id"] for row in rows}) == len(rows)
    (out / "conditions.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")
    print(f"{len(rows)} conditions")


if __name__ == "__main__":
    main()
