import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../src/index.js";
import { png } from "./broken-files.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
writeFileSync(join(folder, "my film.png"), png(224));

const chat = (lines: readonly string[]) =>
  runCli(["chat", "-m", "demo"], { cwd: folder, input: `${lines.join("\n")}\n` });

describe("chat with a pipe instead of a terminal", () => {
  it("answers a message a line, on stdout, without escape codes", async () => {
    const { code, stdout, stderr } = await chat(["Describe the image. 'my film.png'", "Is there a circle?"]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^[^\n\u001b]+\n[^\n\u001b]+\n$/); // eslint-disable-line no-control-regex
    expect(code).toBe(0);
  });

  it("gives the same answer for /image, a dropped path and lines that are joined", async () => {
    const dropped = await chat(["my\\ film.png", "Describe the image."]);
    const commanded = await chat(["/image my film.png", "Describe \\", "the image."]);
    const quoted = await chat(["/image 'my film.png'", "Describe the image."]);
    expect(quoted.stdout).toBe(dropped.stdout);
    expect(commanded.stdout).not.toBe("");
  });

  it("saves and loads a conversation with its images, for the owner only", async () => {
    const question = "Is there a circle?";
    const first = await chat(["'my film.png' Describe the image.", "/save talk.json", question]);
    const second = await chat(["/load talk.json", question]);
    expect(first.stderr + second.stderr).toBe("");
    expect(second.stdout).toBe(first.stdout.split("\n").slice(1).join("\n"));
    expect(readFileSync(join(folder, "talk.json"), "utf8")).toContain("Describe the image.");
    if (process.platform !== "win32") expect(statSync(join(folder, "talk.json")).mode & 0o077).toBe(0);
  });

  it("answers again with /retry, and takes a question back with /undo, its image included", async () => {
    const { stdout, stderr } = await chat([
      "/undo",
      "/retry",
      "Describe the image. 'my film.png'",
      "/retry",
      "/undo",
      "Describe the image."
    ]);
    expect(stderr.trimEnd().split("\n")).toEqual([
      "INVALID_ARGUMENT: There is nothing to undo.",
      "INVALID_ARGUMENT: There is no question to answer again. Ask one first."
    ]);
    const [first, ...others] = stdout
      .trimEnd()
      .split("\n")
      .filter((line) => line !== "");
    expect(others).toEqual([first, first]);
  });

  it("sees pictures of every kind, and answers about no path", async () => {
    const dicom = fileURLToPath(new URL("../fixtures/dicom/ct.dcm", import.meta.url));
    const volume = fileURLToPath(new URL("../fixtures/nifti/ct-las.nii.gz", import.meta.url));
    writeFileSync(join(folder, "IM000001"), readFileSync(dicom));
    writeFileSync(join(folder, "report.pdf"), "%PDF-1.7\n");
    const seen = await chat([`${dicom} Describe the image.`, "/reset", "./IM000001 Describe the image."]);
    const [first, second] = seen.stdout.trimEnd().split("\n");
    expect([seen.code, seen.stderr]).toEqual([0, ""]);
    expect(second).toBe(first);
    const refused = await chat([
      `${volume} Describe`,
      `${folder} Describe`,
      "report.pdf Describe",
      "missing.dcm Describe",
      "'/nope/CT 1' Describe",
      "https://example.org/film.png Describe",
      `/image ${volume}`
    ]);
    expect(refused.stdout).toBe("");
    expect(refused.code).toBe(1);
    expect(refused.stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^IMAGE_UNREADABLE: .* is a NIfTI volume, so nothing was asked. \/series .*--modality CT/),
      expect.stringMatching(/^IMAGE_UNREADABLE: .* is a folder, so nothing was asked. \/series /),
      expect.stringMatching(/^IMAGE_UNREADABLE: report.pdf is a PDF document/),
      expect.stringMatching(/^IMAGE_NOT_FOUND: There is no image file missing.dcm/),
      expect.stringMatching(/^IMAGE_NOT_FOUND: There is no image file \/nope\/CT 1/),
      expect.stringMatching(/^IMAGE_NOT_FOUND: https:\/\/example.org\/film.png is on another computer/),
      expect.stringMatching(/^IMAGE_UNREADABLE: .* is a NIfTI volume/)
    ]);
  });

  it("begins with the images of -i", async () => {
    const { stdout, code } = await runCli(["chat", "-m", "demo", "-i", "my film.png"], {
      cwd: folder,
      input: "Describe the image.\n"
    });
    expect([code, stdout]).toEqual([0, (await chat(["'my film.png' Describe the image."])).stdout]);
  });

  it("does not take a picture on stdin for messages", async () => {
    const { code, stdout, stderr } = await runCli(["chat", "-m", "demo"], { input: png(64) });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^medgemma-local: stdin is not text in UTF-8/);
  });

  it.skipIf(process.platform === "win32")("waits for no pipe that it is to load", async () => {
    execFileSync("mkfifo", [join(folder, "talk.pipe")]);
    const { stderr } = await chat(["/load talk.pipe", "/exit"]);
    expect(stderr).toMatch(/^FILE_UNUSABLE: .*not a regular file/);
  });

  it("tells what failed, goes on, and exits 1", async () => {
    const { code, stdout, stderr } = await chat([
      "Describe missing.png",
      "/imgae x",
      "/save my film.png",
      "Describe the image. 'my film.png'"
    ]);
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^IMAGE_NOT_FOUND: .*missing\.png/),
      expect.stringMatching(/^INVALID_ARGUMENT: .*Did you mean \/image/),
      expect.stringMatching(/^FILE_UNUSABLE: .*exists already/)
    ]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(code).toBe(1);
  });

  it("asks about a series, and gives it back with /undo", async () => {
    const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
    const question = "Describe the image.";
    const file = "series.json";
    const { code, stdout, stderr } = await chat([
      `/series ${fixtures}series/two --series-index 1 --slices 2`,
      question,
      "/retry",
      "/undo",
      question,
      `/save ${file}`
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    const answers = stdout
      .trimEnd()
      .split("\n")
      .filter((line) => line !== "");
    expect(answers).toHaveLength(3);
    expect(new Set(answers).size).toBe(1);
    interface Saved {
      readonly turns: readonly { readonly request: Answer["request"]; readonly content: readonly object[] }[];
    }
    const [turn] = (JSON.parse(readFileSync(join(folder, file), "utf8")) as Saved).turns;
    expect(turn?.request).toMatchObject({
      prompt: [expect.any(String), { image: 0 }, "SLICE 1", { image: 1 }, `SLICE 2\n\n\n${question}`],
      series: { modality: "CT", taken: 2, of: 3, recipe: "v1.5", asked: { index: 1 } }
    });
    const asked = await runCli([
      "ask",
      question,
      "--series",
      `${fixtures}series/two`,
      "--series-index",
      "1",
      "--slices",
      "2",
      "-m",
      "demo"
    ]);
    expect(asked.stdout.trim()).toBe(answers[0]);
  });

  it("refuses a series that cannot be, and goes on", async () => {
    const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
    const volume = `${fixtures}nifti/ct-las.nii.gz`;
    const { code, stdout, stderr } = await chat([
      `/series ${fixtures}series/two`,
      `/series ${volume} --modality PT`,
      `/series ${volume} --colour red`,
      `/series ${volume} --modality CT`,
      "/image my film.png",
      "/detach",
      "/image my film.png",
      `/series ${volume} --modality CT`,
      "Describe the image."
    ]);
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/holds 2 series .*Choose one with the option index \(--series-index\)/),
      expect.stringMatching(/--modality must be CT or MR, but is PT/),
      expect.stringMatching(/\/series has no option --colour.*\/series takes --slices, --series-index/),
      expect.stringMatching(/^INVALID_ARGUMENT: .*a series is attached/),
      expect.stringMatching(/^INVALID_ARGUMENT: .*images are attached/)
    ]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(code).toBe(1);
  });

  it("says how many slices fit into the context", async () => {
    const { stderr } = await runCli(["chat", "-m", "demo", "--context", "1024", "--redact"], {
      input: `/series ${fileURLToPath(new URL("../fixtures/series/reversed", import.meta.url))}\n`
    });
    expect(stderr).toBe(
      "CONTEXT_FULL: 12 slices and an answer need a context of 3072 tokens, but this one holds 1024: take 8 with --slices 8, or start with --context 3072.\n"
    );
  });

  it("shows earlier studies with /prior as ask --prior does, and /undo gives them back", async () => {
    const question = "What changed?";
    const lines = [
      "/prior 2023-05-01=my film.png",
      "/prior 'my film.png'",
      "/image my film.png",
      question,
      "/undo",
      question,
      "/save prior.json"
    ];
    const { code, stdout, stderr } = await chat(lines);
    expect([code, stderr]).toEqual([0, ""]);
    const { turns } = JSON.parse(readFileSync(join(folder, "prior.json"), "utf8")) as {
      readonly turns: readonly { readonly request: Answer["request"] }[];
    };
    const asked = await runCli(
      [
        "ask",
        question,
        "--prior",
        "2023-05-01=my film.png",
        "--prior",
        "my film.png",
        "-i",
        "my film.png",
        "-m",
        "demo",
        "--json"
      ],
      { cwd: folder }
    );
    const { request, text } = JSON.parse(asked.stdout) as Answer;
    expect(request.prompt).toEqual([
      "Prior image, 2023-05-01:",
      { image: 0 },
      "Prior image:",
      { image: 1 },
      "Current image:",
      { image: 2 },
      question
    ]);
    expect(turns.map((turn) => turn.request)).toEqual([request]);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .filter((line) => line !== "")
    ).toEqual([text.trim(), text.trim()]);
  });

  it("refuses a prior image that cannot be, and names no file with --redact", async () => {
    const { stdout, stderr } = await runCli(["chat", "-m", "demo", "--redact"], {
      cwd: folder,
      input: "/prior 2023-5-1=JANE.png\n/prior 2023-05-01=\n/prior 2023=JANE.png\n/prior JANE.png DOE.png\n"
    });
    expect(stdout).toBe("");
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toEqual([
      expect.stringMatching(/The date of \/prior must be like 2023-05-01, 2023-05 or 2023, but is 2023-5-1\./),
      expect.stringMatching(/\/prior 2023-05-01= names no file/),
      expect.stringMatching(/^IMAGE_NOT_FOUND: .*image 1/),
      expect.stringMatching(/^INVALID_ARGUMENT: \/prior takes one path, but got 2/)
    ]);
    expect(stderr).not.toMatch(/JANE|DOE/);
  });

  it("ends with /exit and at the end of the input", async () => {
    expect((await chat(["/exit", "Describe the image."])).stdout).toBe("");
    expect((await runCli(["chat", "-m", "demo"], { input: "" })).code).toBe(0);
  });
});
