"""Conditions of how pixels are stored: bits, signs, colours, planes, palettes, and what compresses them."""

import io
from tempfile import TemporaryDirectory

import gdcm
import imagecodecs
import numpy as np
from dicom import by_dcmjs, by_gdcm, colors, compressed, dataset, encapsulated, jpeg, palette, pattern, saved, subsampled
from dicom_condition import Condition, exact, full, gray, linear, sigmoid, turned
from PIL import Image
from pydicom import uid
from pydicom.pixels.utils import pack_bits

SHAPE = (12, 16)
SYNTAXES = {"explicit": uid.ExplicitVRLittleEndian, "implicit": uid.ImplicitVRLittleEndian, "big": uid.ExplicitVRBigEndian, "deflated": uid.DeflatedExplicitVRLittleEndian}


def conditions():
    for part in (native_gray, high_bits, native_colors, palettes, one_bit, wide, rle, lossless_jpeg, lossy_jpeg, jpeg_ls, jpeg_2000, htj2k, other_bits):
        yield from part()


def rgb_of(ycc):
    """ITU-T T.871 section 7."""
    y, cb, cr = np.moveaxis(np.asarray(ycc, float), -1, 0)
    cb, cr = cb - 128, cr - 128
    rgb = np.stack([y + 1.402 * cr, y - 0.114 * 1.772 / 0.587 * cb - 0.299 * 1.402 / 0.587 * cr, y + 1.772 * cb], -1)
    return np.floor(rgb.clip(0, 255) + 0.5).astype(np.uint8)


def eight(values, bits):
    return np.floor(values / (2.0**bits - 1) * 255 + 0.5).astype(np.uint8)


