import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { composePrompt, loadMedGemma, readSlide, type AnswerRequest, type SlideSummary } from "../../src/index.js";
import { film } from "../demo-model.js";
import { runCli, temporaryFolder } from "./run-cli.js";

/** Of the demo model's projector. */
const side = 224;
const [width, height] = [6 * side, 4 * side];

/** Patches with tissue as [column, row], in reading order; all else is white. */
const tissue = [
  [1, 0],
  [4, 0],
  [2, 1],
  [3, 1],
  [0, 2],
  [3, 2],
  [5, 3]
] as const;

const folder = temporaryFolder();
const slide = join(folder, "JANE-DOE.tif");
const output = join(folder, "sheet.png");
const pixels = Buffer.alloc(width * height * 3, 245);

/** 1 µm a pixel, which is 10x. */
beforeAll(async () => {
  let seed = 1;
  for (const [column, row] of tissue) {
    for (let y = row * side; y < (row + 1) * side; y += 1) {
      for (let at = (y * width + column * side) * 3; at < (y * width + (column + 1) * side) * 3; at += 1) {
        seed = (seed * 1103515245 + 12345) % 2 ** 31;
        pixels[at] = 60 + ((seed >> 16) % 80);
      }
    }
  }
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .tiff({
      tile: true,
      tileWidth: 256,
      tileHeight: 256,
      pyramid: true,
      compression: "deflate",
      xres: 1000,
      yres: 1000
    })
    .toFile(slide);
});

