import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeImage, MedGemmaError } from "../../src/index.js";
import { dicom, slice, valueAt, withLongerText, withText, withWord } from "./fixtures.js";

const gray = dicom("mono2-12-explicit");
const color = dicom("rgb-explicit");

/** Header of a file in one of the transfer syntaxes, to which a data set is put. */
function fileOf(dataSet: Buffer, uid: string): Buffer {
  const padded = uid.length % 2 === 0 ? uid : `${uid}\0`;
  const meta = Buffer.concat([
    Buffer.from("\x02\x00\x10\x00UI", "latin1"),
    Buffer.from([padded.length, 0]),
    Buffer.from(padded, "latin1")
  ]);
  return Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), meta, dataSet]);
}

/** An explicit attribute of four bytes. */
const attribute = (group: number, element: number, value: number): Buffer => {
  const bytes = Buffer.alloc(12);
  [group, element].forEach((word, index) => bytes.writeUInt16LE(word, 2 * index));
  bytes.write("UL", 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(value, 8);
  return bytes;
};

/** A copy in which the first fragment says that it is long. */
function withFragmentLength(file: Buffer, length: number): Buffer {
  const copy = Buffer.from(file);
  const table = copy.indexOf("\xe0\x7f\x10\x00OB", 0, "latin1") + 12;
  copy.writeUInt32LE(length, table + 8 + copy.readUInt32LE(table + 4) + 4);
  return copy;
}

describe("a DICOM file that cannot be is refused before memory is taken for it", () => {
  const huge = withWord(withWord(gray, 0x28, 0x10, 60_000), 0x28, 0x11, 60_000);
  const manyFrames = withText(dicom("frames"), 0x28, 0x08, "99");
  const manyMoreFrames = withLongerText(dicom("frames"), 0x28, 0x08, "100000");
  const refused: readonly {
    readonly what: string;
    readonly file: Buffer;
    readonly code: string;
    readonly message?: string;
  }[] = [
    { what: "60,000 × 60,000 pixels", file: huge, code: "IMAGE_TOO_LARGE" },
    {
      what: "60,000 × 60,000 compressed pixels",
      file: withWord(withWord(dicom("mono2-12-j2k"), 0x28, 0x10, 60_000), 0x28, 0x11, 60_000),
      code: "IMAGE_TOO_LARGE"
    },
    { what: "more rows than there are pixels", file: withWord(gray, 0x28, 0x10, 2000), code: "IMAGE_UNREADABLE" },
    {
      what: "a compressed frame of another size",
      file: withWord(dicom("mono2-8-jpeg"), 0x28, 0x10, 2000),
      code: "IMAGE_UNREADABLE"
    },
    {
      what: "an RLE frame of another size",
      file: withWord(dicom("mono2-8-rle"), 0x28, 0x10, 2000),
      code: "IMAGE_UNREADABLE"
    },
    { what: "99 frames where there are 3", file: manyFrames, code: "IMAGE_UNREADABLE" },
    { what: "100,000 frames where there are 3", file: manyMoreFrames, code: "IMAGE_UNREADABLE" },
    {
      what: "a Number of Frames that is none",
      file: withText(dicom("frames"), 0x28, 0x08, "1A"),
      code: "IMAGE_UNREADABLE"
    },
    {
      what: "a fragment of 4 GB",
      file: withFragmentLength(dicom("mono2-8-jpeg"), 0xffff_fff0),
      code: "IMAGE_UNREADABLE",
      message: "a fragment has 4294967280 bytes"
    },
    { what: "no rows", file: withWord(gray, 0x28, 0x10, 0), code: "IMAGE_UNREADABLE" },
    { what: "5 bits allocated", file: withWord(gray, 0x28, 0x100, 5), code: "IMAGE_UNREADABLE" },
    { what: "more bits stored than allocated", file: withWord(gray, 0x28, 0x101, 17), code: "IMAGE_UNREADABLE" },
    { what: "2 samples a pixel", file: withWord(gray, 0x28, 0x02, 2), code: "IMAGE_UNREADABLE" },
    { what: "gray values called RGB", file: withText(gray, 0x28, 0x04, "RGB"), code: "IMAGE_UNREADABLE" },
    {
      what: "a photometric interpretation that does not exist",
      file: withText(gray, 0x28, 0x04, "SECRET TEXT"),
      code: "IMAGE_UNREADABLE",
      message: "is not a valid code"
    },
    {
      what: "a photometric interpretation that is not read",
      file: withText(gray, 0x28, 0x04, "HSV"),
      code: "IMAGE_UNREADABLE",
      message: "is HSV, which is not supported. Make a PNG of it"
    },
    {
      what: "a slope in hexadecimal",
      file: slice(5, { "0028,1053 DS": "0x2" }),
      code: "IMAGE_UNREADABLE",
      message: "its Rescale Slope is not a number"
    },
    {
      what: "an endless slope",
      file: slice(5, { "0028,1053 DS": "Infinity" }),
      code: "IMAGE_UNREADABLE",
      message: "its Rescale Slope is not a number"
    },
    { what: "no photometric interpretation", file: withText(gray, 0x28, 0x04, ""), code: "IMAGE_UNREADABLE" },
    { what: "native pixels in YBR_ICT", file: withText(color, 0x28, 0x04, "YBR"), code: "IMAGE_UNREADABLE" },
    { what: "MPEG", file: fileOf(Buffer.alloc(64), "1.2.840.10008.1.2.4.100"), code: "IMAGE_UNREADABLE" },
    {
      what: "a deflated bomb",
      file: fileOf(deflateRawSync(Buffer.alloc(2 ** 29 + 1)), "1.2.840.10008.1.2.1.99"),
      code: "IMAGE_UNREADABLE"
    },
    {
      what: "a million attributes and more",
      file: fileOf(
        Buffer.concat(
          Array.from({ length: 1_100_000 }, (_one, index) => attribute(9 + (index >> 16) * 2, index & 0xffff, 0))
        ),
        "1.2.840.10008.1.2.1"
      ),
      code: "IMAGE_UNREADABLE",
      message: "more attributes"
    },
    {
      what: "sequences in sequences without end",
      file: fileOf(
        Buffer.from("\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff".repeat(100_000), "latin1"),
        "1.2.840.10008.1.2.1"
      ),
      code: "IMAGE_UNREADABLE"
    },
    {
      what: "nothing behind the preamble",
      file: Buffer.concat([Buffer.alloc(128), Buffer.from("DICM")]),
      code: "IMAGE_UNREADABLE"
    }
  ];
  it.each(refused)("$what", async ({ file, code, message = "" }) => {
    const error = await decodeImage(file).then(
      () => null,
      (thrown: unknown) => thrown
    );
    expect(error).toBeInstanceOf(MedGemmaError);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).not.toMatch(/secret|\n/i);
    expect((error as Error).message).toContain(message);
  });

  it.each([
    "mono2-12-explicit",
    "mono2-12-implicit",
    "mono2-8-deflated",
    "rgb-rle",
    "mono2-8-jpeg",
    "mono2-12-j2k",
    "mono2-12-htj2k",
    "mono2-12-jls",
    "mono2-12-lossless-sv1",
    "palette-8-explicit"
  ])(
    "%s, cut off anywhere, is refused or whole",
    async (name) => {
      const file = dicom(name);
      const whole = await decodeImage(file);
      // Every byte of the header; further on, what is compressed is slow to make sense of.
      const step = name.includes("plicit") ? 1 : 37;
      for (let length = 0; length < file.length; length += step) {
        const image = await decodeImage(file.subarray(0, length)).catch((error: unknown) => {
          expect(error).toMatchObject({ name: "MedGemmaError", code: "IMAGE_UNREADABLE" });
          return null;
        });
        if (image !== null)
          expect(Buffer.from(image.rgb).equals(Buffer.from(whole.rgb)), `${length} of ${file.length} bytes`).toBe(true);
      }
    },
    120_000
  );

  it("one that keeps a codec for ever, which is stopped; the next is decoded as if nothing had been", async () => {
    const endless = readFileSync(new URL("../fixtures/dicom-damaged/endless-htj2k.dcm", import.meta.url));
    const good = dicom("mono2-12-htj2k");
    const [failure, after] = await Promise.all([
      decodeImage(endless).catch((error: unknown) => error),
      decodeImage(good)
    ]);
    expect(failure).toMatchObject({ code: "IMAGE_UNREADABLE" });
    expect((failure as Error).message).toContain("takes more than");
    expect(Buffer.from(after.rgb).equals(Buffer.from((await decodeImage(good)).rgb))).toBe(true);
  });

  it("the position of an attribute is what the tests take it for", () => {
    expect(gray.readUInt16LE(valueAt(gray, 0x28, 0x10))).toBe(40);
  });
});
