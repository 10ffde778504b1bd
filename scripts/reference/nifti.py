"""Small NIfTI volumes, and what Google's recipe makes of them with nibabel and NumPy: the reference of the NIfTI tests.

    python scripts/reference/nifti.py --out test/fixtures/nifti

Writes the files, and expected.json: a list of {file, modality, index, window, most, of, numbers, notes, rgb}. nibabel turns
a volume to right-anterior-superior; pictures of radiology walk every axis of that from its end. In which plane a volume is
cut is said here for every case, not computed.
"""

import argparse
import base64
import json
from pathlib import Path

import nibabel as nib
import numpy as np
from series import WINDOWS, norm, thinned, windowed

SHAPE = (7, 6, 5)
# Axes of the canonical volume, right-left, anterior-posterior, head-foot: which are slices, rows, columns.
PLANES = {"axial": (2, 1, 0), "coronal": (1, 2, 0), "sagittal": (0, 2, 1)}


def hounsfield(seed, shape=SHAPE):
    """Every value near the edges of the windows, and noise."""
    rng = np.random.default_rng(seed)
    values = rng.integers(-1100, 1900, shape)
    edges = [-1226, -1225, -1224, -1025, -1024, -1023, -136, -135, -134, -1, 0, 1, 79, 80, 81, 214, 215, 216, 1023, 1024, 1025, 1026]
    values.flat[: 3 * len(edges)] = np.repeat(edges, 3)
    return values


def affine_of(codes, zooms, tilt=0.0):
    """Of voxels whose axes run towards these ends of the patient, turned about its right-left axis."""
    matrix = np.zeros((4, 4))
    for column, (code, zoom) in enumerate(zip(codes, zooms)):
        row = ["RL", "AP", "SI"].index(next(pair for pair in ["RL", "AP", "SI"] if code in pair))
        matrix[row, column] = zoom if code in "RAS" else -zoom
    cosine, sine = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    turned = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]) @ matrix[:3, :3]
    matrix[:3, :3] = turned
    matrix[:3, 3] = [-30, -20, 700]
    matrix[3, 3] = 1
    return matrix


def save(path, stored, affine, kind=nib.Nifti1Image, header_class=nib.Nifti1Header, big=False, slope=None, intercept=0, sform=1, qform=1, other_qform=None):
    header = header_class(endianness=">" if big else "<")
    header.set_data_dtype(stored.dtype)
    image = kind(stored, affine, header)
    image.header["descrip"] = b"SECRET^PATIENT"
    image.header["intent_name"] = b"SECRET"
    image.header.extensions.append(nib.nifti1.Nifti1Extension(6, b"SECRET TEXT"))
    image.set_sform(affine if sform else None, sform)
    image.set_qform(other_qform if other_qform is not None else affine if qform else None, qform)
    image.header.set_slope_inter(slope if slope is not None else 1, intercept)
    image.to_filename(path)
    if big:
        assert nib.load(path).header.endianness == ">"


def canonical(path, volume, is_known):
    image = nib.load(path)
    if not is_known:
        # nifti1.h, METHOD 1; nibabel would take the first axis to run to the left.
        image = type(image)(image.dataobj, np.diag([*image.header.get_zooms()[:3], 1]), image.header)
    image = nib.as_closest_canonical(image)
    values = image.get_fdata(dtype=np.float64)
    if values.ndim > 3:
        values = values.reshape(*values.shape[:3], -1, order="F")[..., volume - 1]
    return values[::-1, ::-1, ::-1]


def linear(values, center, width):
    """PS3.3 C.11.2.1.2.1, rounded half up."""
    gray = np.clip(((values - (center - 0.5)) / (width - 1) + 0.5) * 255, 0, 255)
    return np.repeat(np.floor(gray + 0.5).astype(np.uint8)[..., None], 3, -1)


