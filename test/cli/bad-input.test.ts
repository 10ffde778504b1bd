import { describe, expect, it } from "vitest";
import { brokenFiles, demoText } from "./broken-files.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const files = brokenFiles(temporaryFolder());
const describeIt = ["ask", "Describe the image.", "-i"];

describe("bad input exits 1 within 5 seconds, with one line `CODE: …` and no stack", () => {
  it.each([
    ["a missing image", [...describeIt, files.missing, "-m", "demo"], "IMAGE_NOT_FOUND"],
    ["an empty image", [...describeIt, files.empty, "-m", "demo"], "IMAGE_UNREADABLE"],
    ["a truncated image", [...describeIt, files.truncated, "-m", "demo"], "IMAGE_UNREADABLE"],
    ["text called .png", [...describeIt, files.textCalledPng, "-m", "demo"], "IMAGE_UNREADABLE"],
    ["a header of 60,000 × 60,000 pixels", [...describeIt, files.hugeHeader, "-m", "demo"], "IMAGE_TOO_LARGE"],
    ["a directory", [...describeIt, files.directory, "-m", "demo"], "IMAGE_UNREADABLE"],
    ["an unreadable file", [...describeIt, files.unreadable, "-m", "demo"], "IMAGE_UNREADABLE"],
    ["a truncated model", [...describeIt, files.good, "-m", files.truncatedModel], "MODEL_CORRUPT"],
    ["a text model as projector", [...describeIt, files.good, "-m", "demo", "--mmproj", demoText], "MODEL_MISMATCH"],
    [
      "a projector of another width",
      [...describeIt, files.good, "-m", "demo", "--mmproj", files.otherWidth],
      "MODEL_MISMATCH"
    ],
    ["an image for a text-only model", [...describeIt, files.good, "-m", files.textOnlyModel], "MODEL_MISMATCH"],
    ["a prompt longer than the context", ["ask", "word ".repeat(6000), "-m", "demo"], "CONTEXT_FULL"],
    ["an unknown model", ["ask", "x", "-m", "medgemma-9b"], "MODEL_NOT_FOUND"],
    ["a schema that is no JSON", ["ask", "x", "-m", "demo", "--schema", files.textCalledPng], "SCHEMA_INVALID"],
    [
      "a missing image for encode",
      ["encode", files.missing, "-o", `${files.good}.npy`, "-m", "demo"],
      "IMAGE_NOT_FOUND"
    ],
    [
      "an output folder that is not there",
      ["preview", files.good, "-o", `${files.missing}/x.png`, "-m", "demo"],
      "FILE_UNUSABLE"
    ],
    ["a missing file for inspect", ["inspect", files.missing], "MODEL_NOT_FOUND"],
    ["a picture for inspect", ["inspect", files.good], "MODEL_CORRUPT"]
  ])("%s", async (_what, args, code) => {
    const result = await runCli(args);
    expect(result.stderr).toMatch(new RegExp(`^${code}: .+\n$`));
    expect(result.stdout).toBe("");
    expect(result.code).toBe(1);
  });

  it("shows the stack with --debug", async () => {
    const { code, stderr } = await runCli(["ask", "x", "-m", "nowhere.gguf", "--debug"]);
    expect(code).toBe(1);
    expect(stderr).toContain("    at ");
  });

  it("does not write over the picture that it reads", async () => {
    const { code, stderr } = await runCli(["preview", files.good, "-o", files.good, "-m", "demo"]);
    expect(code).toBe(2);
    expect(stderr).toContain("Choose another name");
  });
});
