import { join } from "node:path";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { film } from "../demo-model.js";
import { dicom, folder } from "../dicom/fixtures.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const ct = `${folder}ct.dcm`;
const output = join(temporaryFolder(), "out");
const notes = [
  "window lung -600/1500",
  "overlay ignored",
  "pixels 1.14 times as wide as high",
  "pixels made square (bilinear)"
];

describe("DICOM on the command line", () => {
  it("is asked about, and the answer tells the window", async () => {
    const { stdout, stderr, code } = await runCli([
      "ask",
      "Describe the image.",
      "-i",
      ct,
      "--window",
      "lung",
      "-m",
      "demo",
      "--json"
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ images: [{ source: ct, width: 48, height: 40, notes }] });
    expect(stdout).not.toContain("SECRET");
  });

  it("is encoded, and told the same", async () => {
    const { stdout, code } = await runCli([
      "encode",
      ct,
      `${folder}mono1-12-explicit.dcm`,
      "-o",
      output,
      "--window=-600/1500",
      "-m",
      "demo",
      "--json"
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      images: [
        {
          notes: [
            "window -600/1500",
            "overlay ignored",
            "pixels 1.14 times as wide as high",
            "pixels made square (bilinear)"
          ]
        },
        { notes: ["window -600/1500", "MONOCHROME1 inverted"] }
      ]
    });
  });

  it("is previewed, a frame of several too, and from stdin", async () => {
    const frame = await runCli([
      "preview",
      `${folder}frames.dcm`,
      "-o",
      output,
      "--size",
      "40",
      "--frame",
      "2",
      "--json"
    ]);
    expect(JSON.parse(frame.stdout)).toMatchObject({
      notes: ["from the least to the greatest value (0 to 255)", "frame 2 of 3"]
    });
    const piped = await runCli(["preview", "-", "-o", output, "--size", "40", "--window", "lung", "--json"], {
      input: dicom("ct")
    });
    expect(JSON.parse(piped.stdout)).toMatchObject({ notes });
    expect(readFileSync(output).subarray(1, 4).toString()).toBe("PNG");
  });

  it("is attached in a chat, under the chat's window", async () => {
    const { stdout, stderr, code } = await runCli(["chat", "-m", "demo", "--window", "lung"], {
      input: `/image ${ct}\nDescribe the image.\n/image ${film}\n`
    });
    expect(stdout).not.toBe("");
    expect(stderr).toMatch(/^INVALID_ARGUMENT: .*levels of 8 bits.*\n$/);
    expect(code).toBe(1);
  });

  it.each([
    ["a window for a PNG", ["preview", film, "--window", "lung"], 1, "INVALID_ARGUMENT"],
    ["a window that is not there", ["preview", ct, "--window", "3"], 1, "INVALID_ARGUMENT"],
    ["a frame that is not there", ["preview", ct, "--frame", "2"], 1, "INVALID_ARGUMENT"],
    ["a window that is none", ["preview", ct, "--window", "heavy"], 2, "medgemma-local: --window must be"],
    ["a window without width", ["preview", ct, "--window", "40/0"], 2, "medgemma-local: --window must be"],
    ["frame 0", ["preview", ct, "--frame", "0"], 2, "medgemma-local: --frame must be"]
  ])("refuses %s", async (_what, args, exitCode, message) => {
    const { stderr, stdout, code } = await runCli([...args, "-o", output, "--size", "40"]);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(message);
    expect([stdout, code]).toEqual(["", exitCode]);
  });
});

describe("a DICOM file that is shown in part, or contradicts itself", () => {
  it("is warned of on stderr in scripts too, and in JSON", async () => {
    const narrow = fileURLToPath(new URL("../fixtures/dicom-odd/narrow-cr.dcm", import.meta.url));
    const { stdout, stderr, code } = await runCli(["preview", narrow, "-o", output, "--size", "40", "--json"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^Warning: .*narrow-cr\.dcm: the window of the file hides \d+ % of the pixels.*; window full shows all\.\n$/
    );
    expect(JSON.parse(stdout)).toMatchObject({ warnings: [expect.stringContaining("hides") as string] });
  });
});
