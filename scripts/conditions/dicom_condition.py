"""One condition of dicom.py, and the plain formulas that make the right pixels of it."""

from dataclasses import dataclass, field

import numpy as np
from dicom_odd import full, gray, windowed

__all__ = ["Condition", "exact", "full", "gray", "linear", "sigmoid", "table", "turned", "windowed"]


@dataclass
class Condition:
    kind: str
    name: str
    # Of one file, or of several by their names.
    content: bytes | dict
    # RGB; None: only a refusal is right.
    right: np.ndarray | None
    options: dict = field(default_factory=dict)
    tolerance: int = 0
    tells: str | None = None
    must_tell: bool = False
    damaged: bool = False
    # Values after the rescale to RGB: what GDCM, which has no windows, leaves to its caller.
    show: object = full
    # What is read, where it is not the first file.
    source: str | None = None
    has_peers: bool = True


def linear(center, width):
    return lambda values: windowed(values, center, width)


def exact(center, width):
    return lambda values: gray(((np.asarray(values, float) - center) / width + 0.5).clip(0, 1) * 255)


def sigmoid(center, width):
    return lambda values: gray(255 / (1 + np.exp((-4 * (np.asarray(values, float) - center) / width).clip(-700, 700))))


def table(entries, first, white):
    """Inputs outside have the first or the last entry."""
    return lambda values: gray(np.asarray(entries)[np.trunc(np.asarray(values, float) - first).astype(int).clip(0, len(entries) - 1)] / white * 255)


def turned(picture):
    """MONOCHROME1."""
    return 255 - picture
