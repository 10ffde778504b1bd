import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  composePrompt,
  listPresets,
  loadMedGemma,
  loadPreset,
  presetOptions,
  type Answer,
  type PromptPart
} from "../../src/index.js";
import { after, before, film } from "../demo-model.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const shipped = fileURLToPath(new URL("../../models/prompts/", import.meta.url));
const names = readdirSync(shipped)
  .map((name) => name.replace(/\.md$/, ""))
  .sort();
const folder = temporaryFolder();

function presetFile(name: string, content: string): string {
  const path = join(folder, `${name}.md`);
  writeFileSync(path, content);
  return path;
}

async function askJson(args: readonly string[]): Promise<Answer> {
  const { stdout, stderr, code } = await runCli(["ask", "-m", "demo", "--json", ...args]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Answer;
}

/** Images as "▣ name", for short lines. */
const shown = (parts: readonly PromptPart[]) =>
  parts.map((part) => (typeof part === "string" ? part : `▣ ${part.image as string}`));

describe("the presets that come with the package", () => {
  it("say what they are, for which models, within which limits, and where the method is from", async () => {
    const presets = await listPresets();
    expect(presets.map(({ name }) => name)).toEqual(names);
    for (const preset of presets) {
      const { title, description, models, images, source, question, maxTokens } = preset;
      for (const text of [title, description, models, images, source]) expect(text).not.toBe("");
      expect(models).toMatch(/4b-(?:it|pt)|27b/);
      expect(maxTokens).toBeGreaterThanOrEqual(100);
      expect(question === null).toBe(preset.name === "multiple-choice");
    }
  });

  it("have schemas that an answer can be held to, and room for an answer that fills them", async () => {
    await using medgemma = await loadMedGemma("demo", { gpu: "off" });
    await using chat = await medgemma.createChat();
    for (const preset of (await listPresets()).filter(({ schema }) => schema !== null)) {
      const prompt = composePrompt({ preset, images: [film], question: "Where is the cross?" });
      const { value, request } = await chat.ask(prompt, presetOptions(preset, { temperature: 1, seed: 1 }));
      expect(value).toBeDefined();
      expect(request).toMatchObject({
        preset: preset.name,
        schema: preset.schema,
        sampling: { maxTokens: preset.maxTokens }
      });
      await chat.reset();
    }
  });

  it("ask for boxes as MedGemma gives them: whole thousandths, no others", async () => {
    await using medgemma = await loadMedGemma("demo", { gpu: "off" });
    await using chat = await medgemma.createChat();
    const schema = (await loadPreset("localise")).schema ?? {};
    const { text } = await chat.ask("Where is the circle?", { images: [film], schema });
    expect(text).toMatch(/^\[\{"box_2d": ?\[\d+,\d+,\d+,\d+\], ?"label": ?"circle"\}\]$/);
  });

  it("are listed and printed", async () => {
    const { stdout } = await runCli(["presets"]);
    for (const name of names) expect(stdout).toContain(name);
    expect((await runCli(["presets", "report"])).stdout).toBe(readFileSync(join(shipped, "report.md"), "utf8"));
    expect(JSON.parse((await runCli(["presets", "localise", "--json"])).stdout)).toMatchObject({
      name: "localise",
      schema: { type: "array" }
    });
  });

  it("are suggested when a name is nearly right", async () => {
    const { code, stdout, stderr } = await runCli(["ask", "--preset", "localize", "-i", film, "-m", "demo"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^medgemma-local: There is no preset "localize"\. Did you mean localise\?[^\n]*\n$/);
  });
});

describe("a prompt", () => {
  it("has a CT's instruction first, then the numbered slices, the question last", async () => {
    const preset = await loadPreset("ct");
    const parts = shown(composePrompt({ preset, images: ["a", "b"], question: "Is there free fluid?" }));
    expect(parts.slice(1, 5)).toEqual([
      "▣ a",
      "SLICE 1",
      "▣ b",
      expect.stringMatching(/^SLICE 2\n[^]*\nIs there free fluid\?\n/)
    ]);
    expect(parts[0]).toMatch(/^You are a radiologist/);
    expect(parts).toHaveLength(5);
  });

  it("tells prior from current, and a date only where one is given", () => {
    expect(
      shown(
        composePrompt({
          question: "What changed?",
          images: ["now"],
          priors: ["old", { image: "older", date: "2023-05" }]
        })
      )
    ).toEqual([
      "Prior image:",
      "▣ old",
      "Prior image, 2023-05:",
      "▣ older",
      "Current image:",
      "▣ now",
      "What changed?"
    ]);
    expect(
      shown(composePrompt({ question: "What changed?", images: ["now", { image: "dated", date: "2024" }] }))
    ).toEqual(["▣ now", "Image, 2024:", "▣ dated", "What changed?"]);
  });

  it("takes places that a user writes as text, and needs a question", async () => {
    expect(shown(composePrompt({ question: "{images} {n}?", images: ["a"] }))).toEqual(["▣ a", "{images} {n}?"]);
    expect(() => composePrompt({ question: " ", images: ["a"] })).toThrow("Say what you want to know");
    const preset = await loadPreset("multiple-choice");
    expect(() => composePrompt({ preset })).toThrow("The preset multiple-choice needs a question");
  });
});

describe("ask --prior", () => {
  it("puts earlier images first, in order, each with its name", async () => {
    const { request, images } = await askJson([
      "What changed?",
      "-i",
      after,
      "--prior",
      `2023-05-01=${before}`,
      "--prior",
      film
    ]);
    expect(images.map(({ source }) => source)).toEqual([before, film, after]);
    expect(request.prompt).toEqual([
      "Prior image, 2023-05-01:",
      { image: 0 },
      "Prior image:",
      { image: 1 },
      "Current image:",
      { image: 2 },
      "What changed?"
    ]);
  });

  it("goes with the preset for it", async () => {
    const { request } = await askJson(["--preset", "compare", "-i", after, "--prior", before, "--max-tokens", "5"]);
    expect(request.prompt.slice(0, 4)).toEqual(["Prior image:", { image: 0 }, "Current image:", { image: 1 }]);
    expect(request.prompt[4]).toMatch(/^Compare the current study with the prior one\.\nSay for each/);
    expect(request.system).toBe("You are an expert radiologist.");
  });
});

describe("a preset of one's own", () => {
  const digit = presetFile(
    "digit",
    "# One digit\nCounts.\n\n- max tokens: 9\n\n## System\nAnswer with a digit.\n\n## Prompt\n{images}\n{question}\n\n## Question\nHow many shapes are there?\n"
  );

  it("is used as it stands, from a path", async () => {
    const { text, request } = await askJson(["--preset", digit, "-i", film]);
    expect(text).toBe("3");
    expect(request).toMatchObject({ preset: "digit", system: "Answer with a digit.", sampling: { maxTokens: 9 } });
  });

  it("gives way to the user's own words and options", async () => {
    const schema = join(folder, "schema.json");
    writeFileSync(schema, JSON.stringify({ type: "boolean" }));
    const { request, value } = await askJson([
      "Is there a cross?",
      "--preset",
      digit,
      "-i",
      film,
      "-s",
      "Be brief.",
      "--max-tokens",
      "70",
      "--think",
      "--schema",
      schema
    ]);
    expect(request).toMatchObject({
      system: "Be brief.",
      prompt: [{ image: 0 }, "Is there a cross?"],
      think: true,
      sampling: { maxTokens: 70 }
    });
    expect(typeof value).toBe("boolean");
  });

  it("asks the next message of a chat, and again with /retry and /undo", async () => {
    mkdirSync(join(folder, "chat"));
    const file = join(folder, "chat", "talk.json");
    const lines = [
      `/preset ${digit}`,
      `${film} How many shapes are there?`,
      "/retry",
      "/undo",
      "How many shapes are there?",
      "Is there a cross?",
      `/save ${file}`
    ];
    const { stdout, stderr } = await runCli(["chat", "-m", "demo"], { input: lines.join("\n") });
    expect(stderr).toBe("");
    expect(stdout.split("\n").slice(0, 3)).toEqual(["3", "3", "3"]);
    const { turns } = JSON.parse(readFileSync(file, "utf8")) as { turns: { request: { preset: string | null } }[] };
    expect(turns.map(({ request }) => request.preset)).toEqual(["digit", null]);
    const started = await runCli(["chat", "-m", "demo", "--preset", digit], {
      input: `${film} How many shapes are there?\n`
    });
    expect(started.stdout).toBe("3\n");
  });

  it.each([
    ["has no prompt", "# X\n", "no section"],
    ["has no place for the question", "## Prompt\nHello\n", "{question}"],
    ["has an unknown section", "## Prompt\n{question}\n## Promt\n", '"## Promt" is none of System'],
    ["has an unknown fact", "- modles: 4b\n\n## Prompt\n{question}\n", '"- modles:" is none of models'],
    [
      "has no number where one belongs",
      "- max tokens: many\n\n## Prompt\n{question}\n",
      "max tokens must be a whole number"
    ],
    ["thinks perhaps", "- think: maybe\n\n## Prompt\n{question}\n", "think must be yes or no"],
    [
      "has no JSON as its schema",
      "## Prompt\n{question}\n## Schema\n```json\n{,}\n```\n",
      '"## Schema" must be a JSON object'
    ]
  ])("is refused when it %s", async (name, content, words) => {
    const path = presetFile(name.replaceAll(" ", "-"), content);
    await expect(loadPreset(path)).rejects.toMatchObject({
      code: "FILE_UNUSABLE",
      message: expect.stringContaining(words) as string
    });
  });

  it("is missed with its path", async () => {
    await expect(loadPreset("./nowhere.md")).rejects.toMatchObject({
      code: "FILE_UNUSABLE",
      message: expect.stringContaining("./nowhere.md") as string
    });
  });
});
