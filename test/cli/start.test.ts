import { expect, it } from "vitest";
import { commandNames } from "../../src/cli/commands.js";
import { runCli } from "./run-cli.js";

const logger = new URL("./log-modules.mjs", import.meta.url).href;

/** Modules of dist/ that a command line loads, by their paths in it. */
async function loadedBy(...args: string[]): Promise<string[]> {
  const { stderr } = await runCli(args, { env: { NODE_OPTIONS: `--import ${logger}` } });
  return Array.from(stderr.matchAll(/^loaded .*\/dist\/(\S+)$/gm), ([, path = ""]) => path);
}

const commandsIn = (paths: readonly string[]) => paths.filter((path) => path.startsWith("cli/commands/"));

it.each([["--version"], ["--help"]])("%s loads no command", async (option) => {
  const loaded = await loadedBy(option);
  expect(loaded).toContain("cli/main.js");
  expect(commandsIn(loaded)).toEqual([]);
});

it("a command loads no other command, wherever options stand", async () => {
  expect(commandsIn(await loadedBy("models", "--help"))).toEqual(["cli/commands/models.js"]);
  expect(commandsIn(await loadedBy("--debug", "presets"))).toEqual(["cli/commands/presets.js"]);
  expect(commandsIn(await loadedBy("help", "rm"))).toEqual(["cli/commands/remove.js"]);
});

/** What the help and the check of a command line need besides cli/ and shared/: tables of options, kinds of files, errors. */
const tables = [
  "chat/answer-options.js",
  "dicom/is-dicom.js",
  "dicom/window-choice.js",
  "errors.js",
  "formats/formats.js",
  "formats/identify-file.js",
  "image/image-options.js",
  "image/types.js",
  "language/host/sampler-options.js",
  "loading/load-options.js",
  "native/backend.js",
  "presets/load-preset.js",
  "presets/preset.js",
  "series/recipes.js",
  "series/series-options.js",
  "series/types.js",
  "server/served-model.js",
  "server/server-options.js",
  "slide/slide-options.js"
];

it.each(commandNames)("%s --help loads tables alone, nothing that the command does", async (command) => {
  const loaded = await loadedBy(command, "--help");
  expect(commandsIn(loaded)).toEqual([`cli/commands/${command}.js`]);
  const others = loaded.filter((path) => !/^(?:cli\/(?!run\/)|shared\/)/.test(path) && !tables.includes(path));
  expect(others).toEqual([]);
});

it("ask loads the reader of a series or slide only for one", async () => {
  const readers = (paths: readonly string[]) =>
    paths.filter((path) => /^(?:series\/read-series|slide\/read-slide)\.js$/.test(path));
  expect(readers(await loadedBy("ask", "Describe.", "-i", "missing.png"))).toEqual([]);
  expect(readers(await loadedBy("ask", "Describe.", "--slide", "missing.svs", "-m", "demo"))).toEqual([
    "slide/read-slide.js"
  ]);
  expect(readers(await loadedBy("ask", "Describe.", "--series", "missing", "-m", "demo"))).toEqual([
    "series/read-series.js"
  ]);
});
