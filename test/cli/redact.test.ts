import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { png } from "./broken-files.js";
import { runCli, temporaryFolder, type CliOptions } from "./run-cli.js";

const folder = join(temporaryFolder(), "DOE^JANE");
mkdirSync(folder);
const film = join(folder, "Doe Jane 1970.png");
const missing = join(folder, "Doe Jane.png");
const broken = join(folder, "Doe Jane.jpg");
const circle = join(folder, "Doe Jane circle.png");
symlinkSync(circle, circle);
writeFileSync(film, png(64));
writeFileSync(broken, "no picture");

async function run(args: readonly string[], options: CliOptions = {}) {
  const result = await runCli([...args, "--redact", "--debug"], options);
  expect(result.stdout + result.stderr).not.toMatch(/doe|jane/i);
  return result;
}

describe("--redact keeps names of images out of", () => {
  it("the JSON and the record of an answer", async () => {
    const { stdout, code } = await run([
      "ask",
      "What changed?",
      "-m",
      "demo",
      "--prior",
      film,
      "-i",
      pathToFileURL(film).href,
      "--json"
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      images: [{ source: "image 1" }, { source: "image 2" }],
      model: { id: "demo" }
    });
  });

  it.each([
    ["a missing image", "IMAGE_NOT_FOUND", ["ask", "x", "-m", "demo", "-i", film, "-i", missing], "image 2"],
    [
      "a missing image by URL",
      "IMAGE_NOT_FOUND",
      ["ask", "x", "-m", "demo", "-i", pathToFileURL(missing).href],
      "image 1"
    ],
    [
      "an image that leads in a circle",
      "IMAGE_UNREADABLE",
      ["ask", "x", "-m", "demo", "-i", pathToFileURL(circle).href],
      "image 1"
    ],
    ["a broken image", "IMAGE_UNREADABLE", ["encode", broken, "-o", "x.npy", "-m", "demo"], "image 1"],
    ["a folder", "IMAGE_UNREADABLE", ["preview", folder, "-o", "x.png", "--size", "32"], "image 1"],
    [
      "an output that cannot be written",
      "FILE_UNUSABLE",
      ["preview", film, "-o", join(folder, "none", "x.png"), "--size", "32"],
      "the output file"
    ],
    [
      "a drawing that cannot be written",
      "FILE_UNUSABLE",
      ["ask", "Where?", "-i", film, "--boxes", join(folder, "none", "Doe.png"), "-m", "demo"],
      "the file of --boxes"
    ],
    [
      "a stray argument",
      "medgemma-local",
      ["ask", "x", film, "-m", "demo"],
      "The question names a file, which the model would not see"
    ],
    [
      "an output that is the image",
      "medgemma-local",
      ["preview", film, "-o", film, "--size", "32"],
      "the input image itself"
    ]
  ])("the error about %s", async (_what, code, args, words) => {
    const { stderr } = await run(args);
    expect(stderr).toMatch(new RegExp(`^${code}: `));
    expect(stderr).toContain(words);
  });

  it("the JSON of encode and preview", async () => {
    const encoded = await run(["encode", film, "-o", join(folder, "x.npy"), "-m", "demo", "--json"]);
    expect(JSON.parse(encoded.stdout)).toMatchObject({ output: "the output file", images: [{ source: "image 1" }] });
    const previewed = await run(["preview", film, "-o", join(folder, "x.png"), "--size", "32", "--json"]);
    expect(JSON.parse(previewed.stdout)).toMatchObject({ output: "the output file", source: "image 1" });
  });

  it("a saved chat and what a chat says", async () => {
    const input = [
      `"${film}" Describe the image.`,
      `"${missing}" And now?`,
      `/image "${broken}"`,
      "/save talk.json",
      `/save "${join(folder, "none", "talk.json")}"`,
      `/load "${join(folder, "none.json")}"`
    ].join("\n");
    const { stderr } = await run(["chat", "-m", "demo"], { cwd: folder, input });
    expect(stderr).toContain("image 2");
    const saved = readFileSync(join(folder, "talk.json"), "utf8");
    expect(saved).not.toMatch(/doe|jane/i);
    expect(saved).toContain('"source":"image 1"');
  });

  it("nothing where it is not given", async () => {
    const { stdout } = await runCli(["preview", film, "-o", join(folder, "y.png"), "--size", "32", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ source: film });
  });
});
