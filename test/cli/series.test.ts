import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readSeries } from "../../src/index.js";
import { film } from "../demo-model.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = fileURLToPath(new URL("../fixtures/series/", import.meta.url));
const output = join(temporaryFolder(), "sheet.png");

describe("--series", () => {
  it("is asked about, and the answer tells what was taken", async () => {
    const { stdout, stderr, code } = await runCli([
      "ask",
      "Describe.",
      "--series",
      `${folder}tilted`,
      "--slices",
      "3",
      "-m",
      "demo",
      "--json",
      "--max-tokens",
      "4"
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    const answer = JSON.parse(stdout) as { images: unknown[]; request: { prompt: unknown[]; series: object } };
    expect(answer.request).toMatchObject({
      series: {
        modality: "CT",
        taken: 3,
        of: 7,
        recipe: "v1.5",
        windows: [
          [-1024, 1024],
          [-135, 215],
          [0, 80]
        ],
        gaps: [{ after: 4 }]
      }
    });
    expect(answer.images).toHaveLength(3);
    expect(answer.request.prompt.slice(1)).toEqual([
      { image: 0 },
      "SLICE 1",
      { image: 1 },
      "SLICE 2",
      { image: 2 },
      expect.stringMatching(/^SLICE 3\s+Describe\.$/)
    ]);
    expect(stdout).not.toContain("SECRET");
  });

  it("is previewed as one sheet of exactly what the model sees", async () => {
    const { stdout, code } = await runCli([
      "preview",
      "--series",
      `${folder}reversed`,
      "-o",
      output,
      "--size",
      "16",
      "--json"
    ]);
    expect(code).toBe(0);
    const { slices } = JSON.parse(stdout) as {
      slices: { tile: { x: number; y: number; width: number; height: number } }[];
    };
    const series = await readSeries(`${folder}reversed`);
    expect(slices).toHaveLength(12);
    for (const [index, { tile }] of slices.entries()) {
      const pixels = await sharp(output)
        .extract({ left: tile.x, top: tile.y, width: tile.width, height: tile.height })
        .raw()
        .toBuffer();
      expect(pixels.equals(series.slices[index]?.rgb ?? Buffer.alloc(0))).toBe(true);
    }
  });

  it("names no file with --redact", async () => {
    const { stdout, code } = await runCli([
      "preview",
      "--series",
      `${folder}two`,
      "--series-index",
      "2",
      "-o",
      output,
      "--size",
      "16",
      "--json",
      "--redact"
    ]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/mr-|fixtures|sheet\.png/);
    const refused = await runCli(["preview", "--series", `${folder}two`, "-o", output, "--size", "16", "--redact"]);
    expect(refused.stderr).toMatch(/^INVALID_ARGUMENT: series 1 holds 2 series .*\n$/);
  });

  it("is encoded, a row for each slice", async () => {
    const tokens = join(temporaryFolder(), "tokens.npy");
    const { stdout, code } = await runCli([
      "encode",
      "--series",
      `${folder}reversed`,
      "--slices",
      "2",
      "-m",
      "demo",
      "-o",
      tokens,
      "--json"
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      shape: [2, 16, 192],
      series: { taken: 2, of: 12, recipe: "v1.5" },
      images: [
        {
          preprocessing: {
            ranges: [
              [-1024, 1024],
              [-135, 215],
              [0, 80]
            ]
          }
        },
        {}
      ]
    });
    const refused = await runCli(["encode", film, "--series", `${folder}reversed`, "-o", tokens]);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining("images and --series cannot be combined") as string
    ]);
  });

  it("may be a NIfTI file, whose modality is said", async () => {
    const volume = fileURLToPath(new URL("../fixtures/nifti/ct-las.nii.gz", import.meta.url));
    const { stdout, code } = await runCli([
      "preview",
      "--series",
      volume,
      "--modality",
      "CT",
      "--recipe",
      "v1",
      "-o",
      output,
      "--size",
      "16",
      "--json",
      "--redact"
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      series: { modality: "CT", taken: 5, recipe: "v1" },
      slices: [{ source: "series 1 (slice 1)" }, {}, {}, {}, {}]
    });
    const refused = await runCli(["preview", "--series", volume, "-o", output, "--size", "16", "--redact"]);
    expect(refused.stderr).toMatch(/^INVALID_ARGUMENT: series 1 is a NIfTI volume.*\(--modality, --window\)\.\n$/);
  });

  it.each([
    [
      "beside an image",
      ["ask", "?", "--series", `${folder}two`, "-i", film],
      2,
      "images and --series cannot be combined"
    ],
    [
      "with a frame",
      ["preview", "--series", `${folder}two`, "-o", output, "--size", "16", "--frame", "2"],
      2,
      "--frame"
    ],
    ["from stdin", ["ask", "?", "-m", "demo", "--series", "-"], 2, "stdin"],
    [
      "not at all, but --slices",
      ["preview", film, "-o", output, "--size", "16", "--slices", "3"],
      2,
      "--slices belongs to a series"
    ],
    [
      "with an unknown recipe",
      ["ask", "?", "--series", `${folder}two`, "--recipe", "v2"],
      2,
      "--recipe must be v1 or v1.5"
    ],
    [
      "with an unknown modality",
      ["ask", "?", "--series", `${folder}two`, "--modality", "PT"],
      2,
      "--modality must be CT or MR"
    ],
    ["with crops", ["ask", "?", "-m", "demo", "--series", `${folder}two`, "--fit", "crops"], 2, "--fit crops"],
    ["without images to encode", ["encode", "-o", "x.npy", "-m", "demo"], 2, "encode needs image files, or a --series"],
    ["neither image nor series", ["preview", "-o", output, "--size", "16"], 2, "preview needs an image"],
    [
      "of two without a choice",
      ["ask", "?", "-m", "demo", "--series", `${folder}two`],
      1,
      "Choose one with the option index (--series-index)"
    ]
  ])("%s is refused", async (_what, args, code, message) => {
    const run = await runCli(args);
    expect(run.code).toBe(code);
    expect(run.stderr).toContain(message);
    expect(run.stderr.trim().split("\n")).toHaveLength(1);
  });
});
