"""What pydicom makes of a frame, as 8-bit RGB: the reference of src/dicom.

pixel_array, apply_modality_lut and apply_voi_lut or apply_color_lut are pydicom's. What it leaves to its caller is done here,
in the plainest way: the output range of the VOI transform to 0..255 rounded half up, MONOCHROME1 turned over, the functional
groups of an enhanced file put where pydicom looks for them, a High Bit above Bits Stored - 1 shifted away.
"""

import numpy as np
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, pixel_array

GROUPS = (("PixelValueTransformationSequence", ("RescaleSlope", "RescaleIntercept")), ("FrameVOILUTSequence", ("WindowCenter", "WindowWidth", "VOILUTFunction")))


def to_levels(values, low, high):
    """low..high to 0..255, rounded half up."""
    if high == low:
        return np.zeros(values.shape, np.uint8)
    scaled = (values.astype(np.float64) - low) / (high - low) * 255
    return np.floor(scaled + 0.5).clip(0, 255).astype(np.uint8)


def with_groups(dataset, frame):
    """A copy in which the values of a frame stand at the top."""
    merged = dataset.copy()
    shared = dataset.get("SharedFunctionalGroupsSequence") or [None]
    own = dataset.get("PerFrameFunctionalGroupsSequence") or []
    for sequence, keywords in GROUPS:
        for item in (shared[0], own[frame] if frame < len(own) else None):
            for group in (item.get(sequence) or [])[:1] if item is not None else []:
                for keyword in keywords:
                    if keyword in group:
                        setattr(merged, keyword, group.get(keyword))
    return merged


def stored_values(dataset, frame):
    bits, high = dataset.BitsStored, dataset.get("HighBit", dataset.BitsStored - 1)
    if bits == 1 and dataset.get("NumberOfFrames", 1) > 1:
        return pixel_array(dataset)[frame]  # by index, pydicom 3.0.2 expects frames to begin with a byte
    if high == bits - 1:
        return pixel_array(dataset, index=frame)
    whole = dataset.copy()
    whole.BitsStored = whole.BitsAllocated
    shifted = pixel_array(whole, index=frame) << (dataset.BitsAllocated - 1 - high)
    return shifted >> (dataset.BitsAllocated - bits)


def window_range(dataset):
    """The output range that apply_windowing has (PS3.3 C.11.2.1.2): that of the values after the modality transform."""
    if dataset.get("ModalityLUTSequence"):
        return 0, 2 ** dataset.ModalityLUTSequence[0].LUTDescriptor[2] - 1
    bits = dataset.BitsStored
    low, high = (0, 2**bits - 1) if dataset.PixelRepresentation == 0 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if "RescaleSlope" in dataset and "RescaleIntercept" in dataset:
        slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
        return low * slope + intercept, high * slope + intercept
    return low, high


def full_range(dataset, stored, values):
    kept = np.ones(stored.shape, bool)
    if "PixelPaddingValue" in dataset:
        first = dataset.PixelPaddingValue
        last = dataset.get("PixelPaddingRangeLimit", first)
        kept = (stored < min(first, last)) | (stored > max(first, last))
    if not kept.any():
        kept[...] = True
    return float(values[kept].min()), float(values[kept].max())


def eight_bit_lut(values, lut):
    """pydicom 3.0.2 counts in 8 bits here, so that index 256 is 0 again instead of the last one."""
    count, first, _bits = lut.LUTDescriptor
    entries = np.frombuffer(lut.LUTData, "<u2") if isinstance(lut.LUTData, bytes) else np.asarray(lut.LUTData)
    return entries[(values.astype(np.int64) - first).clip(0, (count or 2**16) - 1)]


def has_window(dataset):
    return dataset.get("WindowCenter") is not None and dataset.get("WindowWidth") is not None


def picture(dataset, frame=0, window=None):
    """(rows, columns) or (rows, columns, 3), uint8. window: None, "full", (center, width), or the index of the file's from 0."""
    dataset = with_groups(dataset, frame)
    stored = stored_values(dataset, frame)
    photometric = dataset.PhotometricInterpretation
    if photometric == "PALETTE COLOR":
        colors = apply_color_lut(stored, dataset)[..., :3]
        return to_levels(colors, 0, 2 ** dataset.RedPaletteColorLookupTableDescriptor[2] - 1)
    if dataset.SamplesPerPixel == 3:
        return stored if stored.dtype == np.uint8 and dataset.BitsStored == 8 else to_levels(stored, 0, 2**dataset.BitsStored - 1)
    values = apply_modality_lut(stored, dataset)
    if isinstance(window, tuple):
        dataset.WindowCenter, dataset.WindowWidth = window
        dataset.VOILUTFunction = "LINEAR"
        dataset.pop("VOILUTSequence", None)
        window = 0
    luts = dataset.get("VOILUTSequence") or []
    index = window if isinstance(window, int) else 0
    if window == "full" or not (luts or has_window(dataset)):
        levels = to_levels(values, *full_range(dataset, stored, values))
    elif index < len(luts):
        bits = luts[index].LUTDescriptor[2]
        seen = eight_bit_lut(values, luts[index]) if bits == 8 else apply_voi_lut(values, dataset, index=index)
        levels = to_levels(seen, 0, 2**bits - 1)
    else:
        seen = apply_voi_lut(values, dataset, index=index - len(luts), prefer_lut=False)
        levels = to_levels(seen, *window_range(dataset))
    return 255 - levels if photometric == "MONOCHROME1" else levels