def native_gray():
    """Every pair of what may stand beside each other, not every product of all."""
    depths = ((8, 8, 7), (8, 6, 5), (8, 7, 7), (16, 10, 9), (16, 12, 15), (16, 12, 11), (16, 16, 15), (16, 14, 14), (32, 20, 19), (32, 32, 31), (32, 24, 31))
    rescales = ({}, {"RescaleSlope": "1", "RescaleIntercept": "-1024"}, {"RescaleSlope": "0.5", "RescaleIntercept": "3"}, {"RescaleSlope": "-1", "RescaleIntercept": "100"}, {"RescaleSlope": "1.5E+00", "RescaleIntercept": "-2.5e1"})
    shows = ("none", "LINEAR", "LINEAR_EXACT", "SIGMOID")
    number = 0
    for syntax_name, syntax in SYNTAXES.items():
        for allocated, stored, high in depths:
            number += 1
            signed, inverted, frames = bool(number % 2), number % 3 == 0, 1 + number % 2 * (number % 5 == 0) * 2
            rescale, function = rescales[number % 5], shows[(number // 2) % 4]
            values = [pattern(stored, signed, SHAPE, seed).astype(f"{'i' if signed else 'u'}{allocated // 8}") for seed in range(1, frames + 1)]
            pixels = [one << (high + 1 - stored) for one in values]
            slope, intercept = float(rescale.get("RescaleSlope", 1)), float(rescale.get("RescaleIntercept", 0))
            scaled = values[-1].astype(float) * slope + intercept
            center, width = float(np.round(np.median(scaled))), float(max(4, np.round(np.ptp(scaled) / 2)))
            window = {} if function == "none" else {"WindowCenter": f"{center:.0f}", "WindowWidth": f"{width:.0f}", "VOILUTFunction": function}
            show = {"none": full, "LINEAR": linear(center, width), "LINEAR_EXACT": exact(center, width), "SIGMOID": sigmoid(center, width)}[function]
            made = dataset(pixels, "MONOCHROME1" if inverted else None, bits=stored, HighBit=high, **rescale, **window)
            right = turned(show(scaled)) if inverted else show(scaled)
            name = f"{syntax_name} {allocated}/{stored}/{high} {'signed ' if signed else ''}{'MONOCHROME1 ' if inverted else ''}{function}"
            # 32-bit floats hold 24 bits of a value.
            yield Condition("gray: bits, signs, High Bit", name, saved(made, syntax), right, {"frame": frames} if frames > 1 else {}, tolerance=0 if slope in (1, -1) and stored <= 24 else 1, show=show)


def high_bits():
    """Values that lie at the low end, whatever High Bit says: neither pydicom nor GDCM looks at it."""
    told = {"tells": "High Bit of the file", "must_tell": True}
    for allocated, stored, high, signed, name, syntax in ((16, 12, 15, False, "explicit", None), (16, 12, 15, True, "implicit", None), (16, 10, 13, False, "big", None), (8, 6, 7, False, "deflated", None), (16, 12, 7, False, "explicit", None), (16, 12, 16, True, "explicit", None), (16, 14, 0, False, "implicit", None), (16, 12, 15, True, "RLE", uid.RLELossless)):
        values = pattern(stored, signed, SHAPE).astype(f"{'i' if signed else 'u'}{allocated // 8}")
        made = dataset(values, bits=stored, HighBit=high)
        file = encapsulated(made, [literal_runs(values)], syntax) if syntax else saved(made, SYNTAXES[name])
        yield Condition("gray: bits, signs, High Bit", f"{name} {allocated}/{stored}/{high}{' signed' if signed else ''}", file, full(values), **told)


def planes(pixels):
    return np.moveaxis(pixels, -1, 0).tobytes()


def native_colors():
    rgb, deep = colors(8, SHAPE), colors(16, SHAPE)
    ycc = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    pairs = ycc.copy()
    pairs[:, 1::2, 1:] = pairs[:, ::2, 1:]
    for name, syntax in SYNTAXES.items():
        yield Condition("colours, uncompressed", f"{name} RGB", saved(dataset(rgb), syntax), rgb)
        yield Condition("colours, uncompressed", f"{name} RGB planes, frame 2", saved(dataset([rgb, rgb[::-1].copy()], PlanarConfiguration=1, PixelData=planes(rgb) + planes(rgb[::-1])), syntax), rgb[::-1], {"frame": 2})
        yield Condition("colours, uncompressed", f"{name} RGB 16 planes", saved(dataset(deep, PlanarConfiguration=1, PixelData=planes(deep)), syntax), eight(deep, 16))
        yield Condition("colours, uncompressed", f"{name} RGB 12 of 16", saved(dataset(colors(12, SHAPE), bits=12), syntax), eight(colors(12, SHAPE), 12))
        yield Condition("colours, uncompressed", f"{name} YBR_FULL planes", saved(dataset(ycc, "YBR_FULL", PlanarConfiguration=1, PixelData=planes(ycc)), syntax), rgb_of(ycc), tolerance=1)
        yield Condition("colours, uncompressed", f"{name} YBR_FULL_422, frame 2", saved(dataset([ycc, ycc[::-1].copy()], "YBR_FULL_422", PixelData=subsampled(ycc) + subsampled(ycc[::-1])), syntax), rgb_of(pairs[::-1]), {"frame": 2}, tolerance=1)
    made = dataset(rgb)
    del made.PlanarConfiguration
    yield Condition("colours, uncompressed", "without Planar Configuration", saved(made), rgb)
    odd = colors(8, (5, 7))
    yield Condition("colours, uncompressed", "odd bytes", saved(dataset(odd)), odd)
    whole = {"tells": "three samples for each pixel", "must_tell": True, "tolerance": 1}
    for name, syntax in (("implicit", uid.ImplicitVRLittleEndian), ("big", uid.ExplicitVRBigEndian)):
        yield Condition("colours, uncompressed", f"{name}", saved(dataset(ycc, "YBR_FULL_422"), syntax), rgb_of(ycc), **whole)
    yield Condition("colours, uncompressed", "planes, last of 3 frames", saved(dataset([ycc, ycc, ycc[::-1].copy()], "YBR_FULL_422", PlanarConfiguration=1, PixelData=2 * planes(ycc) + planes(ycc[::-1]))), rgb_of(ycc[::-1]), {"frame": 3}, **whole)
    yield Condition("colours, uncompressed", "bytes behind", saved(dataset(ycc, "YBR_FULL_422", PixelData=ycc.tobytes() + b"\0" * 64)), rgb_of(ycc), **whole)
    for kind in ("YBR_PARTIAL_422", "YBR_PARTIAL_420", "HSV", "CMYK", "ARGB"):
        yield Condition("not read: refused by name", kind, saved(dataset(rgb, kind)), None)
    yield Condition("not read: refused by name", "YBR_RCT in native pixels", saved(dataset(rgb, "YBR_RCT")), None)


def palettes():
    index, wide_index = pattern(8, shape=SHAPE), pattern(12, shape=SHAPE)
    ramp = np.arange(256)

    def made(pixels, tables, count, first, entry_bits, kind="u2", vr="OW", **attributes):
        one = dataset(pixels, "PALETTE COLOR", **attributes)
        for name, entries in zip(("Red", "Green", "Blue"), tables, strict=True):
            one.add_new(f"{name}PaletteColorLookupTableDescriptor", "US" if first >= 0 else "SS", [count % 65536, first, entry_bits])
            data = np.asarray(entries).astype(kind).tobytes()
            setattr(one, f"{name}PaletteColorLookupTableData", data + b"\0" * (len(data) % 2))
        return one

    def seen(pixels, tables, first, white):
        at = (pixels.astype(int) - first).clip(0, len(tables[0]) - 1)
        return np.floor(np.stack([np.asarray(entries)[at] for entries in tables], -1) / white * 255 + 0.5).astype(np.uint8)

    eight_bits, sixteen = (ramp, ramp[::-1], ramp // 2), (ramp * 257, ramp[::-1] * 257, ramp * 128)
    for name, syntax in SYNTAXES.items():
        big = name == "big"
        yield Condition("palettes", f"{name} 16 bits", saved(made(index, sixteen, 256, 0, 16, ">u2" if big else "<u2"), syntax), seen(index, sixteen, 0, 65535))
        words = np.asarray(eight_bits).astype(np.uint8).reshape(3, -1, 2)[..., :: -1 if big else 1].reshape(3, -1)
        yield Condition("palettes", f"{name} 8 bits, packed", saved(made(index, words, 256, 0, 8, "u1"), syntax), seen(index, eight_bits, 0, 255))
    short = tuple(np.asarray(one)[:77] for one in eight_bits)
    yield Condition("palettes", "77 entries from 30, packed", saved(made(index, short, 77, 30, 8, "u1")), seen(index, short, 30, 255))
    signed = index.astype(np.int16) - 128
    yield Condition("palettes", "signed indices from -100", saved(made(signed, sixteen, 256, -100, 16)), seen(signed, sixteen, -100, 65535))
    all_words = (np.arange(65536), np.arange(65536)[::-1], np.arange(65536) // 2)
    yield Condition("palettes", "65,536 entries", saved(made(pattern(16, shape=SHAPE), all_words, 65536, 0, 16)), seen(pattern(16, shape=SHAPE), all_words, 0, 65535))
    many = (np.arange(4096) * 16, np.arange(4096)[::-1] * 16, np.arange(4096) * 8)
    yield Condition("palettes", "4,096 entries, RLE", compressed(made(wide_index, many, 4096, 0, 16, bits=12), uid.RLELossless, encoding_plugin="pydicom"), seen(wide_index, many, 0, 65535))
    told = {"tells": "colour palette", "must_tell": True, "tolerance": 1}
    for said, top, syntax in ((16, 255, "implicit"), (8, 65535, "implicit"), (16, 1023, "explicit"), (16, 4095, "deflated"), (8, 4080, "explicit")):
        entries = tuple(np.round(np.asarray(one) / 255 * top).astype(int) for one in (ramp, ramp[::-1], ramp))
        white = 65535 if said == 8 else top
        yield Condition("palettes", f"{said} said, {top} used", saved(made(index, entries, 256, 0, said), SYNTAXES[syntax]), seen(index, entries, 0, white), **told)
    for name, data in (("no tables", {}), ("short tables", palette(count=50))):
        one = dataset(index, "PALETTE COLOR", **data)
        if data:
            for color in ("Red", "Green", "Blue"):
                setattr(one, f"{color}PaletteColorLookupTableDescriptor", [256, 0, 16])
        yield Condition("palettes", name, saved(one), None)


def one_bit():
    for name, shape, frames in (("whole bytes", (8, 16), 1), ("frames within bytes", (3, 7), 4), ("5 × 5, 9 frames", (5, 5), 9)):
        masks = np.stack([(pattern(8, shape=shape, seed=seed) > 110).astype(np.uint8) for seed in range(1, frames + 1)])
        for syntax_name, syntax in (("explicit", uid.ExplicitVRLittleEndian), ("implicit", uid.ImplicitVRLittleEndian), ("deflated", uid.DeflatedExplicitVRLittleEndian)):
            made = dataset(list(masks), BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=pack_bits(masks))
            yield Condition("1 bit a pixel", f"{syntax_name} {name}", saved(made, syntax), gray(masks[-1] * 255), {"frame": frames} if frames > 1 else {})
        made = dataset(list(masks), BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=pack_bits(masks))
        yield Condition("1 bit a pixel", f"big, OB, {name}", saved(made, uid.ExplicitVRBigEndian), gray(masks[-1] * 255), {"frame": frames} if frames > 1 else {})
        made = dataset(list(masks), BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=np.frombuffer(pack_bits(masks), "<u2").byteswap().tobytes())
        made["PixelData"].VR = "OW"
        yield Condition("1 bit a pixel", f"big, OW, {name}", saved(made, uid.ExplicitVRBigEndian), gray(masks[-1] * 255), {"frame": frames} if frames > 1 else {})


def wide():
    """Integers of 64 bits and floats are refused: nothing in a picture needs them, and few readers have them."""
    values = pattern(12, shape=SHAPE)
    for keyword, kind in (("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")):
        made = dataset(values, bits=12)
        del made.PixelData
        made.BitsAllocated = 8 * np.dtype(kind).itemsize
        for name in ("BitsStored", "HighBit", "PixelRepresentation"):
            delattr(made, name)
        setattr(made, keyword, values.astype(kind).tobytes())
        made.PixelData = b""
        file = saved(made)
        yield Condition("not read: refused by name", keyword, file[: file.rindex(b"\xe0\x7f\x10\x00")], None)
    made = dataset(values.astype(np.uint64), bits=12, PixelData=values.astype(np.uint64).tobytes())
    yield Condition("not read: refused by name", "64 bits allocated", saved(made), None)


def literal_runs(values):
    """RLE without a run: a segment for each byte of a sample, the most significant first (PS3.5 G)."""
    segments = []
    for plane in np.moveaxis(values.reshape(-1, 1).view(np.uint8), -1, 0)[::-1]:
        segment = b"".join(bytes([len(part) - 1]) + part for part in (plane.tobytes()[at : at + 128] for at in range(0, len(plane), 128)))
        segments.append(segment + b"\0" * (len(segment) % 2))
    offsets = [64 + sum(map(len, segments[:index])) for index in range(len(segments))]
    return np.asarray([len(segments), *offsets, *[0] * (15 - len(segments))], "<u4").tobytes() + b"".join(segments)


def rle():
    for bits, signed in ((6, False), (8, True), (10, True), (14, False), (16, True)):
        values = pattern(bits, signed, SHAPE)
        yield Condition("RLE", f"{bits} bits{' signed' if signed else ''}", compressed(dataset(values, bits=bits), uid.RLELossless, encoding_plugin="pydicom"), full(values))
    for bits, signed in ((12, False), (20, False), (32, True)):
        values = pattern(bits, signed, SHAPE)
        yield Condition("RLE", f"{bits} bits{' signed' if signed else ''} in literal runs", encapsulated(dataset(values, bits=bits), [literal_runs(values)], uid.RLELossless), full(values), tolerance=int(bits > 24))
    for name, pixels, bits in (("RGB", colors(8, (5, 7)), 8), ("RGB 16", colors(16, SHAPE), 16)):
        yield Condition("RLE", name, compressed(dataset(pixels), uid.RLELossless, encoding_plugin="pydicom"), eight(pixels, bits))
    values = pattern(8, shape=(5, 7))
    packed = bytes([34]) + values.tobytes()  # one literal run
    for name, segment in (("literal run, odd length, no padding", packed), ("no operations between", b"\x80" * 3 + packed + b"\x80"), ("zeros behind", packed + b"\0" * 9), ("last run too long", bytes([34]) + values.tobytes()[:-1] + values.tobytes()[-1:] + bytes([129, 7]))):
        frame = np.asarray([1, 64] + [0] * 14, "<u4").tobytes() + segment
        yield Condition("RLE", name, encapsulated(dataset(values), [frame], uid.RLELossless), full(values))
    one_run = np.full(SHAPE, 7, np.uint8)
    runs = bytes([129, 7, 193, 7])
    yield Condition("RLE", "runs of 128 and 64", encapsulated(dataset(one_run, WindowCenter="7", WindowWidth="9"), [np.asarray([1, 64] + [0] * 14, "<u4").tobytes() + runs], uid.RLELossless), linear(7, 9)(one_run), show=linear(7, 9))


def lossless_jpeg():
    for bits, signed in ((8, True), (9, False), (12, True), (14, False), (16, True)):
        values = pattern(bits, signed, SHAPE)
        with TemporaryDirectory() as folder:
            stream = by_gdcm(dataset(values, bits=bits), gdcm.TransferSyntax.JPEGLosslessProcess14_1, folder)
        yield Condition("JPEG, lossy and lossless", f"{bits} bits{' signed' if signed else ''}", encapsulated(dataset(values, bits=bits), [stream], uid.JPEGLosslessSV1), full(values))
    for predictor in (2, 5, 7):
        values = pattern(12, shape=SHAPE)
        stream = imagecodecs.jpeg8_encode(values, lossless=True, predictor=predictor, bitspersample=12)
        yield Condition("JPEG, lossy and lossless", f"predictor {predictor} by libjpeg-turbo", encapsulated(dataset(values, bits=12), [stream], uid.JPEGLossless), full(values))
    values = pattern(14, shape=SHAPE)
    yield Condition("JPEG, lossy and lossless", "14 bits by liblj92", encapsulated(dataset(values, bits=14), [imagecodecs.ljpeg_encode(values, bitspersample=14)], uid.JPEGLossless), full(values))


def lossy_jpeg():
    """No encoder gives back what went in: the tolerance is what the quality loses of a smooth picture."""
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    smooth = 60 + 8 * x + 4 * y
    for bits in (8, 12):
        for _factor, _signed in ((1, False),):
            values = (smooth * 2 ** (bits - 8)).astype(np.uint16 if bits > 8 else np.uint8)
            for level in (90, 98):
                stream = imagecodecs.jpeg8_encode(values, level=level, bitspersample=bits)
                made = dataset(values, bits=bits, WindowCenter=str(2 ** (bits - 1)), WindowWidth=str(2**bits))
                show = linear(2 ** (bits - 1), 2**bits)
                yield Condition("JPEG, lossy and lossless", f"{bits} bits, quality {level}", encapsulated(made, [stream], uid.JPEGExtended12Bit), show(values), tolerance=3, show=show)
    values = smooth.astype(np.uint8)
    wide_show = linear(128, 256)
    window = {"WindowCenter": "128", "WindowWidth": "256"}
    for name, options in (("restart markers", {"restart_marker_rows": 1}), ("progressive", {"progressive": True}), ("restart every block, progressive", {"progressive": True, "restart_marker_blocks": 1}), ("own tables", {"optimize": True})):
        yield Condition("JPEG, lossy and lossless", name, encapsulated(dataset(values, **window), [jpeg(values, **options)], uid.JPEGBaseline8Bit), wide_show(values), tolerance=4, show=wide_show)
    frames = [values, values[::-1].copy(), values[:, ::-1].copy()]
    yield Condition("JPEG, lossy and lossless", "frame 3, MONOCHROME1", encapsulated(dataset(frames, "MONOCHROME1", **window), [jpeg(one) for one in frames], uid.JPEGBaseline8Bit), turned(wide_show(frames[2])), {"frame": 3}, tolerance=4, show=wide_show)


def jpeg_ls():
    for bits, signed in ((2, False), (6, False), (9, False), (11, True), (15, False), (16, True)):
        values = pattern(bits, signed, SHAPE)
        yield Condition("JPEG-LS", f"{bits} bits{' signed' if signed else ''}", compressed(dataset(values, bits=bits), uid.JPEGLSLossless, encoding_plugin="pyjpegls"), full(values))
    for bits, near in ((8, 1), (8, 3), (12, 4), (16, 20)):
        values = pattern(bits, shape=SHAPE)
        show = linear(2 ** (bits - 1), 2**bits)
        made = dataset(values, bits=bits, WindowCenter=str(2 ** (bits - 1)), WindowWidth=str(2**bits))
        yield Condition("JPEG-LS", f"{bits} bits, near {near}", compressed(made, uid.JPEGLSNearLossless, encoding_plugin="pyjpegls", jls_error=near), show(values), tolerance=1 + int(near * 255 / 2**bits), show=show)
    rgb = colors(8, (9, 11))
    yield Condition("JPEG-LS", "RGB of odd size", compressed(dataset(rgb), uid.JPEGLSLossless, encoding_plugin="pyjpegls"), rgb)
    yield Condition("JPEG-LS", "RGB by CharLS", encapsulated(dataset(rgb), [imagecodecs.jpegls_encode(rgb)], uid.JPEGLSLossless), rgb)


def pillow_2000(pixels, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG2000", **({"no_jp2": True} | options))
    return buffer.getvalue()


def jpeg_2000():
    for bits, signed in ((5, False), (8, True), (10, False), (12, True), (15, False), (16, True)):
        values = pattern(bits, signed)
        yield Condition("JPEG 2000, HTJ2K", f"{bits} bits{' signed' if signed else ''}", compressed(dataset(values, bits=bits), uid.JPEG2000Lossless, encoding_plugin="pylibjpeg"), full(values))
    values, rgb = pattern(8, shape=(40, 48)), colors(8)
    for name, options in (("tiles", {"tile_size": (16, 16)}), ("layers", {"quality_layers": [40, 10, 0], "quality_mode": "rates"}), ("2 resolutions", {"num_resolutions": 2}), ("RPCL", {"progression": "RPCL", "num_resolutions": 4}), ("CPRL, tiles", {"progression": "CPRL", "tile_size": (20, 24)}), ("wrapped as JP2", {"no_jp2": False})):
        yield Condition("JPEG 2000, HTJ2K", name, encapsulated(dataset(values), [pillow_2000(values, **options)], uid.JPEG2000Lossless), full(values))
    for name, photometric, mct in (("RCT said YBR_RCT", "YBR_RCT", 1), ("RCT said RGB", "RGB", 1), ("RGB without transform", "RGB", 0)):
        yield Condition("JPEG 2000, HTJ2K", name, encapsulated(dataset(rgb, photometric), [pillow_2000(rgb, mct=mct)], uid.JPEG2000Lossless), rgb)
    for kind in ("YBR_FULL", "YBR_FULL_422"):
        yield Condition("JPEG 2000, HTJ2K", f"RCT said {kind}", encapsulated(dataset(rgb, kind), [pillow_2000(rgb, mct=1)], uid.JPEG2000Lossless), rgb, tells="which is followed", must_tell=True)
    ycc = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    yield Condition("JPEG 2000, HTJ2K", "YBR_FULL without transform", encapsulated(dataset(ycc, "YBR_FULL"), [pillow_2000(ycc, mct=0)], uid.JPEG2000Lossless), rgb_of(ycc), tolerance=1)
    yield Condition("JPEG 2000, HTJ2K", "irreversible, layers", encapsulated(dataset(values), [pillow_2000(values, irreversible=True, quality_layers=[4, 2], quality_mode="rates")], uid.JPEG2000), full(values), tolerance=12)
    frames = [pattern(8, seed=seed) for seed in (1, 2, 3)]
    yield Condition("JPEG 2000, HTJ2K", "frame 3", encapsulated(dataset(frames), [pillow_2000(one) for one in frames], uid.JPEG2000Lossless), full(frames[2]), {"frame": 3})
    deep = colors(12)
    yield Condition("JPEG 2000, HTJ2K", "colours of 12 bits", encapsulated(dataset(deep, "YBR_RCT", bits=12), [imagecodecs.jpeg2k_encode(deep, level=0, codecformat="J2K", bitspersample=12, reversible=True)], uid.JPEG2000Lossless), eight(deep, 12))


def htj2k():
    for bits, signed in ((8, False), (10, False), (12, True), (16, True), (16, False)):
        values = pattern(bits, signed)
        yield Condition("JPEG 2000, HTJ2K", f"{bits} bits{' signed' if signed else ''}", encapsulated(dataset(values, bits=bits), [by_dcmjs(values, "HtJpeg2000", bits, lossy=False)], uid.HTJ2KLossless), full(values))
    values = pattern(8, shape=(40, 48))
    for name, options in (("tiles", {"tile": (16, 16)}), ("2 resolutions", {"resolutions": 2}), ("tile lengths", {"tlm": True})):
        yield Condition("JPEG 2000, HTJ2K", f"{name}, by imagecodecs", encapsulated(dataset(values), [imagecodecs.htj2k_encode(values, reversible=True, **options)], uid.HTJ2KLossless), full(values))
    yield Condition("JPEG 2000, HTJ2K", "RGB without transform", encapsulated(dataset(colors()), [imagecodecs.htj2k_encode(colors(), reversible=True, rgb=False)], uid.HTJ2KLossless), colors())
    yield Condition("JPEG 2000, HTJ2K", "RGB with transform", encapsulated(dataset(colors(), "YBR_RCT"), [imagecodecs.htj2k_encode(colors(), reversible=True, rgb=True)], uid.HTJ2KLossless), colors())


def other_bits():
    """The stream has more bits than Bits Stored says, or knows nothing of signs; the values fit both."""
    for stored, precision, signed in ((12, 16, False), (12, 16, True), (10, 12, False), (8, 16, False), (15, 16, True)):
        values = pattern(stored, signed, (40, 48)).astype("<i2" if signed else "<u2")
        words = values.view("<u2")
        if precision < 16:
            words = words & (2**precision - 1)
        streams = {
            "JPEG-LS": (uid.JPEGLSLossless, bytes(imagecodecs.jpegls_encode(words)) if precision == 16 else None),
            "JPEG Lossless": (uid.JPEGLosslessSV1, bytes(imagecodecs.jpeg8_encode(words, lossless=True, predictor=1, bitspersample=precision))),
            "JPEG 2000": (uid.JPEG2000Lossless, bytes(imagecodecs.jpeg2k_encode(words, level=0, codecformat="J2K", bitspersample=precision, reversible=True))),
            "HTJ2K": (uid.HTJ2KLossless, bytes(imagecodecs.htj2k_encode(words, reversible=True)) if precision == 16 else None),
        }
        for name, (syntax, stream) in streams.items():
            if stream is not None:
                yield Condition("Bits Stored against the frame", f"{name}, {precision} bits said {stored}{' signed' if signed else ''}", encapsulated(dataset(values, bits=stored), [stream], syntax), full(values))
    eight = pattern(8, shape=SHAPE)
    for stored in (8, 12):
        made = dataset(eight.astype(np.uint16), bits=stored)
        yield Condition("Bits Stored against the frame", f"JPEG of 8 bits said {stored} of 16", encapsulated(made, [bytes(imagecodecs.jpeg8_encode(eight, lossless=True, predictor=1))], uid.JPEGLossless), full(eight))
        yield Condition("Bits Stored against the frame", f"JPEG-LS of 8 bits said {stored} of 16", encapsulated(made, [bytes(imagecodecs.jpegls_encode(eight))], uid.JPEGLSLossless), full(eight))
        yield Condition("Bits Stored against the frame", f"JPEG 2000 of 8 bits said {stored} of 16", encapsulated(made, [bytes(imagecodecs.jpeg2k_encode(eight, level=0, codecformat="J2K", resolutions=2, reversible=True))], uid.JPEG2000Lossless), full(eight))
