import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { formatOf, formatOfBytes, formatOfName } from "../../src/formats/formats.js";
import { decodeImage } from "../../src/index.js";

const fixture = (path: string) => readFileSync(fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url)));
const pixel = sharp({ create: { width: 8, height: 8, channels: 3, background: "#808080" } });

describe("the format of a file", () => {
  it.each(["png", "jpeg", "webp", "tiff", "gif", "avif"] as const)(
    "%s is known by its bytes, and decoded",
    async (name) => {
      const bytes = await pixel.clone().toFormat(name).toBuffer();
      expect(formatOfBytes(bytes)).toMatchObject({
        kind: "picture",
        name: { png: "PNG", jpeg: "JPEG", webp: "WebP", tiff: "TIFF", gif: "GIF", avif: "AVIF" }[name]
      });
      expect((await decodeImage(bytes)).width).toBe(8);
    }
  );

  it.each([
    ["DICOM", fixture("dicom/ct.dcm")],
    ["DICOM", fixture("dicom/no-preamble.dcm")],
    ["PDF", Buffer.from("%PDF-1.7")],
    ["HEIC", Buffer.from("\0\0\0\x18ftypheic", "latin1")],
    ["archive", Buffer.from("PK\x03\x04", "latin1")],
    ["GGUF", Buffer.from("GGUF\x03\0\0\0", "latin1")],
    ["SVG", Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>')]
  ])("%s is known by its bytes", (name, bytes) => {
    expect(formatOfBytes(bytes)?.name).toBe(name);
  });

  it.each([
    ["scan.PNG", "PNG"],
    ["a/b.nii.gz", "NIfTI"],
    ["b.tar.gz", "archive"],
    ["b.gz", "gzip"],
    ["slide.ome.tiff", "TIFF"],
    ["x.svs", "SVS"],
    ["IM000001", undefined],
    [".png", undefined],
    ["a/.png", undefined],
    ["png", undefined],
    ["node.js", undefined]
  ])("%s is, by its name, %s", (path, name) => {
    expect(formatOfName(path)?.name).toBe(name);
  });

  it("is what the bytes say, but for names that tell what is inside of a container", async () => {
    const tiff = await pixel.clone().tiff().toBuffer();
    expect(formatOf(tiff, "scan.png")?.name).toBe("TIFF");
    expect(formatOf(tiff, "biopsy.svs")?.name).toBe("SVS");
    expect(formatOf(fixture("nifti/ct-las.nii.gz"), "ct.nii.gz")?.name).toBe("NIfTI");
    expect(formatOf(Buffer.from("PK\x03\x04", "latin1"), "report.docx")?.name).toBe("office document");
    expect(formatOf(Buffer.from("no picture"), "scan.png")?.name).toBe("PNG");
  });

  it.each([
    ["report.pdf", "%PDF-1.7 ...", "is a PDF document, which is not read as a picture. Make a picture of a page"],
    ["film.jxl", "\xff\x0a\0\0", "is a JPEG XL picture"],
    ["notes", "just text", "found no image format known here"]
  ])("of %s is told when it cannot be decoded", async (_name, content, words) => {
    await expect(decodeImage(Buffer.from(content, "latin1"))).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: expect.stringContaining(words) as string
    });
  });
});
