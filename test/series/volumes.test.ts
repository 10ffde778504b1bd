/** Series that hold more than one volume, or none: slices are put together by what makes a volume, and never mixed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readSeries, type SeriesOptions } from "../../src/index.js";
import { doubles as double, slice, type Attributes } from "../dicom/fixtures.js";

const root = mkdtempSync(join(tmpdir(), "medgemma-volumes-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;

/** Names begin with a digit that is as good as random: neither their order nor that of the folder means anything. */
function folderOf(slices: readonly (readonly [name: string, attributes: Attributes])[]): string {
  folders += 1;
  const path = join(root, String(folders));
  mkdirSync(path);
  slices.forEach(([name, attributes], index) =>
    writeFileSync(
      join(path, `${(index * 7 + 3) % 10}${name}`),
      slice(index, { "0008,0018 UI": `1.2.9.${folders}.${index}`, ...attributes })
    )
  );
  return path;
}

const instance = (number: number): Attributes => ({ "0020,0013 IS": String(number) });
const at = (z: number): Attributes => ({ "0020,0032 DS": `-8\\-8\\${z}` });
const mr: Attributes = { "0008,0060 CS": "MR", "0008,0016 UI": "1.2.840.10008.5.1.4.1.1.4" };

/** `count` slices, called PREFIX0, PREFIX1 …, in the order of their places. */
function stack(
  prefix: string,
  count: number,
  attributesOf: (index: number) => Attributes
): (readonly [string, Attributes])[] {
  return Array.from(
    { length: count },
    (_one, index) => [`${prefix}${index}`, { ...at(3 * index), ...attributesOf(index) }] as const
  );
}

async function namesOf(path: string, options: SeriesOptions = {}): Promise<string> {
  const { slices } = await readSeries(path, options);
  return slices.map(({ source }) => basename(source).slice(1)).join(" ");
}

async function errorOf(path: string, options: SeriesOptions = {}): Promise<string> {
  const error: unknown = await readSeries(path, options).then(
    ({ notes }) => notes,
    (thrown: unknown) => thrown
  );
  expect(error).toMatchObject({ name: "MedGemmaError" });
  expect((error as Error).message).not.toMatch(/\n|SECRET/);
  return (error as Error).message;
}

/** Instance Numbers in an order that means nothing. */
const shuffled = [7, 2, 9, 4, 1, 8, 3, 10, 6, 5];

const directions = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1]
];

interface Case {
  readonly what: string;
  readonly slices: readonly (readonly [string, Attributes])[];
  /** What the list says of the volumes, in order. */
  readonly told: readonly string[];
}

