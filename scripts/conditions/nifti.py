"""Small NIfTI files, each odd in one way, written byte by byte: conditions for compare.mjs, with what nibabel and SimpleITK make of them.

    python scripts/conditions/nifti.py --out DIR
    node scripts/conditions/compare.mjs DIR

How the axes of a file run in the patient is chosen here, so that the right slices follow from the array alone: no header is read back.
"""

import argparse
import gzip
import itertools
import json
import shutil
import struct
import sys
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from nifti import PLANES, affine_of, linear  # noqa: E402
from series import WINDOWS, norm, windowed  # noqa: E402
from volume_peers import caught  # noqa: E402

OUT = Path()
CONDITIONS = []
RANDOM = np.random.default_rng(81)
SHAPE = (7, 6, 5)
THICK = (1, 1, 4)
CODES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768, "i8": 1024, "u8": 1280}
OTHER_CODES = {"bit": (1, 1), "complex64": (32, 64), "rgb24": (128, 24), "float128": (1536, 128), "complex128": (1792, 128), "rgba32": (2304, 32), "unknown": (999, 16)}


def header(stored, version=1, big=False, dims=None, zooms=None, affine=None, sform=1, qform=0, quaternion=None, qfac=1, slope=1, inter=0, offset=None, code=None, magic=None, cal=(0, 0), units=2):
    """The fields of nifti1.h and nifti2.h; what is not named is 0."""
    e = ">" if big else "<"
    code, bits = code or (CODES[stored.dtype.str[1:]], 8 * stored.dtype.itemsize)
    dims = list(dims) if dims is not None else [stored.ndim, *stored.shape]
    dims += [1] * (8 - len(dims))
    zooms = [qfac, *(zooms if zooms is not None else (1, 1, 1)), 1, 1, 1, 1][:8]
    b, c, d = quaternion or (0, 0, 0)
    rows = np.zeros((3, 4)) if affine is None else np.asarray(affine)[:3]
    if version == 1:
        out = bytearray(348)
        places = [("i", 0, [348]), ("8h", 40, dims), ("hh", 70, [code, bits]), ("8f", 76, zooms), ("f", 108, [352 if offset is None else offset]), ("ff", 112, [slope, inter]), ("B", 123, [units]), ("ff", 124, cal), ("hh", 252, [qform, sform]),
                  ("3f", 256, [b, c, d]), ("3f", 268, rows[:, 3]), ("12f", 280, rows.ravel()), ("4s", 344, [magic or b"n+1\0"])]
        out[148:162] = b"SECRET^PATIENT"
    else:
        out = bytearray(540)
        places = [("i8s", 0, [540, magic or b"n+2\0\r\n\x1a\n"]), ("hh", 12, [code, bits]), ("8q", 16, dims), ("8d", 104, zooms), ("q", 168, [544 if offset is None else offset]), ("dd", 176, [slope, inter]), ("dd", 192, cal), ("ii", 344, [qform, sform]),
                  ("3d", 352, [b, c, d]), ("3d", 376, rows[:, 3]), ("12d", 400, rows.ravel()), ("i", 500, [units])]
        out[240:254] = b"SECRET^PATIENT"
    for form, place, values in places:
        struct.pack_into(e + form, out, place, *values)
    return bytes(out)


def write(name, stored, big=False, version=1, offset=None, extension=b"", flag=None, tail=b"", pack=None, raw=None, cut=None, **fields):
    stored = np.asarray(stored)
    head = header(stored, version, big, offset=offset, **fields)
    start = {1: 352, 2: 544}[version] if offset is None else int(offset)
    flag = bytes([1 if extension else 0, 0, 0, 0]) if flag is None else flag
    voxels = raw if raw is not None else stored.astype(stored.dtype.newbyteorder(">" if big else "<")).tobytes(order="F")
    content = (head + flag + extension).ljust(start, b"\0")[: max(start, len(head))] + voxels + tail
    content = content[:cut] if cut is not None else content
    (OUT / name).write_bytes(pack(content) if pack else gzip.compress(content, 1, mtime=0) if name.lower().endswith(".gz") else content)


def to_canonical(values, codes):
    """Axes right, anterior, superior."""
    order = [next(k for k, one in enumerate(codes) if one in pair) for pair in ("RL", "AP", "SI")]
    turned = np.transpose(values, [*order, *range(3, values.ndim)])
    for axis, k in enumerate(order):
        if codes[k] not in "RAS":
            turned = np.flip(turned, axis)
    return turned


