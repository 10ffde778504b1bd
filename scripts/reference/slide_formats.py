"""Small slides in the formats of scanners, and the patches that OpenSlide takes of them: the reference of the tests of formats.

    python scripts/reference/slide_formats.py --out test/fixtures/slide-formats

Writes the files, and expected.json: for every case what is asked for, and the sha256 of the RGB of each patch that is not glass, in
reading order. What OpenSlide does not read (planes of OME-TIFF, a fourth sample) is what tifffile reads. No file is anybody's slide.
"""

import argparse
import hashlib
import io
import json
import math
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import openslide
import pydicom
import tifffile
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit

sys.path.append(str(Path(__file__).parent.parent / "conditions"))
import tiff_writer  # noqa: E402

SECRET = "SECRET^PATIENT"
WIDTH, HEIGHT = 236, 172


def tissue(width, height, seed):
    """Tissue everywhere, no two patches alike."""
    y, x = np.mgrid[0:height, 0:width]
    rng = np.random.default_rng(seed)
    phases = rng.uniform(0, 6, 3)
    layers = [middle + 35 * np.sin(x / 17 + phase) + 25 * np.cos(y / 11 - phase) + 8 * ((x // 5 + y // 3) % 3) for middle, phase in zip((170, 90, 140), phases)]
    return np.clip(np.stack(layers, -1), 0, 255).astype(np.uint8)


def half(picture):
    return np.asarray(Image.fromarray(picture).reduce(2))


def padded(picture, edge):
    height, width = (-(-size // edge) * edge for size in picture.shape[:2])
    return np.pad(picture, ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)), mode="edge")


def jpeg(picture, **options):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=88, **options)
    return stream.getvalue()


def tiles(picture, edge):
    whole = padded(picture, edge)
    return [whole[y : y + edge, x : x + edge] for y in range(0, whole.shape[0], edge) for x in range(0, whole.shape[1], edge)]


# TIFF formats. Where `how` can be chosen, lossless tiles hold just what was put in.

LOSSY = {"compression": "jpeg", "compressionargs": {"level": 88}}


def ome_xml(images):
    return '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">' + "".join(images) + "</OME>"


def ome_image(width, height, *, name=SECRET, micrometres=0.5, channels='<Channel ID="C:0" SamplesPerPixel="3"/>', data="<TiffData/>", c=3, z=1, order="XYCZT", y=None):
    return (
        f'<Image ID="Image:0" Name="{name}"><Pixels DimensionOrder="{order}" Type="uint8" SizeX="{width}" SizeY="{height}" SizeC="{c}" SizeZ="{z}" SizeT="1" '
        f'PhysicalSizeX="{micrometres}" PhysicalSizeXUnit="&#181;m" PhysicalSizeY="{y or micrometres}" PhysicalSizeYUnit="&#181;m">{channels}{data}</Pixels></Image>'
    )


def channels(names=("", "", ""), colours=(None, None, None), more=""):
    return "".join(f'<Channel ID="C:{i}" SamplesPerPixel="1"{f" Name={chr(34)}{name}{chr(34)}" if name else ""}{f" Color={chr(34)}{colour}{chr(34)}" if colour else ""}{more}/>' for i, (name, colour) in enumerate(zip(names, colours)))


RED, GREEN, BLUE = -16776961, 16711935, 65535


def write_planes(path, planes, xml, *, subifds=True, compression="zlib"):
    """planes: for each page its levels, gray."""
    with tifffile.TiffWriter(path, ome=False) as tiff:
        for index, levels in enumerate(planes):
            for number, level in enumerate(levels):
                text = {"description": xml.encode()} if index == 0 and number == 0 else {}
                tiff.write(level, photometric="minisblack", metadata=None, tile=(64, 64), compression=compression, subifds=len(levels) - 1 if number == 0 and subifds else 0, **text)


def make_ome(out, whole, small):
    planes = [[whole[..., c], small[..., c]] for c in range(3)]
    write_planes(out / "planes.ome.tif", planes, ome_xml([ome_image(WIDTH, HEIGHT, channels=channels())]))
    write_planes(out / "planes-bgr.ome.tif", [planes[i] for i in (2, 1, 0)], ome_xml([ome_image(WIDTH, HEIGHT, channels=channels(colours=(BLUE, GREEN, RED)))]))
    write_planes(out / "planes-dyes.ome.tif", planes, ome_xml([ome_image(WIDTH, HEIGHT, channels=channels(names=("DAPI", "FITC", "Cy3")))]))
    # Pages in the order of the file, planes by TiffData.
    data = "".join(f'<TiffData IFD="{ifd}" FirstC="{c}" PlaneCount="1"/>' for ifd, c in ((1, 2), (2, 0), (3, 1)))
    macro = np.full((60, 100), 230, np.uint8)
    images = [ome_image(100, 60, name="macro", micrometres=8, channels='<Channel ID="C:9" SamplesPerPixel="1"/>', c=1, data='<TiffData IFD="0"/>'), ome_image(WIDTH, HEIGHT, channels=channels(), data=data)]
    write_planes(out / "planes-listed.ome.tif", [[macro], [whole[..., 2]], [whole[..., 0]], [whole[..., 1]]], ome_xml(images))
    focus = [[np.full_like(whole[..., c], 40 * z + 20 * c) if z != 1 else whole[..., c]] for z in range(3) for c in range(3)]
    write_planes(out / "planes-focus.ome.tif", focus, ome_xml([ome_image(WIDTH, HEIGHT, channels=channels(("R", "G", "B")), z=3, y=0.75)]))
    with tifffile.TiffWriter(out / "second-image.ome.tif", ome=False) as tiff:
        images = [ome_image(120, 50, name="macro", micrometres=8, data='<TiffData IFD="0" PlaneCount="1"/>'), ome_image(WIDTH, HEIGHT, micrometres=0.5, data='<TiffData IFD="1" PlaneCount="1"/>')]
        tiff.write(tissue(120, 50, 9), photometric="rgb", metadata=None, tile=(64, 64), compression="zlib", description=ome_xml(images).encode())
        tiff.write(whole, photometric="rgb", metadata=None, tile=(64, 64), compression="zlib", subifds=1)
        tiff.write(small, photometric="rgb", metadata=None, tile=(64, 64), compression="zlib")
    with tifffile.TiffWriter(out / "separate-planes.tif") as tiff:
        tiff.write(np.moveaxis(whole, -1, 0), photometric="rgb", planarconfig="separate", metadata=None, tile=(64, 64), compression="zlib", resolution=(20000, 20000), resolutionunit="CENTIMETER")
    with tifffile.TiffWriter(out / "wide-pixels.tif") as tiff:
        tiff.write(whole, photometric="rgb", metadata=None, tile=(64, 64), compression="zlib", resolution=(8000, 20000), resolutionunit="CENTIMETER")
    with tifffile.TiffWriter(out / "fourth-sample.tif") as tiff:
        tiff.write(np.concatenate([whole, np.zeros((HEIGHT, WIDTH, 1), np.uint8)], -1), photometric="rgb", extrasamples=["unspecified"], metadata=None, tile=(64, 64), compression="zlib", resolution=(20000, 20000), resolutionunit="CENTIMETER")


APERIO = f"Aperio Image Library v12.0.15\r\n{WIDTH}x{HEIGHT} [0,0 {WIDTH}x{HEIGHT}] (64x64) |AppMag = 20|Filename = {SECRET}|MPP = 0.499"


def make_aperio(out, whole, small):
    for name, compression in (("aperio-jpeg-2000.svs", "aperio_jp2000_rgb"), ("aperio-jpeg-2000-ycbcr.svs", "aperio_jp2000_ycbc")):
        with tifffile.TiffWriter(out / name) as tiff:
            for level in (whole, small):
                given = [encode_jpeg_2000(tile, is_ycbcr="ycbc" in compression) for tile in tiles(level, 64)]
                tiff.write(iter(given), shape=level.shape, dtype=np.uint8, photometric="rgb", metadata=None, tile=(64, 64), compression=compression, description=APERIO)


def encode_jpeg_2000(tile, is_ycbcr):
    import imagecodecs

    picture = np.asarray(Image.fromarray(tile).convert("YCbCr")) if is_ycbcr else tile
    return imagecodecs.jpeg2k_encode(picture, level=0, codecformat="j2k", mct=False, reversible=True)


def set_tag_counts(path, page, empty):
    """Tiles become empty: offset and length 0."""
    with tifffile.TiffFile(path) as tiff:
        places = [(tiff.pages[page].tags[code], tiff.pages[page].tags[code].dtype) for code in (324, 325)]
        order = tiff.byteorder
    data = bytearray(path.read_bytes())
    for tag, dtype in places:
        size = {3: 2, 4: 4, 16: 8}[int(dtype)]
        for index in empty:
            data[tag.valueoffset + index * size : tag.valueoffset + (index + 1) * size] = struct.pack(order + {2: "H", 4: "I", 8: "Q"}[size], 0)
    path.write_bytes(data)


def make_philips(out, whole, how=LOSSY, name="philips-sparse.tiff", empty=((0, 1, 4, 5, 11), (0,))):
    """Gives the levels as they are shown."""
    # What is left out is glass: on the other levels as well.
    levels = [padded(whole, 64).copy()]
    for index in empty[0]:
        levels[0][index // 4 * 64 :, index % 4 * 64 :][:64, :64] = 255
    for _ in range(2):
        levels.append(padded(half(levels[-1]), 64))
    spacing = [0.00025 * 2**i for i in range(3)]
    parts = "".join(
        f'<DataObject ObjectType="PixelDataRepresentation"><Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030" PMSVR="IDoubleArray">&quot;{value}&quot; &quot;{value}&quot;</Attribute>'
        f'<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_NUMBER" Group="0x1001" Element="0x8B01" PMSVR="IUInt16">{i}</Attribute></DataObject>'
        for i, value in enumerate(spacing)
    )
    xml = (
        '<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport"><Attribute Name="DICOM_MANUFACTURER" Group="0x0008" Element="0x0070" PMSVR="IString">PHILIPS</Attribute>'
        '<Attribute Name="PIM_DP_SCANNED_IMAGES" Group="0x301D" Element="0x1003" PMSVR="IDataObjectArray"><Array><DataObject ObjectType="DPScannedImage"><Attribute Name="PIM_DP_IMAGE_TYPE" Group="0x301D" Element="0x1004" PMSVR="IString">WSI</Attribute>'
        f'<Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030" PMSVR="IDoubleArray">&quot;{spacing[0]}&quot; &quot;{spacing[0]}&quot;</Attribute>'
        f'<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE" Group="0x1001" Element="0x8B00" PMSVR="IDataObjectArray"><Array>{parts}</Array></Attribute></DataObject></Array></Attribute></DataObject>'
    )
    path = out / name
    with tifffile.TiffWriter(path) as tiff:
        for index, level in enumerate(levels):
            tiff.write(level, photometric="rgb", metadata=None, tile=(64, 64), **how, subfiletype=min(index, 1), software="Philips DP v1.0", description=xml if index == 0 else f"level={index}")
        tiff.write(tissue(80, 40, 4), photometric="rgb", metadata=None, rowsperstrip=16, compression="jpeg", description="Macro")
    for page, tiles_left_out in enumerate(empty):
        set_tag_counts(path, page, tiles_left_out)
    return levels


def make_leica(out, first, second, how=LOSSY, objectives=(20, 20), source="brightfield"):
    nanometres = 500
    glass = (400 * nanometres, 440 * nanometres)
    areas = [(first, 40, 30), (second, 180, 210)]
    levels = [[picture, half(half(picture))] for picture, _x, _y in areas]
    macro = tissue(64, 80, 6)
    images, directory = [], 1
    for (picture, x, y), pyramid, objective in zip(areas, levels, objectives):
        height, width = picture.shape[:2]
        dimensions = "".join(f'<dimension sizeX="{level.shape[1]}" sizeY="{level.shape[0]}" r="{r}" ifd="{directory + r}"/>' for r, level in enumerate(pyramid))
        directory += len(pyramid)
        images.append(
            f'<image name="{SECRET}" uuid="u"><creationInfo/><device model="Leica SCN400" version="1"/><pixels sizeX="{width}" sizeY="{height}">{dimensions}</pixels>'
            f'<view sizeX="{width * nanometres}" sizeY="{height * nanometres}" offsetX="{x * nanometres}" offsetY="{y * nanometres}" spacingZ="0"/>'
            f"<scanSettings><objectiveSettings><objective>{objective}</objective></objectiveSettings><illuminationSettings><numericalAperture>0.4</numericalAperture><illuminationSource>{source}</illuminationSource></illuminationSettings></scanSettings></image>"
        )
    whole = (
        f'<image name="{SECRET}" uuid="m"><creationInfo/><device model="Leica SCN400" version="1"/><pixels sizeX="64" sizeY="80"><dimension sizeX="64" sizeY="80" r="0" ifd="0"/></pixels>'
        f'<view sizeX="{glass[0]}" sizeY="{glass[1]}" offsetX="0" offsetY="0" spacingZ="0"/><scanSettings><objectiveSettings><objective>0.6</objective></objectiveSettings><illuminationSettings><illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings></image>'
    )
    xml = f'<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01" uuid="s"><collection name="{SECRET}" uuid="c" sizeX="{glass[0]}" sizeY="{glass[1]}"><barcode>SECRET</barcode>{whole}{"".join(images)}</collection></scn>'
    with tifffile.TiffWriter(out / "leica.scn", bigtiff=True) as tiff:
        for index, picture in enumerate([macro, *(level for pyramid in levels for level in pyramid)]):
            text = {"description": xml} if index == 0 else {}
            tiff.write(picture, photometric="rgb", metadata=None, tile=(64, 64), **how, **text)


def make_trestle(out, whole, how=LOSSY, overlaps=((16, 8), (8, 12))):
    """Tiles of 64 that overlap, with the same pixels in both; the resolution is in micrometres a pixel."""
    said = " ".join(f"{across} {down}" for across, down in overlaps)
    with tifffile.TiffWriter(out / "trestle.tif") as tiff:
        for index, (picture, (across, down)) in enumerate(zip([whole, half(whole)], overlaps)):
            columns, rows = ((size - overlap) // (64 - overlap) for size, overlap in ((picture.shape[1], across), (picture.shape[0], down)))
            stored = np.concatenate([np.concatenate([picture[r * (64 - down) :][:64, c * (64 - across) :][:, :64] for c in range(columns)], 1) for r in range(rows)], 0)
            tiff.write(stored, photometric="rgb", metadata=None, tile=(64, 64), **how, software="MedScan 1.0", resolution=(0.5 * 2**index,) * 2, resolutionunit="NONE", description=f"Background Color=F0F0F0;White Balance=FF;Objective Power=20;JPEG Quality=88;OverlapsXY= {said};", subfiletype=0)


class VentanaArea:
    """Tiles of one area: where its first one lies in the picture, counted in tiles, and where the area lies on the glass."""

    def __init__(self, picture, columns, rows, *, column=0, row=0, x=0, y_from_below=0, scanned=1):
        self.picture, self.columns, self.rows, self.column, self.row, self.x, self.y_from_below, self.scanned = picture, columns, rows, column, row, x, y_from_below, scanned


def ventana_number(area, column, row):
    """Tiles are counted from 1, from the lowest row up, every second row from the right."""
    up = area.rows - 1 - row
    return up * area.columns + (area.columns - 1 - column if up % 2 else column) + 1


def ventana_xml(areas, edge, overlap, *, vary=0, confidence=98):
    """overlap: across and down. vary: neighbours overlap by so many pixels more, or less, in turn."""
    infos, origins = [], []
    for index, area in enumerate(areas):
        joints, turn = [], 0
        for row in range(area.rows):
            for column in range(area.columns):
                for direction, other in (("RIGHT", (column + 1, row)), ("UP", (column, row - 1))):
                    if not (other[0] < area.columns and other[1] >= 0):
                        continue
                    turn += 1
                    extra = vary if turn % 3 == 0 else 0
                    x, y = (overlap[0] + extra, 1) if direction == "RIGHT" else (-2, overlap[1] + extra)
                    joints.append(f'<TileJointInfo FlagJoined="1" Confidence="{confidence}" Direction="{direction}" Tile1="{ventana_number(area, column, row)}" Tile2="{ventana_number(area, *other)}" OverlapX="{x}" OverlapY="{y}"/>')
        infos.append(f'<ImageInfo AOIScanned="{area.scanned}" AOIIndex="{index}" NumRows="{area.rows}" NumCols="{area.columns}" Width="{edge}" Height="{edge}" Pos-X="{area.x}" Pos-Y="{area.y_from_below}">{"".join(joints)}</ImageInfo>')
        origins.append(f'<AOI{index} OriginX="{area.column * edge}" OriginY="{area.row * edge}"/>')
    return f'<?xml version="1.0" encoding="UTF-8"?><EncodeInfo Ver="2"><SlideStitchInfo>{"".join(infos)}</SlideStitchInfo><AoiOrigin>{"".join(origins)}</AoiOrigin></EncodeInfo>'


def write_ventana(path, areas, *, edge=64, overlap=(16, 8), levels=3, magnification=20, scan_res=0.5, xml=None, iscan_more="", **how):
    """xml: other than that of the areas; "": none, as in Ventana's TIFF, whose areas are one without overlap."""
    size = [max(getattr(area, first) + getattr(area, count) for area in areas) * edge for first, count in (("row", "rows"), ("column", "columns"))]
    stored = np.full((*size, 3), 240, np.uint8)
    for area in areas:
        for row in range(area.rows):
            for column in range(area.columns):
                tile = area.picture[row * (edge - overlap[1]) :, column * (edge - overlap[0]) :][:edge, :edge]
                top, left = (area.row + row) * edge, (area.column + column) * edge
                stored[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    text = ventana_xml(areas, edge, overlap) if xml is None else xml
    iscan = f'<iScan Magnification="{magnification}" ScanRes="{scan_res}" UnitNumber="SECRET" UserName="{SECRET}" {iscan_more}><SlideAnnotation/></iScan>'.encode()
    options = how or LOSSY
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        tiff.write(tissue(80, 40, 4), photometric="rgb", metadata=None, rowsperstrip=16, description="Label Image", extratags=[(700, 1, len(iscan), iscan, True)])
        tiff.write(tissue(40, 60, 5), photometric="rgb", metadata=None, rowsperstrip=16, description="Thumbnail")
        for level in range(levels):
            more = {"extratags": [(700, 1, len(text.encode()), text.encode(), True)]} if level == 0 and text else {}
            tiff.write(padded(stored, edge), photometric="rgb", metadata=None, tile=(edge, edge), description=f"level={level} mag={magnification / 2**level:g} quality=95", **options, **more)
            stored = half(stored)
    return path


def make_ventana(out):
    areas = [
        VentanaArea(tissue(160, 120, 13), 3, 2, x=32, y_from_below=300),
        VentanaArea(tissue(112, 176, 14), 2, 3, column=4, row=1, x=300, y_from_below=40),
        VentanaArea(tissue(64, 64, 15), 1, 1, column=7, scanned=0),
    ]
    write_ventana(out / "ventana.bif", areas)
    write_ventana(out / "ventana.tif", [VentanaArea(tissue(192, 128, 16), 3, 2)], overlap=(0, 0), xml="")


def write_ndpi(path, pictures, *, subsampling="4:2:2", intervals=2):
    """pictures: each with its objective and its focus in nanometres; the objective of what is no scan is negative.

    A classic TIFF with 64-bit pointers to directories, each picture one JPEG stream with restart intervals of half a row, or none.
    """
    data = bytearray(b"II*\0" + struct.pack("<Q", 0))
    previous = 4
    for picture, lens, focus in pictures:
        height, width = picture.shape[:2]
        # With 4:2:0, OpenSlide asks for a row behind the interval, and says that there is none.
        across = width // (8 if subsampling == "4:4:4" else 16)
        has_intervals = lens > 0 and intervals > 0
        stream = jpeg(picture, subsampling=subsampling, **({"restart_marker_blocks": across // intervals} if has_intervals else {}))
        at = len(data)
        data += stream
        starts = []
        if has_intervals:
            scan = stream.index(b"\xff\xda")
            head = scan + 2 + struct.unpack(">H", stream[scan + 2 : scan + 4])[0]
            starts = [head]
            position = head
            while position < len(stream) - 2:
                if stream[position] == 0xFF and 0xD0 <= stream[position + 1] <= 0xD7:
                    starts.append(position + 2)
                position += 1
        entries = [
            (256, 4, [width]), (257, 4, [height]), (258, 3, [8, 8, 8]), (259, 3, [7]), (262, 3, [6]), (271, 2, b"Hamamatsu\0"), (272, 2, b"C13220\0"),
            (273, 4, [at]), (277, 3, [3]), (278, 4, [height]), (279, 4, [len(stream)]), (282, 5, [20000 if lens != 10 else 10000, 1]), (283, 5, [20000 if lens != 10 else 10000, 1]), (296, 3, [3]), (305, 2, b"NDP.scan\0"),
            (65420, 4, [1]), (65421, 11, [lens]), (65424, 9, [focus]), *([(65426, 4, starts)] if starts else []),
        ]  # fmt: skip
        packed = []
        for code, kind, values in entries:
            raw = values if kind == 2 else struct.pack("<" + {3: "H", 4: "I", 5: "I", 9: "i", 11: "f"}[kind] * len(values), *values)
            count = len(values) // (2 if kind == 5 else 1)
            if len(raw) > 4:
                data += b"\0" * (len(data) % 2)
                place = struct.pack("<I", len(data))
                data += raw
            else:
                place = raw.ljust(4, b"\0")
            packed.append(struct.pack("<HHI", code, kind, count) + place)
        data += b"\0" * (len(data) % 2)
        data[previous : previous + 8] = struct.pack("<Q", len(data))
        data += struct.pack("<H", len(packed)) + b"".join(packed)
        previous = len(data)
        data += b"\0" * 8 + b"\0" * 4 * len(packed)
    path.write_bytes(data)


def make_ndpi(out):
    scan = tissue(256, 160, 12)
    write_ndpi(out / "hamamatsu.ndpi", [(scan, 20.0, 0), (half(scan), 10.0, 0), (tissue(64, 32, 8), -1.0, 0)])


# DICOM


def make_odd(out, whole, small):
    """What no library writes."""
    resolution = {282: (tiff_writer.RATIONAL, [20000, 1]), 283: (tiff_writer.RATIONAL, [20000, 1]), 296: (tiff_writer.SHORT, [3])}
    # Gray, so that the conversion has nothing to round.
    ycbcr = np.stack([whole[..., 0], *[np.full((HEIGHT, WIDTH), 128, np.uint8)] * 2], -1)
    tiff_writer.write(out / "ycbcr.tif", [tiff_writer.page(ycbcr, compression=tiff_writer.LZW, photometric=6, tags={**resolution, 530: (tiff_writer.SHORT, [1, 1])})])
    flipped = np.array([int(f"{value:08b}"[::-1], 2) for value in range(256)], np.uint8)
    encode = lambda tile: bytes(flipped[np.frombuffer(tiff_writer.compress(tile, tiff_writer.DEFLATE), np.uint8)])  # noqa: E731
    tiff_writer.write(out / "fill-order.tif", [tiff_writer.page(whole, compression=tiff_writer.DEFLATE, encode=encode, tags={**resolution, 266: (tiff_writer.SHORT, [2])})])
    label = tiff_writer.page(np.zeros((43, 59, 3), np.uint8), tags={270: (tiff_writer.ASCII, f"{SECRET}\r\nlabel")})
    tiff_writer.write(out / "sparse-below.tif", [tiff_writer.page(whole, compression=tiff_writer.DEFLATE, tags=resolution), tiff_writer.page(small, left_out=(0,)), label])
    return np.stack([whole[..., 0]] * 3, -1)


def instance(whole_size, *, flavor, number, series="1.2.826.0.1.3680043.8.498.1", spacing=0.0005):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.2.{number}"
    ds.ImageType = ["ORIGINAL" if number == 1 else "DERIVED", "PRIMARY", flavor, "NONE" if number == 1 else "RESAMPLED"]
    ds.Modality = "SM"
    ds.PatientName = SECRET
    ds.PatientID = "SECRET"
    ds.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.3"
    ds.SeriesInstanceUID = series
    ds.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.4"
    ds.SeriesNumber, ds.InstanceNumber = 1, number
    ds.VolumetricProperties = "VOLUME"
    ds.ImagedVolumeWidth, ds.ImagedVolumeHeight, ds.ImagedVolumeDepth = WIDTH * 0.0005, HEIGHT * 0.0005, 1
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = whole_size
    ds.TotalPixelMatrixFocalPlanes = 1
    measures = Dataset()
    measures.PixelSpacing = [spacing, spacing]
    measures.SliceThickness = 1
    shared = Dataset()
    shared.PixelMeasuresSequence = [measures]
    ds.SharedFunctionalGroupsSequence = [shared]
    path = Dataset()
    path.OpticalPathIdentifier = "1"
    path.ObjectiveLensPower = 20
    ds.OpticalPathSequence = [path]
    ds.NumberOfOpticalPaths = 1
    ds.SamplesPerPixel, ds.PlanarConfiguration = 3, 0
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    return ds


def save(path, ds, frames, *, edge, syntax, photometric, table=True):
    ds.Rows = ds.Columns = edge
    ds.PhotometricInterpretation = photometric
    ds.NumberOfFrames = len(frames)
    ds.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRLittleEndian:
        ds.PixelData = b"".join(frames)
    else:
        ds.PixelData = encapsulate(frames, has_bot=table)
        ds["PixelData"].is_undefined_length = True
    ds.save_as(path, enforce_file_format=True, implicit_vr=False, little_endian=True)


def place(ds, places, edge):
    ds.DimensionOrganizationType = "TILED_SPARSE"
    groups = []
    for column, row in places:
        position = Dataset()
        position.XOffsetInSlideCoordinateSystem = position.YOffsetInSlideCoordinateSystem = position.ZOffsetInSlideCoordinateSystem = 0
        position.ColumnPositionInTotalImagePixelMatrix, position.RowPositionInTotalImagePixelMatrix = int(column * edge) + 1, row * edge + 1
        group = Dataset()
        group.PlanePositionSlideSequence = [position]
        groups.append(group)
    ds.PerFrameFunctionalGroupsSequence = groups


def make_dicom(out, whole, small):
    edge = 64
    columns = -(-WIDTH // edge)

    full = out / "dicom-full"
    shutil.rmtree(full, ignore_errors=True)
    full.mkdir()
    for number, (picture, spacing) in enumerate(((whole, 0.0005), (small, 0.001)), 1):
        ds = instance(picture.shape[1::-1], flavor="VOLUME", number=number, spacing=spacing)
        ds.DimensionOrganizationType = "TILED_FULL"
        save(full / f"level-{number}.dcm", ds, [jpeg(tile, subsampling="4:2:2") for tile in tiles(picture, edge)], edge=edge, syntax=JPEGBaseline8Bit, photometric="YBR_FULL_422", table=number == 1)
    label = instance((64, 64), flavor="LABEL", number=3)
    label.DimensionOrganizationType = "TILED_FULL"
    save(full / "label.dcm", label, [np.zeros((64, 64, 3), np.uint8).tobytes()], edge=64, syntax=ExplicitVRLittleEndian, photometric="RGB")

    sparse = out / "dicom-sparse"
    shutil.rmtree(sparse, ignore_errors=True)
    sparse.mkdir()
    every = tiles(whole, edge)
    order = [index for index in np.random.default_rng(5).permutation(len(every)).tolist() if index not in (3, 8, 12)]
    ds = instance((WIDTH, HEIGHT), flavor="VOLUME", number=1)
    place(ds, [(index % columns, index // columns) for index in order], edge)
    save(sparse / "level.dcm", ds, [encode_jpeg_2000(every[index], is_ycbcr=False) for index in order], edge=edge, syntax=JPEG2000Lossless, photometric="RGB")

    split = out / "dicom-split"
    shutil.rmtree(split, ignore_errors=True)
    split.mkdir()
    frames = [tile.tobytes() for tile in tiles(small, edge)]
    for number, (start, end) in enumerate(((0, 2), (2, len(frames))), 1):
        ds = instance(small.shape[1::-1], flavor="VOLUME", number=number)
        ds.DimensionOrganizationType = "TILED_FULL"
        ds.ConcatenationUID = "1.2.826.0.1.3680043.8.498.5"
        ds.ConcatenationFrameOffsetNumber = start
        ds.InConcatenationNumber = number
        save(split / f"part-{number}.dcm", ds, frames[start:end], edge=edge, syntax=ExplicitVRLittleEndian, photometric="RGB")


# What must come of them


def patches_of(read, size, side):
    """read(x, y) -> RGB of side x side."""
    found = []
    for y in range(0, size[1] - side + 1, side):
        for x in range(0, size[0] - side + 1, side):
            rgb = read(x, y)
            gray = round(float(np.asarray(Image.fromarray(rgb).convert("L")).mean()))
            if 1 <= gray <= 204:
                found.append((x, y, hashlib.sha256(rgb.tobytes()).hexdigest()))
    return found


def on_white(region):
    rgba = np.asarray(region)
    return np.where(rgba[..., 3:] == 0, 255, rgba[..., :3]).astype(np.uint8)


def by_openslide(path, level, side):
    with openslide.OpenSlide(path) as slide:
        size, downsample = slide.level_dimensions[level], slide.level_downsamples[level]

        def read(x, y):
            return on_white(slide.read_region((round(x * downsample), round(y * downsample)), level, (side, side)))

        properties = slide.properties
        return {
            "width": slide.dimensions[0],
            "height": slide.dimensions[1],
            "levels": slide.level_count,
            "micrometres": float(properties["openslide.mpp-x"]) if "openslide.mpp-x" in properties else None,
            "patches": patches_of(read, size, side),
        }


def by_array(levels, level, side, micrometres):
    picture = levels[level]
    return {
        "width": levels[0].shape[1],
        "height": levels[0].shape[0],
        "levels": len(levels),
        "micrometres": micrometres,
        "patches": patches_of(lambda x, y: np.ascontiguousarray(picture[y : y + side, x : x + side]), picture.shape[1::-1], side),
    }


def by_squares(levels, level, side, size):
    """Pixels that are not square, made so patch by patch: what a patch covers, in whole pixels, resized by Pillow. size: across and down."""
    picture = levels[level]
    height, width = picture.shape[:2]
    pitch = [side * min(size) / edge for edge in size]
    edges = [[math.floor(index * step + 0.5) for index in range(math.floor(limit / step + 1e-6) + 1)] for step, limit in zip(pitch, (width, height))]
    found, positions = [], []
    for top, bottom in zip(edges[1], edges[1][1:]):
        for left, right in zip(edges[0], edges[0][1:]):
            stored = Image.fromarray(picture).crop((left, top, right, bottom))
            if not 1 <= round(float(np.asarray(stored.convert("L")).mean())) <= 204:
                continue
            found.append((left, top, hashlib.sha256(np.asarray(stored.resize((side, side), Image.Resampling.BILINEAR)).tobytes()).hexdigest()))
            positions.append({"x": left, "y": top, "width": right - left, "height": bottom - top})
    return {"width": levels[0].shape[1], "height": levels[0].shape[0], "levels": len(levels), "micrometres": size[0], "patches": found, "positions": positions}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    whole = tissue(WIDTH, HEIGHT, 1)
    small = half(whole)
    make_ome(out, whole, small)
    make_aperio(out, whole, small)
    make_philips(out, whole)
    make_leica(out, tissue(192, 128, 2), tissue(128, 192, 3))
    make_trestle(out, tissue(16 + 48 * 7, 8 + 56 * 4, 11))
    make_ventana(out)
    make_ndpi(out)
    make_dicom(out, whole, small)
    gray = make_odd(out, whole, small)

    cases = []

    def case(file, level, side, expected, **more):
        cases.append({"file": file, "level": level, "side": side, **expected, **more})

    arrays = [whole, small]
    for file, levels, micrometres in (
        ("planes.ome.tif", arrays, 0.5),
        ("planes-bgr.ome.tif", arrays, 0.5),
        ("planes-listed.ome.tif", [whole], 0.5),
        ("second-image.ome.tif", arrays, 0.5),
        ("separate-planes.tif", [whole], 0.5),
        ("fourth-sample.tif", [whole], 0.5),
    ):
        for level in range(len(levels)):
            case(file, level, 40, by_array(levels, level, 40, micrometres))
    case("ycbcr.tif", 0, 40, by_array([gray], 0, 40, 0.5))
    case("fill-order.tif", 0, 40, by_array([whole], 0, 40, 0.5))
    case("sparse-below.tif", 0, 40, by_array(arrays, 0, 40, 0.5))
    case("planes-focus.ome.tif", 0, 40, by_array([whole], 0, 40, 0.5), aspect=False)
    case("planes-focus.ome.tif", 0, 40, by_squares([whole], 0, 40, (0.5, 0.75)))
    case("wide-pixels.tif", 0, 40, by_squares([whole], 0, 40, (1.25, 0.5)))
    # OpenSlide tells no pixel size of Leica's, and makes levels of NDPI that are not in the file.
    not_told = {"leica.scn": {"micrometres": 0.5}, "hamamatsu.ndpi": {"levels": 2}}
    for file, levels in (
        ("aperio-jpeg-2000.svs", (0, 1)),
        ("philips-sparse.tiff", (0, 1)),
        ("leica.scn", (0,)),
        ("trestle.tif", (0, 1)),
        ("ventana.bif", (0, 1, 2)),
        ("ventana.tif", (0, 1)),
        ("hamamatsu.ndpi", (0, 1)),
        ("dicom-full/level-1.dcm", (0, 1)),
        ("dicom-sparse/level.dcm", (0,)),
    ):
        for level in levels:
            case(file, level, 40, {**by_openslide(out / file, level, 40), **not_told.get(file, {})})
    case("dicom-split/part-1.dcm", 0, 40, by_array([small], 0, 40, 0.5))
    (out / "expected.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