def expectation(path, plane, modality=None, recipe="v1.5", window=None, index=None, most=85, is_known=True):
    values = canonical(path, index or 1, is_known).transpose(PLANES[plane])
    numbers = thinned(list(range(len(values))), most)
    if window is not None:
        rgb = linear(values, *window)
    elif modality == "CT":
        rgb = windowed(values, WINDOWS[recipe])
    else:
        finite = values[np.isfinite(values)]
        span = (finite.min().item(), finite.max().item())
        rgb = np.round(np.stack([norm(np.nan_to_num(values, nan=span[0]), *span)] * 3, -1), 0).astype(np.uint8)
    return {
        "file": path.name,
        "plane": plane,
        "modality": modality,
        "recipe": recipe,
        "window": None if window is None else {"center": window[0], "width": window[1]},
        "index": index,
        "most": most,
        "of": len(values),
        "numbers": [number + 1 for number in numbers],
        "size": [values.shape[2], values.shape[1]],
        "rgb": base64.b64encode(rgb[numbers].tobytes()).decode(),
    }


def cases(out):
    def case(name, stored, affine, plane, modality, files=None, **options):
        path = out / name
        save(path, stored, affine, **(files or {}))
        return expectation(path, plane, modality, **options)

    version2 = {"kind": nib.Nifti2Image, "header_class": nib.Nifti2Header}
    thick = (0.8, 0.8, 5)
    noise = np.random.default_rng(7)
    # As dcm2niix writes a CT: the first axis to the left, slices from foot to head.
    yield case("ct-las.nii.gz", hounsfield(1).astype(np.int16), affine_of("LAS", thick), "axial", "CT")
    yield expectation(out / "ct-las.nii.gz", "axial", "CT", recipe="v1", most=3)
    yield expectation(out / "ct-las.nii.gz", "axial", "CT", window=(40, 400))
    # As SimpleITK writes one; unsigned, scaled, big-endian, by the qform alone.
    yield case("ct-lps-big.nii", (hounsfield(2) + 1300).astype(np.uint16), affine_of("LPS", thick), "axial", "CT", {"big": True, "slope": 1, "intercept": -1300, "sform": 0})
    yield case("ct-ras.nii.gz", hounsfield(3).astype(np.int32), affine_of("RAS", (1, 1, 1)), "axial", "CT")
    yield case("ct-tilted.nii.gz", hounsfield(4).astype(np.float32), affine_of("RPI", thick, tilt=25), "axial", "CT", {"qform": 0})
    yield case("ct-half.nii.gz", (2 * hounsfield(5)).astype(np.int16), affine_of("LAS", thick), "axial", "CT", {"slope": 0.5, "intercept": 0.25})
    # Slices across the first axis, and across the second.
    sagittal = noise.normal(500, 200, SHAPE).astype(np.float32)
    sagittal[0, :2] = np.nan
    yield case("mr-sagittal.nii.gz", sagittal, affine_of("RSA", (4, 0.9, 0.9)), "sagittal", "MR")
    yield case("mr-coronal-2.nii.gz", noise.normal(0, 1, SHAPE), affine_of("IPR", (0.5, 3, 0.5), tilt=-15), "coronal", "MR", {**version2, "sform": 0})
    # No spacing stands out, whatever the order of axes.
    yield case("mr-isotropic-2-big.nii", noise.integers(0, 4000, SHAPE).astype(np.uint16), affine_of("PIR", (1.2, 1, 1)), "axial", "MR", {**version2, "big": True})
    yield case("mr-4d.nii.gz", noise.integers(-50, 900, (*SHAPE, 3)).astype(np.int16), affine_of("LAS", thick), "axial", "MR", index=2)
    yield case("mr-single-slice.nii", noise.integers(0, 255, (7, 1, 5)).astype(np.uint8), affine_of("RAS", (1, 1, 1)), "coronal", "MR")
    yield case("two-transforms.nii", noise.integers(-99, 99, SHAPE).astype(np.int8), affine_of("RAS", thick), "axial", "MR", {"sform": 1, "qform": 2, "other_qform": affine_of("LPI", thick)})
    yield case("no-orientation.nii", noise.integers(0, 2**32, SHAPE).astype(np.uint32), np.diag([1, 1, 3, 1]), "axial", "MR", {"sform": 0, "qform": 0}, is_known=False)
    yield case("int64.nii.gz", noise.integers(-(2**40), 2**40, SHAPE), affine_of("LAS", thick), "axial", "MR")
    yield case("uint64.nii.gz", noise.integers(0, 2**40, SHAPE).astype(np.uint64), affine_of("LAS", thick), "axial", "MR")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    (out / "expected.json").write_text("[\n" + ",\n".join(json.dumps(one) for one in cases(out)) + "\n]\n")


if __name__ == "__main__":
    main()