const severalVolumes: readonly Case[] = [
  {
    what: "two passes, half a distance apart",
    slices: [
      ...stack("a", 6, (i) => ({ ...instance(i + 1), "0020,0012 IS": "1" })),
      ...stack("b", 6, (i) => ({ ...instance(i + 7), ...at(3 * i + 1.5), "0020,0012 IS": "2" }))
    ],
    told: ["Acquisition Number 1", "Acquisition Number 2"]
  },
  {
    what: "two phases with equal Instance Numbers",
    slices: [
      ...stack("a", 5, (i) => ({ ...instance(i + 1), "0020,0012 IS": "3" })),
      ...stack("b", 5, (i) => ({ ...instance(i + 1), "0020,0012 IS": "4" }))
    ],
    told: ["Acquisition Number 3", "Acquisition Number 4"]
  },
  {
    what: "two phases that only their time tells apart, numbers equal",
    slices: [
      ...stack("a", 5, (i) => ({ ...instance(i + 1), "0008,0032 TM": "101500" })),
      ...stack("b", 5, (i) => ({ ...instance(i + 1), "0008,0032 TM": "101620.5" }))
    ],
    told: ["time 1", "time 2"]
  },
  {
    what: "two phases whose slices each have their own time",
    slices: [
      ...stack("a", 5, (i) => ({ ...instance(i + 1), "0008,0032 TM": `10150${i}` })),
      ...stack("b", 5, (i) => ({ ...instance(i + 1), "0008,0032 TM": `10163${i}` }))
    ],
    told: ["time 1", "time 2"]
  },
  {
    what: "two phases that are numbered one behind the other",
    slices: [...stack("a", 5, (i) => instance(i + 1)), ...stack("b", 5, (i) => instance(i + 6))],
    told: ["time 1", "time 2"]
  },
  {
    what: "two phases that are numbered place by place",
    slices: [...stack("a", 5, (i) => instance(2 * i + 1)), ...stack("b", 5, (i) => instance(2 * i + 2))],
    told: ["time 1", "time 2"]
  },
  {
    what: "b values with shuffled numbers",
    slices: [
      ...stack("a", 5, (i) => ({ ...mr, ...instance(shuffled[i] ?? 0), "0018,9087 FD": double(0) })),
      ...stack("b", 5, (i) => ({ ...mr, ...instance(shuffled[i + 5] ?? 0), "0018,9087 FD": double(1000) }))
    ],
    told: ["b value 0", "b value 1000"]
  },
  {
    what: "b values of Siemens",
    slices: [0, 500, 1000].flatMap((b, volume) =>
      stack("abc".charAt(volume), 4, (i) => ({
        ...mr,
        ...instance(20 - i - 4 * volume),
        "0019,0010 LO": "SIEMENS MR HEADER",
        "0019,100c IS": String(b)
      }))
    ),
    told: ["b value 0", "b value 500", "b value 1000"]
  },
  {
    what: "gradients of one b value",
    slices: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1]
    ].flatMap((direction, volume) =>
      stack("abc".charAt(volume), 4, (i) => ({
        ...mr,
        ...instance(4 * volume + i + 1),
        "0018,9087 FD": double(1000),
        "0018,9089 FD": double(...direction)
      }))
    ),
    told: ["gradient 1 0 0", "gradient 0 1 0", "gradient 0 0 1"]
  },
  {
    what: "two echoes",
    slices: [
      ...stack("a", 5, (i) => ({ ...mr, ...instance(2 * i + 1), "0018,0086 IS": "1", "0018,0081 DS": "12" })),
      ...stack("b", 5, (i) => ({ ...mr, ...instance(2 * i + 2), "0018,0086 IS": "2", "0018,0081 DS": "96" }))
    ],
    told: ["Echo Number 1, Echo Time 12 ms", "Echo Number 2, Echo Time 96 ms"]
  },
  {
    what: "temporal positions",
    slices: [1, 2, 3].flatMap((time) =>
      stack("abc".charAt(time - 1), 4, (i) => ({ ...mr, ...instance(shuffled[i] ?? 0), "0020,0100 IS": String(time) }))
    ),
    told: ["Temporal Position 1", "Temporal Position 2", "Temporal Position 3"]
  },
  {
    what: "the phases of a heart, by trigger time",
    slices: [0, 40, 80].flatMap((time, phase) =>
      stack("abc".charAt(phase), 4, (i) => ({
        ...mr,
        ...instance(shuffled[(3 * i + phase) % 10] ?? 0),
        "0018,1060 DS": String(time)
      }))
    ),
    told: ["time 1", "time 2", "time 3"]
  },
  {
    what: "magnitude and phase",
    slices: [
      ...stack("a", 5, (i) => ({ ...mr, ...instance(i + 1), "0008,0008 CS": "ORIGINAL\\PRIMARY\\M\\ND" })),
      ...stack("b", 5, (i) => ({ ...mr, ...instance(i + 1), "0008,0008 CS": "ORIGINAL\\PRIMARY\\P\\ND" }))
    ],
    told: ["Image Type ORIGINAL\\PRIMARY\\M\\ND", "Image Type ORIGINAL\\PRIMARY\\P\\ND"]
  },
  {
    what: "two kernels",
    slices: [
      ...stack("a", 5, (i) => ({ ...instance(i + 1), "0018,1210 SH": "B30f" })),
      ...stack("b", 5, (i) => ({ ...instance(i + 6), "0018,1210 SH": "B70f" }))
    ],
    told: ["kernel B30f", "kernel B70f"]
  },
  {
    what: "two fields of view",
    slices: [
      ...stack("a", 5, (i) => instance(i + 1)),
      ...stack("b", 5, (i) => ({ ...instance(i + 6), "0028,0030 DS": "0.5\\0.5" }))
    ],
    told: ["pixel spacing 1 × 1 mm", "pixel spacing 0.5 × 0.5 mm"]
  },
  {
    what: "an axial and a coronal stack",
    slices: [
      ...stack("a", 5, (i) => instance(i + 1)),
      ...stack("b", 5, (i) => ({
        ...instance(i + 6),
        "0020,0037 DS": "1\\0\\0\\0\\0\\-1",
        "0020,0032 DS": `0\\${3 * i}\\0`
      }))
    ],
    told: ["axial", "coronal"]
  },
  {
    what: "two passes, half a distance apart, that only their time tells apart",
    slices: [
      ...stack("a", 6, (i) => ({ ...instance(i + 1), "0008,0032 TM": "101500" })),
      ...stack("b", 6, (i) => ({ ...instance(i + 7), ...at(3 * i + 1.5), "0008,0032 TM": "101700" }))
    ],
    told: ["time 1", "time 2"]
  },
  {
    what: "two passes, half a distance apart, that only their numbers tell apart",
    slices: [
      ...stack("a", 6, (i) => instance(i + 1)),
      ...stack("b", 6, (i) => ({ ...instance(i + 7), ...at(3 * i + 1.5) }))
    ],
    told: ["time 1", "time 2"]
  },
  {
    what: "b values of Siemens whose block was moved",
    slices: [0, 800].flatMap((b, volume) =>
      stack("ab".charAt(volume), 4, (i) => ({
        ...mr,
        ...instance(i + 1),
        "0019,0012 LO": "SIEMENS MR HEADER",
        "0019,120c IS": String(b)
      }))
    ),
    told: ["b value 0", "b value 800"]
  },
  {
    what: "gradients of GE",
    slices: directions.flatMap((direction, volume) =>
      stack("abc".charAt(volume), 4, (i) => ({
        ...mr,
        ...instance(4 * volume + i + 1),
        "0043,0010 LO": "GEMS_PARM_01",
        "0043,1039 IS": "1000001000\\8",
        "0019,0010 LO": "GEMS_ACQU_01",
        ...Object.fromEntries(direction.map((cosine, axis) => [`0019,10b${"bcd".charAt(axis)} DS`, String(cosine)]))
      }))
    ),
    told: ["gradient 1 0 0", "gradient 0 1 0", "gradient 0 0 1"]
  },
  {
    what: "gradients of Philips",
    slices: directions.flatMap((direction, volume) =>
      stack("abc".charAt(volume), 4, (i) => ({
        ...mr,
        ...instance(4 * volume + i + 1),
        "2005,0010 LO": "Philips MR Imaging DD 001",
        ...Object.fromEntries(direction.map((cosine, axis) => [`2005,10b${axis} FL`, float(cosine)]))
      }))
    ),
    told: ["gradient 1 0 0", "gradient 0 1 0", "gradient 0 0 1"]
  },
  {
    what: "parts of complex images, by GE's own element",
    slices: [0, 1].flatMap((part) =>
      stack("ab".charAt(part), 5, (i) => ({
        ...mr,
        ...instance(i + 1),
        "0043,0010 LO": "GEMS_PARM_01",
        "0043,102f SS": part
      }))
    ),
    told: ["component MAGNITUDE", "component PHASE"]
  },
  {
    what: "CT and PET under one Series Instance UID",
    slices: [
      ...stack("a", 5, (i) => instance(i + 1)),
      ...stack("b", 5, (i) => ({ ...instance(i + 6), "0008,0060 CS": "PT" }))
    ],
    told: ["modality CT", "modality PT"]
  },
  {
    what: "Repetition Times",
    slices: [500, 3000].flatMap((time, volume) =>
      stack("ab".charAt(volume), 5, (i) => ({ ...mr, ...instance(i + 1), "0018,0080 DS": String(time) }))
    ),
    told: ["Repetition Time 1", "Repetition Time 2"]
  },
  {
    what: "without and with contrast agent, whose name is free text",
    slices: [null, "SECRET"].flatMap((agent, volume) =>
      stack("ab".charAt(volume), 5, (i) => ({ ...instance(i + 1), "0018,0010 LO": agent }))
    ),
    told: ["contrast agent 1", "contrast agent 2"]
  },
  {
    what: "two phases that only Acquisition DateTime tells apart",
    slices: ["20260101101500", "20260101101530"].flatMap((time, volume) =>
      stack("ab".charAt(volume), 5, (i) => ({ ...instance(i + 1), "0008,002a DT": time }))
    ),
    told: ["time 1", "time 2"]
  },
  {
    what: "two days at the same time of the day",
    slices: ["20260101", "20260102"].flatMap((day, volume) =>
      stack("ab".charAt(volume), 5, (i) => ({ ...instance(i + 1), "0008,0022 DA": day, "0008,0032 TM": "101500" }))
    ),
    told: ["time 1", "time 2"]
  },
  {
    what: "the times of a dynamic PET",
    slices: [30_000, 90_000, 150_000].flatMap((time, volume) =>
      stack("abc".charAt(volume), 4, (i) => ({
        "0008,0060 CS": "PT",
        ...instance(i + 1),
        "0054,1300 DS": String(time)
      }))
    ),
    told: ["time 1", "time 2", "time 3"]
  },
  {
    what: "thin and thick slices, none at the place of another",
    slices: [
      ...stack("a", 9, (i) => ({ ...instance(i + 1), ...at(1.5 * i), "0018,0050 DS": "1.5" })),
      ...stack("b", 9, (i) => ({ ...instance(i + 10), ...at(5 * i + 0.7), "0018,0050 DS": "5" }))
    ],
    told: ["slice thickness 1.5 mm", "slice thickness 5 mm"]
  },
  {
    what: "two fields of view beside each other, numbers equal",
    slices: [-100, 20].flatMap((x, field) =>
      stack("ab".charAt(field), 5, (i) => ({ ...instance(i + 1), "0020,0032 DS": `${x}\\-8\\${3 * i}` }))
    ),
    told: ["field of view 1", "field of view 2"]
  },
  {
    what: "two phases of two fields of view",
    slices: [0, 1, 2, 3].flatMap((volume) =>
      stack("abcd".charAt(volume), 4, (i) => ({
        ...instance(4 * volume + i + 1),
        "0020,0032 DS": `${volume < 2 ? -100 : 20}\\-8\\${3 * i}`
      }))
    ),
    told: ["field of view 1, time 1", "field of view 1, time 2", "field of view 2, time 1", "field of view 2, time 2"]
  },
  {
    what: "one stack mirrored in the other",
    slices: [
      ...stack("a", 5, (i) => instance(i + 1)),
      ...stack("b", 5, (i) => ({
        ...instance(i + 6),
        "0020,0037 DS": "-1\\0\\0\\0\\1\\0",
        "0020,0032 DS": `8\\-8\\${3 * i}`
      }))
    ],
    told: ["axial L\\P", "axial R\\P"]
  },
  {
    what: "two phases, each scanned in steps that have numbers of their own",
    slices: [0, 1].flatMap((phase) =>
      stack("ab".charAt(phase), 8, (i) => ({
        ...instance(8 * phase + i + 1),
        "0020,0012 IS": String(1 + 4 * phase + Math.floor(i / 2))
      }))
    ),
    told: ["Acquisition Number 1", "Acquisition Number 5"]
  }
];