async function cutOut([column, row]: readonly [number, number]): Promise<Buffer> {
  return await sharp(pixels, { raw: { width, height, channels: 3 } })
    .extract({ left: column * side, top: row * side, width: side, height: side })
    .raw()
    .toBuffer();
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

interface AskJson {
  readonly text: string;
  readonly images: readonly { readonly source: string; readonly sha256: string }[];
  readonly request: AnswerRequest & { readonly slide: SlideSummary };
}

async function askJson(...args: string[]): Promise<AskJson> {
  const { stdout, stderr, code } = await runCli([
    "ask",
    "Describe.",
    "--slide",
    slide,
    "-m",
    "demo",
    "--json",
    "--max-tokens",
    "4",
    ...args
  ]);
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as AskJson;
}

describe("--slide", () => {
  it("is asked about: its patches with tissue in order and without labels, then the question", async () => {
    const { images, request } = await askJson("--patches", "3");
    expect(request.prompt).toEqual([{ image: 0 }, { image: 1 }, { image: 2 }, "Describe."]);
    expect(request.slide).toMatchObject({
      taken: 3,
      of: 7,
      grid: 24,
      numbers: [3, 5, 7],
      side,
      level: 0,
      magnification: 10,
      scannedAt: 10
    });
    expect(request.slide).not.toHaveProperty("patches");
    expect(request.slide.positions.map(({ x, y }) => [x / side, y / side])).toEqual([
      [2, 1],
      [0, 2],
      [5, 3]
    ]);
    expect(images.map((image) => image.sha256)).toEqual(
      await Promise.all(
        (
          [
            [2, 1],
            [0, 2],
            [5, 3]
          ] as const
        ).map(async (place) => sha256(await cutOut(place)))
      )
    );
    expect(request.series).toBeNull();
  });

  it("shows the whole slide first on request, and takes the words of a preset", async () => {
    const { images, request } = await askJson("--level", "1", "--overview", "--preset", "pathology");
    expect(request.slide).toMatchObject({
      taken: 1,
      level: 1,
      magnification: 5,
      positions: [{ x: 2 * side, y: 0, width: 2 * side, height: 2 * side }]
    });
    expect(images.map(({ source }) => source)).toEqual([`${slide} (overview)`, `${slide} (patch 1)`]);
    expect(request.prompt).toEqual([
      expect.stringContaining("pathologist"),
      { image: 0 },
      { image: 1 },
      expect.stringMatching(/^Describe\.\nDescribe architecture/)
    ]);
  });

  it("is taken again by what its record says", async () => {
    const first = await askJson("--magnification", "4", "--patches", "2");
    expect(first.request.slide).toMatchObject({ level: 1, shrunkBy: 1.25, magnification: 4 });
    const again = await askJson(
      "--magnification",
      String(first.request.slide.magnification),
      "--patches",
      String(first.request.slide.taken)
    );
    expect(again.request).toEqual(first.request);
    expect(again.images.map((image) => image.sha256)).toEqual(first.images.map((image) => image.sha256));
  });

  it("stays in a saved chat, and when it is answered again", async () => {
    const file = join(folder, "chat.json");
    const taken = await readSlide(slide, { side, patches: 2 });
    await using medgemma = await loadMedGemma("demo", { gpu: "off" });
    await using chat = await medgemma.createChat();
    const { request } = await chat.ask(composePrompt({ question: "Describe.", images: taken.patches }), {
      slide: taken,
      maxTokens: 3
    });
    expect(request.slide).toMatchObject({ taken: 2, of: 7, numbers: [4, 7] });
    await chat.save(file);
    await using loaded = await medgemma.loadChat(file);
    expect((await loaded.regenerate({ maxTokens: 3 })).request.slide).toEqual(request.slide);
    await expect(chat.ask("?", { slide: 5 as never })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("is shown by /slide in a chat as ask --slide shows it, and /undo gives it back", async () => {
    const file = join(folder, "slide-chat.json");
    const lines = [
      `/slide ${slide} --overview --patches 2`,
      "Describe.",
      "/retry",
      "/undo",
      "Describe.",
      `/save ${file}`
    ];
    const { stdout, stderr, code } = await runCli(["chat", "-m", "demo", "--max-tokens", "4"], {
      input: `${lines.join("\n")}\n`
    });
    expect([code, stderr]).toEqual([0, ""]);
    const answers = stdout
      .trimEnd()
      .split("\n")
      .filter((line) => line !== "");
    expect(answers).toHaveLength(3);
    const asked = await askJson("--overview", "--patches", "2");
    expect(new Set(answers)).toEqual(new Set([asked.text.trim()]));
    interface Saved {
      readonly turns: readonly {
        readonly request: AnswerRequest;
        readonly content: readonly (string | { readonly sha256?: string })[];
      }[];
    }
    const { turns } = JSON.parse(readFileSync(file, "utf8")) as Saved;
    expect(turns).toHaveLength(1);
    expect(turns[0]?.request).toEqual(asked.request);
    expect(turns[0]?.content.flatMap((part) => (typeof part === "string" ? [] : (part.sha256 ?? [])))).toEqual(
      asked.images.map(({ sha256 }) => sha256)
    );
  });

  it("is refused by /slide when it does not fit into the context, with how many patches would", async () => {
    const full = join(folder, "full.tif");
    // Tissue in the left half of all 24 patches.
    const halves = pixels.map((_value, at) =>
      Math.floor(at / 3) % side < side / 2 ? 60 + (Math.imul(at, 2654435761) >>> 25) : 245
    );
    await sharp(halves, { raw: { width, height, channels: 3 } })
      .tiff({ tile: true, compression: "deflate", xres: 1000, yres: 1000 })
      .toFile(full);
    const { stderr } = await runCli(["chat", "-m", "demo", "--context", "1024", "--redact"], {
      input: `/slide ${full}\n/slide ${full} --overview\n`
    });
    expect(stderr.trimEnd().split("\n")).toEqual([
      "CONTEXT_FULL: 24 patches and an answer need a context of 4096 tokens, but this one holds 1024: take 8 with --patches 8, or start with --context 4096.",
      "CONTEXT_FULL: 24 patches and the whole slide and an answer need a context of 4096 tokens, but this one holds 1024: take 7 with --patches 7, or start with --context 4096."
    ]);
  });

  it("is refused by /slide with wrong options, more than one path, or beside images", async () => {
    const lines = [
      `/slide ${slide} --magnifcation 5`,
      `/slide ${slide} --patches 126`,
      `/slide ${slide} --level 0 --magnification 5`,
      `/slide ${slide} ${film}`,
      "/slide missing.svs",
      `/image ${film}`,
      `/slide ${slide}`,
      "/detach",
      `/slide ${slide} --patches 1`,
      `/image ${film}`,
      `/prior ${film}`
    ];
    const { stdout, stderr, code } = await runCli(["chat", "-m", "demo"], { input: `${lines.join("\n")}\n` });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(
        /\/slide has no option --magnifcation. Did you mean --magnification\? \/slide takes --magnification, --level/
      ),
      expect.stringMatching(/--patches must be .* 125, but is 126/),
      expect.stringMatching(/--magnification and --level exclude each other/),
      expect.stringMatching(/^INVALID_ARGUMENT: \/slide takes one path, but got 2/),
      expect.stringMatching(/^IMAGE_NOT_FOUND: .*missing.svs/),
      expect.stringMatching(/^INVALID_ARGUMENT: .*images are attached/),
      expect.stringMatching(/^INVALID_ARGUMENT: .*a slide is attached/),
      expect.stringMatching(/^INVALID_ARGUMENT: .*a slide is attached/)
    ]);
  });

  it("is refused as an image in a chat, with /slide as what takes it", async () => {
    const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
    const [aperio, tiles] = [`${fixtures}slides/aperio-jpeg.svs`, `${fixtures}slide-formats/dicom-full/level-1.dcm`];
    const lines = [
      `${aperio} Describe.`,
      `/image ${aperio}`,
      `/prior 2023=${aperio}`,
      `${tiles} Describe.`,
      `/image ${tiles}`,
      `/series ${tiles}`,
      `${fixtures}slide-formats/dicom-full Describe.`
    ];
    const { stdout, stderr } = await runCli(["chat", "-m", "demo"], { input: `${lines.join("\n")}\n` });
    expect(stdout).toBe("");
    const refusals = stderr.trimEnd().split("\n");
    expect(refusals).toEqual(lines.map(() => expect.stringMatching(/^IMAGE_UNREADABLE: .*[ (]\/slide\b/) as unknown));
    expect(refusals.slice(0, 3)).toEqual(
      Array.from(
        { length: 3 },
        () =>
          `IMAGE_UNREADABLE: ${aperio} is an Aperio slide (SVS), so nothing was asked. /slide ${aperio} attaches its patches.`
      )
    );
    expect(stderr).not.toContain("--slide");
  });

  it("is previewed as one sheet of exactly what the model sees", async () => {
    const { stdout, code } = await runCli([
      "preview",
      "--slide",
      slide,
      "--overview",
      "--patches",
      "3",
      "-m",
      "demo",
      "-o",
      output,
      "--json"
    ]);
    expect(code).toBe(0);
    interface Seen {
      readonly source: string;
      readonly sha256: string;
      readonly tile: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
    }
    const told = JSON.parse(stdout) as { overview: Seen; patches: Seen[] };
    expect(told).toMatchObject({
      side,
      slide: { taken: 3 },
      overview: { source: `${slide} (overview)`, tile: { x: 4, y: 16 } }
    });
    // Two columns and two rows of 224 pixels, gaps of 4, captions of 16.
    expect(await sharp(output).metadata()).toMatchObject({ format: "png", width: 4 + 2 * 228, height: 2 * 244 });
    expect(told.patches).toHaveLength(3);
    for (const [index, place] of (
      [
        [2, 1],
        [0, 2],
        [5, 3]
      ] as const
    ).entries()) {
      const {
        x,
        y,
        width: tileWidth,
        height: tileHeight
      } = told.patches[index]?.tile ?? { x: 0, y: 0, width: 1, height: 1 };
      const shown = await sharp(output)
        .extract({ left: x, top: y, width: tileWidth, height: tileHeight })
        .raw()
        .toBuffer();
      expect(shown.equals(await cutOut(place))).toBe(true);
      expect(told.patches[index]?.sha256).toBe(sha256(shown));
    }
  });

  it("has patches of the size that preview is told", async () => {
    const { stdout } = await runCli(["preview", "--slide", slide, "--size", "112", "-o", output, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ side: 112, slide: { side: 112, of: 28, grid: 96 } });
    expect(JSON.parse(stdout)).not.toHaveProperty("overview");
  });

  it("names no file with --redact", async () => {
    const { images } = await askJson("--patches", "1", "--redact");
    expect(images[0]?.source).toBe("the slide (patch 7)");
    const sheet = await runCli([
      "preview",
      "--slide",
      slide,
      "--overview",
      "--size",
      "224",
      "-o",
      output,
      "--json",
      "--redact"
    ]);
    expect(sheet.code).toBe(0);
    expect(sheet.stdout).not.toMatch(/JANE|sheet\.png/);
    const refused = await runCli([
      "preview",
      "--slide",
      slide,
      "--level",
      "9",
      "--size",
      "224",
      "-o",
      output,
      "--redact"
    ]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/^INVALID_ARGUMENT: the slide has no level 9\. .*\n$/) as string
    ]);
    const missing = await runCli(["ask", "?", "--slide", `${slide}f`, "-m", "demo", "--redact"]);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/^IMAGE_NOT_FOUND: /) as string]);
    expect(missing.stderr).not.toContain("JANE");
  });

  it.each([
    ["beside an image", ["ask", "?", "--slide", slide, "-i", film], "images and --slide cannot be combined"],
    [
      "beside an earlier image",
      ["ask", "?", "--slide", slide, "--prior", film],
      "images and --slide cannot be combined"
    ],
    ["beside a series", ["ask", "?", "--slide", slide, "--series", folder], "--series and --slide cannot be combined"],
    [
      "beside both",
      ["preview", film, "--slide", slide, "--series", folder, "-o", "x.png"],
      "images and --series and --slide cannot be combined"
    ],
    ["with boxes to draw", ["ask", "?", "--slide", slide, "--boxes", "x.png"], "--boxes draws on single pictures"],
    [
      "with a frame",
      ["preview", "--slide", slide, "-o", "x.png", "--size", "224", "--frame", "2"],
      "--frame is for single pictures"
    ],
    [
      "with crops",
      ["preview", "--slide", slide, "-o", "x.png", "--size", "224", "--fit", "crops"],
      "--fit crops is for single pictures"
    ],
    ["from stdin", ["ask", "?", "-m", "demo", "--slide", "-"], "stdin"],
    [
      "at a magnification and a level",
      ["ask", "?", "-m", "demo", "--slide", slide, "--magnification", "5", "--level", "1"],
      "--magnification and --level"
    ],
    [
      "at no magnification",
      ["ask", "?", "--slide", slide, "--magnification", "0"],
      "--magnification must be a number from 0.01 to 1000, but is 0"
    ],
    [
      "not at all, but --patches",
      ["ask", "?", "-m", "demo", "-i", film, "--patches", "3"],
      "--patches belongs to a slide"
    ],
    [
      "not at all, but --overview",
      ["preview", film, "-o", "x.png", "--size", "224", "--overview"],
      "--overview belongs to a slide"
    ]
  ])("%s is refused", async (_what, args, message) => {
    const run = await runCli(args, { cwd: folder });
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining(message) as string]);
    expect(run.stderr.trim().split("\n")).toHaveLength(1);
    expect(existsSync(join(folder, "x.png"))).toBe(false);
  });

  it("is never overwritten by its preview", async () => {
    const run = await runCli(["preview", "--slide", slide, "-o", slide, "--size", "224"]);
    expect(run.code).not.toBe(0);
    expect((await sharp(slide).metadata()).format).toBe("tiff");
  });
});