def levels(values, modality, window):
    if window is not None:
        return linear(values, *window)
    if modality == "CT":
        return windowed(values, WINDOWS["v1.5"])
    finite = values[np.isfinite(values)]
    span = (finite.min().item(), finite.max().item())
    return np.round(np.stack([norm(np.nan_to_num(values, nan=span[0]), *span)] * 3, -1), 0).astype(np.uint8)


def condition(name, kind, values=None, codes="RAS", plane="axial", modality="MR", window=None, volume=None, peers=True, held=None, **rest):
    """
    @param values: what the file holds after scaling, as it is stored; None: only a refusal is right
    @param held: that, of a file with several volumes, which peers give all at once
    """
    right, said = None, None
    if peers:
        whole = values if held is None else held
        truth = None if whole is None else to_canonical(whole, codes)
        said = {peer: verdict(read, OUT / name, truth) for peer, read in (("nibabel", by_nibabel), ("SimpleITK", by_simpleitk))}
    if values is not None:
        if values.ndim > 3:
            values = values.reshape(*values.shape[:3], -1, order="F")[..., (volume or 1) - 1]
        shown = to_canonical(values, codes)[::-1, ::-1, ::-1].transpose(PLANES[plane])
        rgb = levels(shown.astype(np.float64), modality, window)
        file = f"right-{name}-{volume}.gz"
        (OUT / file).write_bytes(gzip.compress(rgb.tobytes(), 1, mtime=0))
        right = {"width": rgb.shape[2], "height": rgb.shape[1], "count": len(rgb), "file": file}
    options = {"modality": modality} if window is None else {"window": {"center": window[0], "width": window[1]}}
    if volume is not None:
        options["volume"] = volume
    CONDITIONS.append({"id": name if volume is None else f"{name}/{volume}", "kind": kind, "call": "series", "source": name, "right": right, "options": options, **({"peers": said} if said else {}), **rest})


def verdict(read, path, truth):
    with caught() as said:
        try:
            values = read(path)
        except Exception:  # whatever it is, there is no volume
            return "refused"
    if truth is not None and values.size == truth.size and values.shape[:3] == truth.shape[:3]:
        values = values.reshape(truth.shape)  # dimensions of 1 at the end
    if truth is not None and values.shape == truth.shape and np.allclose(values, truth, equal_nan=True, rtol=1e-6):
        return "right"
    return "warned" if "warn" in "".join(said).lower() else "wrong"


def by_nibabel(path):
    return nibabel.as_closest_canonical(nibabel.load(path)).get_fdata()


def by_simpleitk(path):
    image = SimpleITK.ReadImage(str(path))
    parts = [image[..., t] for t in range(image.GetSize()[3])] if image.GetDimension() == 4 else [image]
    arrays = [SimpleITK.GetArrayFromImage(SimpleITK.DICOMOrient(part, "LPS")).T[::-1, ::-1] for part in parts]
    return np.stack(arrays, -1) if len(arrays) > 1 else arrays[0]