function float(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

describe("several volumes in one series", () => {
  it.each(severalVolumes)("$what: none is guessed, each can be chosen whole", async ({ slices, told }) => {
    const path = folderOf(slices);
    const count = slices.length / told.length;
    const listed = told.map((one, index) => `${index + 1}: ${count} slices, ${one}`).join("; ");
    expect(await errorOf(path)).toBe(
      `${path} holds ${told.length} volumes in one series (${listed}). Choose one with the option volume.`
    );
    for (const [index] of told.entries()) {
      const { slices: taken, volume, volumes, leftOut, notes } = await readSeries(path, { volume: index + 1 });
      expect(notes).toContain(`volume ${index + 1} of ${told.length} (${told[index] ?? ""})`);
      const names = taken.map(({ source }) => basename(source).slice(1));
      expect(names.slice().sort()).toEqual(
        Array.from({ length: count }, (_one, place) => `${"abcd".charAt(index)}${place}`)
      );
      expect([volume, volumes, leftOut.reduce((sum, { count: left }) => sum + left, 0)]).toEqual([
        index + 1,
        told.length,
        slices.length - count
      ]);
    }
    expect(await errorOf(path, { volume: told.length + 1 })).toContain(`There is no volume ${told.length + 1}.`);
  });

  it("that nothing tells apart are refused", async () => {
    const path = folderOf([...stack("a", 5, () => instance(1)), ...stack("b", 5, () => instance(1))]);
    expect(await errorOf(path)).toContain(
      "2 slices at each of 5 places, and nothing in the files shows which of them form one volume"
    );
    const random = folderOf([
      ...stack("a", 5, (i) => instance(shuffled[i] ?? 0)),
      ...stack("b", 5, (i) => instance(shuffled[i + 5] ?? 0))
    ]);
    expect(await errorOf(random)).toContain("nothing in the files shows");
  });

  it("of free text are listed without it", async () => {
    const path = folderOf([
      ...stack("a", 4, (i) => ({ ...instance(i + 1), "0018,1210 SH": "SECRET one" })),
      ...stack("b", 4, (i) => ({ ...instance(i + 5), "0018,1210 SH": "SECRET two" }))
    ]);
    expect(await errorOf(path)).toContain("(1: 4 slices; 2: 4 slices)");
  });
});

describe("one volume", () => {
  it.each([
    [
      "of a scan in steps, each an acquisition of its own",
      stack("a", 8, (i) => ({ ...instance(i + 1), "0020,0012 IS": String(1 + Math.floor(i / 2)) }))
    ],
    [
      "with an Acquisition Number for every slice",
      stack("a", 8, (i) => ({ ...instance(i + 1), "0020,0012 IS": String(i + 1) }))
    ],
    [
      "of interleaved MR, each half an acquisition of its own",
      stack("a", 8, (i) => ({ ...mr, ...instance(i + 1), "0020,0012 IS": String(1 + (i % 2)) }))
    ],
    [
      "of thin slices that overlap, numbered from the other end",
      stack("a", 8, (i) => ({ ...instance(8 - i), ...at(1.5 * i) })).toReversed()
    ],
    [
      "of interleaved slices that are numbered as they were taken",
      stack("a", 8, (i) => ({ ...mr, ...instance(1 + (i % 2) * 4 + Math.floor(i / 2)) }))
    ],
    [
      "with a time for every slice",
      stack("a", 8, (i) => ({ ...instance(i + 1), "0008,0032 TM": `10150${i}`, "0018,1060 DS": String(30 * i) }))
    ],
    ["whose numbers and names mean nothing", stack("a", 8, (i) => instance([4, 5, 1, 6, 8, 2, 7, 9][i] ?? 0))],
    ["of a micro-CT, 0.009 mm apart", stack("a", 8, (i) => ({ ...instance(i + 1), ...at(0.009 * i) }))]
  ])("%s", async (_what, slices) => {
    const names = await namesOf(folderOf(slices));
    expect(names.startsWith("a7") ? names.split(" ").reverse().join(" ") : names).toBe("a0 a1 a2 a3 a4 a5 a6 a7");
  });

  it("is taken where the others are few: a scan that was broken off, a scout, a sample", async () => {
    const path = folderOf([
      ...stack("a", 8, (i) => ({ ...instance(i + 1), "0020,0012 IS": "1" })),
      ...stack("b", 3, (i) => ({ ...instance(i + 9), "0020,0012 IS": "2" }))
    ]);
    const { taken, leftOut, notes } = await readSeries(path);
    expect([taken, leftOut]).toEqual([8, [{ count: 3, why: "of another Acquisition Number" }]]);
    expect(notes).toContain("left out: 3 of another Acquisition Number");
    expect(await namesOf(path, { volume: 2 })).toBe("b0 b1 b2");
  });

  it("has a file once that is there twice", async () => {
    const path = folderOf(stack("a", 4, (i) => ({ ...instance(i + 1), "0008,0018 UI": `1.2.8.${i}` })));
    writeFileSync(join(path, "copy"), slice(1, { ...at(3), ...instance(2), "0008,0018 UI": "1.2.8.1" }));
    expect((await readSeries(path)).leftOut).toEqual([{ count: 1, why: "copy of another file" }]);
  });
});

const tilted = (degrees: number): Attributes => {
  const [cosine, sine] = [
    Math.cos((degrees * Math.PI) / 180).toFixed(6),
    (-Math.sin((degrees * Math.PI) / 180)).toFixed(6)
  ];
  return { "0020,0037 DS": `1\\0\\0\\0\\${cosine}\\${sine}` };
};

describe("a volume whose slices are shifted in their plane", () => {
  it("is taken, and told", async () => {
    const { warnings, of } = await readSeries(
      folderOf(stack("a", 8, (i) => ({ ...instance(i + 1), "0020,0032 DS": `${i < 4 ? 0 : 40}\\-8\\${3 * i}` })))
    );
    expect([of, warnings]).toEqual([
      8,
      ["slices are shifted in their plane by up to 40 mm: they may be of several fields of view"]
    ]);
  });

  it("by a tilted gantry is an ordinary one", async () => {
    const { warnings } = await readSeries(
      folderOf(
        stack("a", 8, (i) => ({ ...instance(i + 1), "0020,0037 DS": "1\\0\\0\\0\\0.866025\\-0.5", ...at(3 * i) }))
      )
    );
    expect(warnings).toEqual([]);
  });
});

describe("colours among gray slices", () => {
  const colour: Attributes = {
    "0028,0002 US": 3,
    "0028,0004 CS": "RGB",
    "0028,0006 US": 0,
    "0028,0011 US": 12,
    "0028,0100 US": 8,
    "0028,0101 US": 8,
    "0028,0102 US": 7
  };
  /** 4 × 4 pixels of three bytes, in the room of 12 × 4 words. */
  const inColour = (gray: number, attributes: Attributes): Buffer => {
    const file = slice(gray * 257, { ...colour, "0028,0011 US": 4, ...attributes });
    const pixels = Buffer.alloc(48, gray);
    const head = Buffer.from(file.subarray(0, file.length - 32));
    head.writeUInt32LE(48, head.length - 4);
    return Buffer.concat([head, pixels]);
  };

  it("are left out, and told", async () => {
    const path = folderOf(stack("a", 6, (i) => instance(i + 1)));
    writeFileSync(join(path, "report"), inColour(90, { ...instance(9), ...at(20), "0008,0018 UI": "1.2.9.9" }));
    expect((await readSeries(path)).leftOut).toEqual([{ count: 1, why: "of another Photometric Interpretation" }]);
  });

  it("alone are shown as they are", async () => {
    const path = folderOf([]);
    for (const place of [0, 1, 2])
      writeFileSync(
        join(path, String(place)),
        inColour(60 + place, { ...instance(place + 1), ...at(3 * place), "0008,0018 UI": `1.2.9.${place}` })
      );
    const { slices, recipe } = await readSeries(path);
    expect([recipe, slices.map(({ rgb }) => [...new Set(rgb)])]).toEqual([null, [[60], [61], [62]]]);
  });
});

describe("files without Instance Numbers of their own", () => {
  it("go by time where it is there, else by their names", async () => {
    const erased: Attributes = { "0020,0032 DS": null };
    const timed = folderOf(
      [4, 1, 3, 0, 2].map((time) => [`a${time}`, { ...mr, ...instance(1), ...erased, "0008,0032 TM": `10150${time}` }])
    );
    expect([await namesOf(timed), (await readSeries(timed)).order]).toEqual(["a0 a1 a2 a3 a4", "time"]);
    const named = folderOf(stack("a", 5, () => ({ ...instance(1), ...erased })));
    expect((await readSeries(named)).warnings).toEqual(["no positions in the files: ordered by file name"]);
  });
});

describe("slices that make no volume go by Instance Number, and that is said", () => {
  it.each([
    [
      "blocks through the discs of a spine",
      [-20, -10, 0, 12, 25].flatMap((degrees, block) =>
        Array.from(
          { length: 3 },
          (_one, i) =>
            [
              `a${3 * block + i}`,
              { ...mr, ...instance(3 * block + i + 1), ...tilted(degrees), ...at(-30 * block - 4 * i) }
            ] as const
        )
      ),
      "slices of several orientations"
    ],
    [
      "a radial set",
      Array.from(
        { length: 12 },
        (_one, i) =>
          [
            `a${i}`,
            {
              ...mr,
              ...instance(i + 1),
              "0020,0037 DS": `${Math.cos((i * Math.PI) / 12).toFixed(5)}\\${Math.sin((i * Math.PI) / 12).toFixed(5)}\\0\\0\\0\\-1`,
              "0020,0032 DS": "0\\0\\0"
            }
          ] as const
      ),
      "slices of several orientations"
    ],
    [
      "a film in single files",
      Array.from(
        { length: 8 },
        (_one, i) =>
          [
            `a${i}`,
            {
              ...mr,
              ...instance(i + 1),
              ...at(10),
              "0018,1060 DS": String(40 * i),
              "0020,0100 IS": String(i + 1),
              "0008,0032 TM": `1015${10 + i}`
            }
          ] as const
      ),
      "all slices at one position"
    ],
    [
      "positions that were erased",
      Array.from({ length: 6 }, (_one, i) => [`a${i}`, { ...instance(i + 1), "0020,0032 DS": "0\\0\\0" }] as const),
      "all slices at one position"
    ],
    [
      "the echoes of one place",
      Array.from(
        { length: 6 },
        (_one, i) =>
          [
            `a${i}`,
            {
              ...mr,
              ...instance(i + 1),
              ...at(10),
              "0018,0086 IS": String(i + 1),
              "0018,0081 DS": String(10 * (i + 1))
            }
          ] as const
      ),
      "all slices at one position"
    ]
  ])("%s", async (_what, slices, why) => {
    const path = folderOf(slices);
    const { notes, warnings, order, gaps, of } = await readSeries(path);
    expect(await namesOf(path)).toBe(slices.map(([name]) => name).join(" "));
    expect([order, gaps, of]).toEqual(["instance number", [], slices.length]);
    expect(warnings).toContain(`${why}: ordered by instance number`);
    expect(notes).toEqual(expect.arrayContaining([...warnings]));
  });
});

/** 4 × 4 tiles of 2 × 2 pixels; tile k holds k + 1 on each pixel, and the last ones nothing. */
function mosaic(tiles: number, attributes: Attributes = {}): Buffer {
  const file = slice(0, {
    ...mr,
    "0008,0008 CS": "ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC",
    "0028,0010 US": 8,
    "0028,0011 US": 8,
    "0020,0032 DS": "0\\0\\0",
    "0019,0010 LO": "SIEMENS MR HEADER",
    "0019,100a US": tiles,
    ...attributes
  });
  const pixels = file.length - 2 * 64;
  for (let y = 0; y < 8; y += 1) {
    for (let x = 0; x < 8; x += 1) {
      const tile = 4 * Math.floor(y / 2) + Math.floor(x / 2);
      file.writeUInt16LE(tile < tiles ? tile + 1 : 0, pixels + 2 * (8 * y + x));
    }
  }
  return file;
}

describe("a Siemens mosaic", () => {
  const folder = join(root, "mosaic");
  mkdirSync(folder);
  for (const number of [1, 2, 3])
    writeFileSync(
      join(folder, `${4 - number}`),
      mosaic(14, { ...instance(number), "0008,0018 UI": `1.2.7.${number}` })
    );

  it("is cut into its slices, each file a volume", async () => {
    expect(await errorOf(folder)).toContain(
      "3 volumes in one series (1: 14 slices, mosaic of Instance Number 1; 2: 14 slices"
    );
    const { slices, of } = await readSeries(folder, { volume: 2 });
    expect([of, slices.map(({ width, height, source }) => `${width} ${height} ${basename(source)}`)]).toEqual([
      14,
      Array.from({ length: 14 }, (_one, tile) => `2 2 2 (tile ${tile + 1})`)
    ]);
    // From the least to the greatest value of the volume, 1 to 14: the empty tiles do not count.
    expect(slices.map(({ rgb }) => rgb[0])).toEqual(
      Array.from({ length: 14 }, (_one, tile) => Math.round((tile / 13) * 255))
    );
    expect(slices.every(({ rgb }) => new Set(rgb).size === 1)).toBe(true);
  });

  it("alone is a volume, also with a window", async () => {
    const { slices } = await readSeries(join(folder, "1"), { window: { center: 7.5, width: 14 } });
    expect(slices.map(({ rgb }) => rgb[0])).toEqual(
      Array.from({ length: 14 }, (_one, tile) => Math.min(255, Math.floor(((tile + 1 - 7) / 13 + 0.5) * 255 + 0.5)))
    );
  });

  it("that does not say of how many slices, or whose picture is no grid, is refused by name", async () => {
    const [unknown, uneven] = [join(root, "unknown-mosaic"), join(root, "uneven-mosaic")];
    writeFileSync(unknown, mosaic(14, { "0019,100a US": null }));
    writeFileSync(uneven, mosaic(25));
    expect(await errorOf(unknown)).toMatch(/Siemens mosaic.*does not say of how many.*dcm2niix/);
    expect(await errorOf(uneven)).toMatch(/Siemens mosaic of 25 slices, but 8 × 8 pixels are not 5 × 5 tiles/);
  });
});

describe("a Series Instance UID for every slice", () => {
  const path = folderOf(stack("a", 5, (i) => ({ ...instance(i + 1), "0020,000e UI": `1.2.3.${i + 1}` })));

  it("is a list of series, which --join puts together", async () => {
    expect(await errorOf(path)).toMatch(
      /holds 5 series \(1: CT, 1 slice; .*Choose one with the option index, or take the slices for one series with join\./
    );
    expect(await namesOf(path, { join: true })).toBe("a0 a1 a2 a3 a4");
  });

  it("does not put studies or modalities together", async () => {
    const mixed = folderOf([
      ...stack("a", 3, (i) => ({ ...instance(i + 1), "0020,000e UI": `1.2.3.${i + 1}` })),
      ...stack("b", 3, (i) => ({ ...instance(i + 1), "0020,000e UI": `1.2.4.${i + 1}`, "0020,000d UI": "1.2.4" })),
      ...stack("c", 3, (i) => ({ ...mr, ...instance(i + 1), "0020,000e UI": `1.2.5.${i + 1}` }))
    ]);
    expect(await errorOf(mixed, { join: true })).toContain(
      "holds 3 series (1: CT, 3 slices; 2: CT, 3 slices; 3: MR, 3 slices)"
    );
  });
});

describe("values that are taken for Hounsfield units", () => {
  it("are told as such", async () => {
    const { warnings, recipe } = await readSeries(
      folderOf(stack("a", 3, (i) => ({ ...instance(i + 1), "0028,1052 DS": null, "0028,1053 DS": null })))
    );
    expect([recipe, warnings]).toEqual([
      "v1.5",
      ["the file has no rescale: its values are taken for Hounsfield units"]
    ]);
    expect((await readSeries(folderOf(stack("a", 3, (i) => instance(i + 1))))).warnings).toEqual([]);
  });
});
