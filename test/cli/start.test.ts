import { expect, it } from "vitest";
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
