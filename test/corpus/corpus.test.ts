/** Every picture in packages of the registries is what pydicom or Pillow make of it, or refused for a reason that is listed here. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeImage, type DecodedImage, type MedGemmaError } from "../../src/index.js";
import { corpusFolder, fetchCorpus, packages } from "./fetch-corpus.js";

/** As scripts/reference/corpus.py writes it. */
interface Row {
  readonly file: string;
  readonly sha256: string;
  readonly frame?: number;
  readonly size?: readonly [number, number];
  readonly rgb?: string;
  readonly cells?: string;
  readonly tolerance?: number;
  /** Why the reference refuses it. */
  readonly refused?: string;
  /** A format that is none of ours. */
  readonly unread?: string;
}

const rows = gunzipSync(readFileSync(fileURLToPath(new URL("../fixtures/corpus.jsonl.gz", import.meta.url))))
  .toString("utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Row);

/** What the reference reads and we do not, by the end of our message. */
const refusals: readonly (readonly [file: RegExp, message: RegExp])[] = [
  [/(?:Lab|lab|lab-green|lab-red)\.tif$/, /TIFF in CIELab colours/],
  [/\/12bit\.cropped\.tif$/, /TIFF with samples of 12 bits/],
  [/\/tiff_tiled_planar_\w+\.tiff?$/, /tiled separate planes not supported/],
  [/\/old-style-jpeg-compression[\w-]*\.tif$/, /Old-style JPEG compression support is not configured/],
  [/\/hopper_lzma\.tif$/, /LZMA compression support is not configured/],
  [/\/tiff_wrong_bits_per_sample_3\.tiff$/, /does not say what the last one is/],
  [
    /\/(?:hopper_float_dpi_None\.tif|multipage_\w+_loop\.tiff|tiff_wrong_bits_per_sample(?:_2)?\.tiff)$/,
    /entries that libtiff does not expect/
  ],
  [/\/10ct_32bit_128\.tiff$/, /required field 262 missing/],
  [/\/separate_planar_extra_samples\.tiff$/, /Invalid strip byte count 0/],
  [/\/rgb_trns_ycbc\.j(?:2k|p2)$/, /JPEG 2000 with 4 components/],
  [/\/balloon\.jpf$/, /no JPEG 2000 picture/],
  [/\/star\.avifs$/, /an AVIF picture, but of a form that is not read here/],
  [/\/clipboard\.dib$/, /no image format known here/], // without the header of a file
  [/\.pfm$/, /floating-point picture \(PFM\)/],
  [/\/mmap_error\.bmp$/, /inside of its palette/],
  [/\/badrle\.bmp$/, /run lengths leave the picture/]
];

/** Where the reference is wrong; and the file that has the same pictures, where there is one. */
const wrongReferences: readonly (readonly [file: RegExp, twin: string | null])[] = [
  [/\/OBXXXX1A_expb\.dcm$/, "OBXXXX1A.dcm"], // pydicom shows the bytes of each word exchanged
  [/\/OBXXXX1A_expb_2frame\.dcm$/, "OBXXXX1A_2frame.dcm"],
  [/\/8bit\.s\.tif$/, null] // Pillow takes samples with a sign for levels
];

const listed = <Value>(list: readonly (readonly [RegExp, Value])[], file: string): Value | undefined =>
  list.find(([pattern]) => pattern.test(file))?.[1];

/** Means of 8 by 8 cells, as the Python script takes them. */
function cellsOf({ width, height, rgb }: DecodedImage): number[] {
  const sums = new Array<number>(192).fill(0);
  const counts = new Array<number>(64).fill(0);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 3) {
      const cell = Math.floor((y * 8) / height) * 8 + Math.floor((x * 8) / width);
      counts[cell] = (counts[cell] ?? 0) + 1;
      for (let colour = 0; colour < 3; colour += 1)
        sums[3 * cell + colour] = (sums[3 * cell + colour] ?? 0) + (rgb[at + colour] ?? 0);
    }
  }
  return sums.map((sum, index) => Math.floor(sum / Math.max(1, counts[Math.floor(index / 3)] ?? 1) + 0.5));
}

/** @returns what is wrong; null: nothing */
async function problemOf(row: Row): Promise<string | null> {
  const bytes = readFileSync(join(corpusFolder, row.file));
  if (createHash("sha256").update(bytes).digest("hex") !== row.sha256)
    return "it is another file than the reference has read";
  let image: DecodedImage;
  try {
    image = await decodeImage(join(corpusFolder, row.file), (row.frame ?? 1) > 1 ? { frame: row.frame } : {});
  } catch (error) {
    const { code, message } = error as MedGemmaError;
    if (code !== "IMAGE_UNREADABLE" && code !== "IMAGE_TOO_LARGE") return `${code}: ${message}`;
    if (message.includes("\n")) return `a message of several lines: ${message}`;
    return row.rgb === undefined || listed(refusals, row.file)?.test(message) === true ? null : message;
  }
  if (row.unread !== undefined) return `it is a ${row.unread} file, but was shown`;
  if (row.rgb === undefined) return null; // more than the reference reads
  if (listed(refusals, row.file) !== undefined) return "it is read now: take it from the list of refusals";
  if (image.width !== row.size?.[0] || image.height !== row.size[1])
    return `${image.width} × ${image.height} pixels; expected ${row.size?.join(" × ")}`;
  const found = createHash("sha256").update(image.rgb).digest("hex");
  if (found === row.rgb) return null;
  const twin = listed(wrongReferences, row.file);
  if (twin !== undefined)
    return twin === null ||
      rows.some(({ file, frame, rgb }) => file.endsWith(`/${twin}`) && frame === row.frame && rgb === found)
      ? null
      : `pixels differ from ${twin}`;
  if (row.cells === undefined) return `pixels differ (${image.notes?.join(", ") ?? "no notes"})`;
  const meant = Buffer.from(row.cells, "base64");
  const most = Math.max(...cellsOf(image).map((mean, index) => Math.abs(mean - (meant[index] ?? 0))));
  return most <= Math.max(1, row.tolerance ?? 0)
    ? null
    : `cells differ by ${most} (${image.notes?.join(", ") ?? "no notes"})`;
}

// Fetched at once, for pip waits more than it works.
const fetched = await Promise.all(packages.map(async (one) => ({ ...one, folder: await fetchCorpus(one) })));

describe.each(fetched)("$name $version", (one) => {
  const own = rows.filter(({ file }) => file.startsWith(`${one.name}-${one.version}/`));

  it("has pictures that were read by a reference", () => {
    expect(own.filter(({ rgb }) => rgb !== undefined).length).toBeGreaterThan(4);
  });

  it.skipIf(one.folder === null)(
    "is shown as the reference shows it, or refused for a listed reason",
    async () => {
      const problems: string[] = [];
      for (const row of own) {
        const problem = await problemOf(row);
        if (problem !== null)
          problems.push(`${row.file}${row.frame === undefined ? "" : `, frame ${row.frame}`}: ${problem}`);
      }
      expect(problems).toEqual([]);
    },
    300_000
  );
});