def noise(dtype="i2", shape=SHAPE, low=0, high=1000):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return RANDOM.normal(300, 200, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return RANDOM.integers(max(low, int(limits.min)), min(high, int(limits.max)), shape).astype(dtype)


def datatypes():
    kind = "datatypes, byte orders, gzip, versions"
    for k, (dtype, big, version) in enumerate(itertools.product(CODES, (False, True), (1, 2))):
        name = f"{dtype}-{'big' if big else 'little'}-{version}.nii{'.gz' if (k // 2 + k) % 2 else ''}"
        stored = noise(dtype, low=-900, high=2**40)
        write(name, stored, big=big, version=version, affine=affine_of("RAS", THICK), zooms=THICK)
        condition(name, kind, stored)
    for name, code in OTHER_CODES.items():
        size = max(1, code[1] // 8)
        write(f"other-{name}.nii", noise("u1"), code=code, raw=RANDOM.bytes(int(np.prod(SHAPE)) * size), affine=np.eye(4))
        condition(f"other-{name}.nii", kind, None)


def orientations():
    kind = "orientations: axes, sform, qform, oblique, none"
    for k, order in enumerate(itertools.permutations(("RL", "AP", "SI"))):
        for bits in itertools.product((0, 1), repeat=3):
            codes = "".join(pair[bit] for pair, bit in zip(order, bits))
            affine = affine_of(codes, (1, 1, 1))
            by_qform = (k + sum(bits)) % 2 == 1
            write(f"axes-{codes}.nii", stored := noise(), affine=affine, **(turned(affine) if by_qform else {}))
            condition(f"axes-{codes}.nii", kind, stored, codes)
    for plane, codes in (("axial", "LPS"), ("coronal", "RSA"), ("sagittal", "PIL"), ("sagittal", "ASR"), ("coronal", "LIP")):
        write(f"plane-{codes}.nii.gz", stored := noise(), affine=affine_of(codes, THICK), zooms=THICK)
        condition(f"plane-{codes}.nii.gz", kind, stored, codes, plane)
    for degrees in (10, 25, 44, -30):
        write(f"oblique-{degrees}.nii", stored := noise(), affine=affine_of("LAS", THICK, degrees), zooms=THICK)
        condition(f"oblique-{degrees}.nii", kind, stored, "LAS")
        affine = affine_of("LAS", (1, 1, 1), degrees)
        write(f"oblique-qform-{degrees}.nii", stored := noise(), affine=affine, **turned(affine))
        condition(f"oblique-qform-{degrees}.nii", kind, stored, "LAS")
    told = {"tells": "does not say how it lies", "mustTell": True}
    write("none.nii", stored := noise(), sform=0)
    condition("none.nii", kind, stored, **told)
    write("none-2.nii.gz", stored := noise(), sform=0, version=2, zooms=(1, 1, 3))
    condition("none-2.nii.gz", kind, stored, **told)
    write("sform-flat.nii", stored := noise(), affine=np.diag([1, 1, 0, 1]))
    condition("sform-flat.nii", kind, stored, **told)
    write("sform-nan.nii", stored := noise(), affine=np.full((4, 4), np.nan))
    condition("sform-nan.nii", kind, stored, **told)
    affine = affine_of("LPI", (1, 1, 1))
    write("sform-flat-qform.nii", stored := noise(), affine=np.diag([1, 0, 1, 1]), **{**turned(affine), "sform": 1})
    condition("sform-flat-qform.nii", kind, stored, "LPI")
    write("both-differ.nii", stored := noise(), affine=affine_of("RAS", (1, 1, 1)), **{**turned(affine), "sform": 2})
    condition("both-differ.nii", kind, stored, "RAS")
    write("qform-code-4.nii", stored := noise(), affine=affine, **{**turned(affine), "qform": 4})
    condition("qform-code-4.nii", kind, stored, "LPI")
    write("qfac-0.nii", stored := noise(), **{**turned(affine_of("LPS", (1, 1, 1))), "qfac": 0})
    condition("qfac-0.nii", kind, stored, "LPS")
    write("quaternion-long.nii", stored := noise(), **{**turned(np.eye(4)), "quaternion": (0, 0, 1.5)})
    condition("quaternion-long.nii", kind, stored, "LPS")


def turned(affine):
    """The qform of an affine whose axes are at right angles."""
    axes = np.asarray(affine)[:3, :3]
    axes = axes / np.linalg.norm(axes, axis=0)
    qfac = -1 if np.linalg.det(axes) < 0 else 1
    _w, b, c, d = nibabel.quaternions.mat2quat(axes @ np.diag([1, 1, qfac]))
    return {"sform": 0, "qform": 1, "quaternion": (b, c, d), "qfac": qfac}


def scalings():
    kind = "slope and intercept, cal_min and cal_max, values that are no numbers"
    nan, inf = np.nan, np.inf
    plain = [(0, 0), (0, 5), (nan, nan), (nan, 3), (inf, 0), (1, 0)]
    for k, (slope, inter) in enumerate([*plain, (2, 0), (0.5, -100), (-1, 100), (-0.25, 0), (1e-3, 7), (3, -2048), (1e6, 0)]):
        for version in (1, 2):
            write(f"scale-{k}-{version}.nii", stored := noise(), slope=slope, inter=inter, affine=np.eye(4), version=version)
            values = stored if (slope, inter) in plain[:5] or k < 6 else stored * np.float64(np.float32(slope) if version == 1 else slope) + inter
            condition(f"scale-{k}-{version}.nii", kind, values)
    for k, inter in enumerate((nan, inf)):
        write(f"intercept-{k}.nii", noise(), slope=1, inter=inter, affine=np.eye(4))
        condition(f"intercept-{k}.nii", kind, None)
    for k, cal in enumerate(((100, 300), (0, 1), (300, 100), (nan, nan))):
        write(f"cal-{k}.nii", stored := noise(), cal=cal, affine=np.eye(4))
        condition(f"cal-{k}.nii", kind, stored)
    hounsfield = noise("i2", low=-1100, high=1900)
    write("ct.nii.gz", hounsfield, affine=affine_of("LAS", THICK), zooms=THICK)
    condition("ct.nii.gz", kind, hounsfield, "LAS", modality="CT")
    write("ct-scaled.nii", stored := noise("u2", high=3000), slope=1, inter=-1024, affine=affine_of("LAS", THICK), zooms=THICK)
    condition("ct-scaled.nii", kind, stored.astype(int) - 1024, "LAS", modality="CT")
    write("windowed.nii", stored := noise(), affine=np.eye(4))
    condition("windowed.nii", kind, stored, window=(400, 500))
    for name, value in (("nan", nan), ("infinite", inf)):
        stored = noise("f4")
        stored[1, 2, 3] = stored[0, 0, 0] = value
        write(f"values-{name}.nii", stored, affine=np.eye(4))
        condition(f"values-{name}.nii", kind, stored)
    write("constant.nii", stored := np.full(SHAPE, 7, "i2"), affine=np.eye(4))
    CONDITIONS.append({"id": "constant.nii", "kind": kind, "call": "series", "source": "constant.nii", "options": {"modality": "MR"}, "right": black("constant", SHAPE)})


def black(name, shape):
    (OUT / f"right-{name}.gz").write_bytes(gzip.compress(bytes(3 * int(np.prod(shape))), 1, mtime=0))
    return {"width": shape[0], "height": shape[1], "count": shape[2], "file": f"right-{name}.gz"}


def shapes():
    kind = "dimensions and spacings"
    eye = np.eye(4)
    for name, shape in (("4d", (7, 6, 5, 3)), ("5d", (7, 6, 5, 1, 3)), ("5d-both", (7, 6, 5, 2, 2)), ("one-slice-4d", (7, 6, 1, 4)), ("4d-of-1", (7, 6, 5, 1)), ("7d-of-1", (7, 6, 5, 1, 1, 1, 1))):
        write(f"{name}.nii.gz", stored := noise(shape=shape), affine=eye)
        count = int(np.prod(shape[3:]))
        condition(f"{name}.nii.gz", kind, None if count > 1 else stored, held=stored)
        for volume in range(1, count + 1 if count > 1 else 1):
            condition(f"{name}.nii.gz", kind, stored, volume=volume, peers=False)
    write("2d.nii", stored := noise(shape=(7, 6)), affine=eye)
    condition("2d.nii", kind, stored[..., None], peers=False)
    write("2d-as-3d.nii", stored := noise(shape=(7, 6, 1)), affine=eye)
    condition("2d-as-3d.nii", kind, stored)
    for plane, shape in (("sagittal", (1, 6, 5)), ("coronal", (7, 1, 5))):
        write(f"single-{plane}.nii", stored := noise(shape=shape), affine=eye)
        condition(f"single-{plane}.nii", kind, stored, plane=plane)
    write("unused-0.nii", stored := noise(), dims=[3, *SHAPE, 0, 0, 0, 0], affine=eye)
    condition("unused-0.nii", kind, stored)
    write("unused-junk.nii", stored := noise(), dims=[3, *SHAPE, 9, -4, 3, 1], affine=eye)
    condition("unused-junk.nii", kind, stored)
    for name, dims in (("rank-8", [8, *SHAPE]), ("rank-0", [0, *SHAPE]), ("rank-negative", [-3, *SHAPE]), ("size-0", [3, 7, 0, 5]), ("size-negative", [3, 7, -6, 5]), ("time-0", [4, 7, 6, 5, 0]), ("far-too-large", [3, 30000, 30000, 30000])):
        write(f"{name}.nii", noise(), dims=dims, affine=eye)
        condition(f"{name}.nii", kind, None, damaged=name == "far-too-large")
    nan = np.nan
    for name, zooms in (("0", (1, 1, 0)), ("all-0", (0, 0, 0)), ("negative", (-1, -1, -1)), ("nan", (nan, nan, nan))):
        write(f"zooms-{name}.nii", stored := noise(), zooms=zooms, affine=eye)
        condition(f"zooms-{name}.nii", kind, stored)
        write(f"zooms-alone-{name}.nii", stored := noise(), zooms=zooms, sform=0)
        condition(f"zooms-alone-{name}.nii", kind, stored, tells="does not say how it lies", mustTell=True)
    for name, zooms in (("high", (1, 2, 6)), ("wide", (2, 1, 6)), ("near", (1, 1.2, 3))):
        write(f"pixels-{name}.nii", stored := noise(), zooms=zooms, affine=affine_of("RAS", zooms))
        condition(f"pixels-{name}.nii", kind, stored, tells="pixels are", mustTell=True)
    for units in (0, 1, 3, 10, 255):
        write(f"units-{units}.nii", stored := noise(), units=units, affine=affine_of("LAS", THICK), zooms=THICK)
        condition(f"units-{units}.nii", kind, stored, "LAS")


def files():
    kind = "extensions, offsets, bytes behind, damage, names"
    eye = np.eye(4)

    def one(name, damaged=None, refused=False, **fields):
        write(name, stored := noise(), affine=eye, **fields)
        condition(name, kind, None if refused or damaged else stored, **({"damaged": True} if damaged else {}))

    one("extension.nii", extension=struct.pack("<ii", 16, 6) + b"SECRET\0\0", offset=368)
    one("extensions.nii.gz", extension=struct.pack("<ii", 32, 6) + b"SECRET".ljust(24) + struct.pack("<ii", 16, 4) + b"<a/>\0\0\0\0", offset=400)
    one("extension-size-0.nii", extension=struct.pack("<ii", 0, 6) + bytes(8), offset=368)
    one("extension-huge.nii", extension=struct.pack("<ii", 2**31 - 16, 6) + bytes(8), offset=368)
    one("extension-negative.nii", extension=struct.pack("<ii", -16, 6) + bytes(8), offset=368)
    one("extension-unsaid.nii", extension=struct.pack("<ii", 16, 6) + bytes(8), flag=bytes(4), offset=368)
    one("extension-2.nii", version=2, extension=struct.pack("<ii", 16, 6) + bytes(8), offset=560)
    for offset in (353, 360, 1000, 4096):
        one(f"offset-{offset}.nii", offset=offset)
    one("offset-348.nii", offset=348)
    one("offset-half.nii", offset=352.5, refused=True)
    one("offset-0.nii", offset=0, refused=True)
    one("offset-negative.nii", offset=-352, refused=True)
    one("tail.nii", tail=b"end of file")
    one("tail-long.nii", tail=bytes(5000))
    for k, tail in enumerate((bytes(512), bytes(70_000), b"text", b"\x1f\x8b")):
        one(f"gzip-tail-{k}.nii.gz", pack=lambda content, tail=tail: gzip.compress(content, 1, mtime=0) + tail)
    one("gzip-members.nii.gz", pack=lambda content: gzip.compress(content[:400], 1, mtime=0) + gzip.compress(content[400:], 1, mtime=0))
    one("gzip-stored.nii.gz", pack=lambda content: gzip.compress(content, 0, mtime=0))
    one("gzip-named-nii.nii", pack=lambda content: gzip.compress(content, 1, mtime=0))
    one("plain-named-gz.nii.gz", pack=lambda content: content)
    one("CAPITALS.NII")
    one("CAPITALS.NII.GZ")
    one("no-ending")
    one("cut.nii", cut=500, damaged=True)
    one("cut-by-one.nii", cut=352 + 2 * int(np.prod(SHAPE)) - 1, damaged=True)
    one("cut-in-header.nii", cut=300, damaged=True)
    one("cut.nii.gz", pack=lambda content: gzip.compress(content, 1, mtime=0)[:-40], damaged=True)
    one("checksum.nii.gz", pack=lambda content: gzip.compress(content, 1, mtime=0)[:-8] + bytes(8), damaged=True)
    one("pair.hdr", magic=b"ni1\0", refused=True)
    one("magic-none.nii", magic=b"\0\0\0\0", refused=True)
    one("empty.nii", cut=0, damaged=True)
    write("no-modality.nii", noise(), affine=eye)
    CONDITIONS.append({"id": "no-modality.nii", "kind": kind, "call": "series", "source": "no-modality.nii", "right": None})
    CONDITIONS.append({"id": "as-picture.nii", "kind": kind, "call": "image", "source": "no-modality.nii", "right": None})


def main():
    global OUT
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    OUT = parser.parse_args().out.resolve()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for kind in (datatypes, orientations, scalings, shapes, files):
        kind()
    (OUT / "conditions.json").write_text("[\n" + ",\n".join(json.dumps(one) for one in CONDITIONS) + "\n]\n")


if __name__ == "__main__":
    main()
