/** Several volumes in one file: what tells its frames apart stands in functional groups (PS3.3 C.7.6.16). */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readSeries, type SeriesOptions } from "../../src/index.js";
import { doubles, items, slice, type Attributes } from "../dicom/fixtures.js";

const root = mkdtempSync(join(tmpdir(), "medgemma-enhanced-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const position = (z: number): Attributes => ({ "0020,9113 SQ": items({ "0020,0032 DS": `-8\\-8\\${z}` }) });
const content = (attributes: Attributes): Attributes => ({ "0020,9111 SQ": items(attributes) });
const long = (...values: readonly number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
const float = (value: number): Buffer => Buffer.from(Float32Array.from([value]).buffer);

let files = 0;

/** Values are as the file stores them; gray shows them over the whole window. */
function fileOf(frames: readonly Attributes[], attributes: Attributes = {}): string {
  files += 1;
  const path = join(root, `${files}.dcm`);
  const usual = { "0008,0016 UI": "1.2.840.10008.5.1.4.1.1.4.1", "0008,0060 CS": "MR", "0020,0013 IS": "1" };
  writeFileSync(
    path,
    slice(
      frames.map((_frame, index) => index + 1),
      { ...usual, "5200,9230 SQ": items(...frames), ...attributes }
    )
  );
  return path;
}

async function framesOf(path: string, options: SeriesOptions = {}): Promise<number[]> {
  const { slices } = await readSeries(path, options);
  return slices.map(({ rendering }) => rendering?.frame ?? 0);
}

/** Which volume and which place each frame has: in no order, and not each place once in the first half. */
const order = [
  [0, 2],
  [1, 0],
  [1, 2],
  [0, 0],
  [0, 3],
  [1, 1],
  [0, 1],
  [1, 3]
] as const;

const variants: readonly (readonly [
  what: string,
  told: readonly string[],
  groupsOf: (volume: number, place: number) => Attributes
])[] = [
  [
    "Temporal Position Index",
    ["Temporal Position 1", "Temporal Position 2"],
    (volume) => content({ "0020,9128 UL": long(volume + 1) })
  ],
  [
    "Frame Acquisition Number",
    ["Acquisition Number 1", "Acquisition Number 2"],
    (volume) => content({ "0020,9156 US": volume + 1 })
  ],
  [
    "Stack ID",
    ["Stack ID A", "Stack ID B"],
    (volume, place) => content({ "0020,9056 SH": "AB".charAt(volume), "0020,9057 UL": long(place + 1) })
  ],
  [
    "Effective Echo Time",
    ["Echo Time 10 ms", "Echo Time 80 ms"],
    (volume) => ({ "0018,9114 SQ": items({ "0018,9082 FD": doubles([10, 80][volume] ?? 0) }) })
  ],
  [
    "b value",
    ["b value 0", "b value 1000"],
    (volume) => ({ "0018,9117 SQ": items({ "0018,9087 FD": doubles(1000 * volume) }) })
  ],
  [
    "Frame Type",
    ["Image Type ORIGINAL\\PRIMARY\\M\\NONE", "Image Type ORIGINAL\\PRIMARY\\P\\NONE"],
    (volume) => ({ "0018,9226 SQ": items({ "0008,9007 CS": `ORIGINAL\\PRIMARY\\${"MP".charAt(volume)}\\NONE` }) })
  ],
  [
    "Complex Image Component",
    ["component MAGNITUDE", "component PHASE"],
    (volume) => ({
      "0018,9226 SQ": items({
        "0008,9007 CS": "ORIGINAL\\PRIMARY",
        "0008,9208 CS": ["MAGNITUDE", "PHASE"][volume] ?? ""
      })
    })
  ],
  [
    "Inversion Times",
    ["Inversion Time 150 ms", "Inversion Time 2000 ms"],
    (volume) => ({ "0018,9115 SQ": items({ "0018,9079 FD": doubles([150, 2000][volume] ?? 0) }) })
  ],
  [
    "Flip Angle",
    ["Flip Angle 4", "Flip Angle 18"],
    (volume) => ({ "0018,9112 SQ": items({ "0018,1314 DS": ["4", "18"][volume] ?? "" }) })
  ],
  [
    "KVP",
    ["KVP 80", "KVP 140"],
    (volume) => ({ "0018,9325 SQ": items({ "0018,0060 DS": ["80", "140"][volume] ?? "" }) })
  ],
  [
    "cardiac phase in percent",
    ["time 1", "time 2"],
    (volume) => ({ "0018,9118 SQ": items({ "0020,9241 FL": float([40, 75][volume] ?? 0) }) })
  ],
  [
    "Frame Acquisition DateTime",
    ["time 1", "time 2"],
    (volume) => content({ "0018,9074 DT": ["20260101101500", "20260101101530"][volume] ?? "" })
  ],
  [
    "Dimension Index Values alone",
    ["Dimension Index 1", "Dimension Index 2"],
    (volume, place) => content({ "0020,9157 UL": long(1, place + 1, volume + 1) })
  ]
];

describe("several volumes in one enhanced file", () => {
  it.each(variants)("by %s: none is guessed, each can be chosen whole", async (_what, told, groupsOf) => {
    const path = fileOf(order.map(([volume, place]) => ({ ...position(3 * place), ...groupsOf(volume, place) })));
    const listed = told.map((one, index) => `${index + 1}: 4 slices, ${one}`).join("; ");
    await expect(readSeries(path)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${path} holds 2 volumes in one series (${listed}). Choose one with the option volume.`
    });
    // Frames 4, 7, 1, 5 and 2, 6, 3, 8 by their places; the first falls and rises as often, so it begins at the lowest place.
    expect(await framesOf(path, { volume: 1 })).toEqual([4, 7, 1, 5]);
    expect(await framesOf(path, { volume: 2 })).toEqual([2, 6, 3, 8]);
  });

  it("that nothing tells apart are refused, also where each place is there once in the first frames, in no order", async () => {
    for (const places of [
      [0, 0, 1, 3, 1, 2, 3, 2],
      [0, 2, 3, 1, 2, 1, 0, 3]
    ]) {
      await expect(readSeries(fileOf(places.map((place) => position(3 * place))))).rejects.toMatchObject({
        code: "IMAGE_UNREADABLE",
        message: expect.stringContaining("nothing in the files shows") as string
      });
    }
    const behind = fileOf([0, 1, 2, 3, 3, 2, 1, 0].map((place) => position(3 * place)));
    expect(await framesOf(behind, { volume: 2 })).toEqual([5, 6, 7, 8]);
  });
});

describe("frames without places", () => {
  it("go by their In-Stack Position Numbers", async () => {
    const { warnings, order: by } = await readSeries(
      fileOf([3, 1, 4, 2].map((place) => content({ "0020,9056 SH": "1", "0020,9057 UL": long(place) })))
    );
    expect([by, warnings]).toEqual(["stack position", ["no positions in the files: ordered by stack position"]]);
    expect(await framesOf(join(root, `${files}.dcm`))).toEqual([2, 4, 1, 3]);
  });

  it("or all at one place go by their time, as a film", async () => {
    const path = fileOf([3, 1, 4, 2].map((time) => ({ ...position(7), ...content({ "0020,9128 UL": long(time) }) })));
    expect(await framesOf(path)).toEqual([2, 4, 1, 3]);
    expect((await readSeries(path)).warnings).toEqual(["all slices at one position: ordered by time"]);
  });

  it("of several energy windows are several volumes", async () => {
    const path = fileOf([], { "0008,0060 CS": "NM", "5200,9230 SQ": null });
    writeFileSync(
      path,
      slice([1, 2, 3, 4, 5, 6], {
        "0008,0060 CS": "NM",
        "0020,0037 DS": null,
        "0054,0010 US": Buffer.from(Uint16Array.from([1, 1, 1, 2, 2, 2]).buffer)
      })
    );
    await expect(readSeries(path)).rejects.toMatchObject({
      message: expect.stringContaining("(1: 3 slices, energy window 1; 2: 3 slices, energy window 2)") as string
    });
    expect(await framesOf(path, { volume: 2 })).toEqual([4, 5, 6]);
  });
});
