"""What other programs make of a folder or file that holds volumes: which slices they put together, and in which order.

A slice is known by its values: every slice that the condition scripts make has noise of its own, so that a volume of a peer can be written as a list of the
slices it consists of, however the peer has turned them.

    right    every volume that was made is there, its slices all in order (from either end), and no other slice with them
    warned   not so, but with a warning
    wrong    not so, without a word
    refused  no volume
"""

import os
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pydicom
import SimpleITK

DCM2NIIX = Path(sys.executable).with_name("dcm2niix")
QUIET = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "timeout": 60}


def verdicts(path, volumes, of=("dcm2niix", "SimpleITK", "highdicom")):
    """@param volumes: lists of arrays, the values of the slices of each volume that was put into `path`."""
    return {name: verdict(PEERS[name], path, volumes) for name in of}


def verdict(peer, path, volumes):
    found, said = peer(path)
    known = [[sorted_values(one) for one in volume] for volume in volumes]
    wanted = [[(v, k) for k in range(len(volume))] for v, volume in enumerate(volumes)]
    seen = [[identify(one, known) for one in volume] for volume in found]
    seen = [volume for volume in seen if any(one is not None for one in volume)]  # a volume of localizers alone is none of ours
    if not found:
        return "refused"
    is_right = seen != [] and all(any(one in (volume, volume[::-1]) for one in seen) for volume in wanted) and all(any(one in (volume, volume[::-1]) for volume in wanted) for one in seen)
    return "right" if is_right else "warned" if "warning" in said.lower() else "wrong"


def sorted_values(values):
    return np.sort(np.asarray(values, np.float64).ravel())


def identify(values, known):
    own = sorted_values(values)
    for v, volume in enumerate(known):
        for k, other in enumerate(volume):
            if own.shape == other.shape and np.max(np.abs(own - other)) < 0.5:
                return v, k
    return None


def of_dcm2niix(path):
    with tempfile.TemporaryDirectory() as out:
        try:
            done = subprocess.run([DCM2NIIX, "-z", "n", "-b", "n", "-f", "%j_%s", "-o", out, str(path)], **QUIET)
        except subprocess.TimeoutExpired:
            return [], ""
        # "_Eq" and "_Tilt" are copies that it resamples.
        files = [one for one in sorted(Path(out).glob("*.nii")) if not one.stem.endswith(("_Eq", "_Tilt", "_Eq_1", "_Tilt_1"))]
        return [volume for one in files for volume in volumes_of(nibabel.load(one))], done.stdout


def volumes_of(image):
    values = np.asanyarray(image.dataobj)
    if values.dtype.fields:  # RGB24
        values = np.stack([values[name] for name in values.dtype.names], -1)
        values = values[:, :, None] if values.ndim == 3 else values
        return [[values[:, :, k] for k in range(values.shape[2])]]
    values = values.reshape(*values.shape[:3], -1) if values.ndim > 2 else values[..., None, None]
    return [[values[:, :, k, t] for k in range(values.shape[2])] for t in range(values.shape[3])]


@contextmanager
def caught():
    """What is written to stderr, also by C++."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile("w+") as file, warnings.catch_warnings():
        warnings.simplefilter("always")
        os.dup2(file.fileno(), 2)
        said = []
        try:
            yield said
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            said.append(file.read())


def of_simpleitk(path):
    with caught() as said:
        volumes = []
        try:
            if path.is_file():
                volumes = [SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))]
            else:
                for uid in SimpleITK.ImageSeriesReader.GetGDCMSeriesIDs(str(path)):
                    reader = SimpleITK.ImageSeriesReader()
                    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(path), uid))
                    try:
                        volumes.append(SimpleITK.GetArrayFromImage(reader.Execute()))
                    except RuntimeError:
                        pass
        except RuntimeError:
            pass
    parts = [part for volume in volumes for part in (volume if volume.ndim == 5 else [volume])]
    return [list(part) if part.ndim > 2 else [part] for part in parts], "".join(said)


def of_highdicom(path):
    with caught() as said:
        try:
            if path.is_file():
                volume = highdicom.imread(path).get_volume()
            else:
                datasets = [read for read in map(readable, sorted(path.rglob("*"))) if read is not None]
                volume = highdicom.get_volume_from_series(datasets)
            arrays = [list(volume.array)]
        except Exception:  # whatever it is, it is no volume
            arrays = []
    return arrays, "".join(said)


def readable(path):
    try:
        read = pydicom.dcmread(path) if path.is_file() else None
    except Exception:
        return None
    return read if read is not None and "PixelData" in read else None


PEERS = {"dcm2niix": of_dcm2niix, "SimpleITK": of_simpleitk, "highdicom": of_highdicom}
