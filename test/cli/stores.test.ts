import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { film } from "../demo-model.js";
import { noOtherStores } from "../no-other-stores.js";
import { layouts, layOutHub, layOutLmStudio, layOutOllama, snapshotOf } from "../store-layouts.js";
import { main, runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();

/** An empty home. Nothing can be downloaded in it. */
function start() {
  const home = mkdtempSync(join(folder, "home-"));
  const env = { ...noOtherStores(home), MEDGEMMA_HOME: join(home, "weights"), HF_ENDPOINT: "http://127.0.0.1:1" };
  return { home, env, run: (args: readonly string[]) => runCli(args, { env }) };
}

describe.runIf(process.platform === "linux")("a model that another program has", () => {
  it("is listed, and used where it lies; nothing is written there", async () => {
    const { home, run } = start();
    for (const { layOut } of Object.values(layouts)) layOut(home);
    const before = snapshotOf(home);
    const listed = JSON.parse((await run(["models", "--json"])).stdout) as { installed: object[]; stored: object[] };
    expect(listed.installed).toEqual([]);
    for (const [store, { id }] of Object.entries(layouts))
      expect(listed.stored).toContainEqual(expect.objectContaining({ id, store, takesImages: true }));
    const demo = await run(["ask", "Describe the image.", "-i", film, "-m", "demo"]);
    for (const id of ["ollama:medgemma1.5", "hf:unsloth/medgemma-1.5-4b-it-GGUF:Q4_K_M"]) {
      expect(await run(["ask", "Describe the image.", "-i", film, "-m", id])).toMatchObject({
        stdout: demo.stdout,
        stderr: "",
        code: 0
      });
    }
    const after = snapshotOf(home);
    expect(Object.fromEntries(Object.keys(before).map((path) => [path, after[path]]))).toEqual(before);
    expect(Object.keys(after).filter((path) => path.endsWith(".gguf") && before[path] === undefined)).toEqual([]);
  });

  it("is listed for people with its store and size, and told in one line where nobody can be asked", async () => {
    const { home, run } = start();
    layOutOllama(home);
    layOutLmStudio(home);
    const { stdout } = await run(["models"]);
    expect(stdout).toMatch(/\n {2}ollama:medgemma1\.5:4b +25\.3 MB {2}Ollama\n/);
    expect(stdout).toMatch(/\n {2}ollama:hf\.co\/unsloth\/medgemma-4b-it-GGUF:Q4_K_M +13\.4 MB {2}Ollama, text only\n/);
    expect(stdout).toMatch(/\n {2}lmstudio:lmstudio-community\/.*Q4_K_M\.gguf +25\.3 MB {2}LM Studio\n/);
    expect(await run(["chat"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^MODEL_NOT_FOUND: No MedGemma is installed .*ollama:medgemma1\.5:4b: use it with --model .*2 more.*Or run: medgemma-local pull .*--model demo\.\n$/
      ) as string
    });
  });

  it("is imported by its name, by copy or by link, and checked by the hash that it is called by", async () => {
    const { home, run } = start();
    for (const { layOut } of Object.values(layouts)) layOut(home);
    const before = snapshotOf(home);
    for (const args of [
      ["ollama:medgemma1.5"],
      ["hf:unsloth/medgemma-1.5-4b-it-GGUF:Q4_K_M", "--link"],
      [layouts["LM Studio"].id]
    ]) {
      const [model] = JSON.parse((await run(["import", ...args, "--json"])).stdout) as {
        id: string;
        text: string;
        mmproj: string | null;
      }[];
      expect(model?.mmproj).not.toBeNull();
      expect(model?.text).toMatch(/\.gguf$/);
      expect((await run(["ask", "Describe the image.", "-i", film, "-m", model?.id ?? ""])).stdout).toContain("circle");
    }
    expect((await run(["verify"])).stdout).toMatch(/^(?:ok .*\n){6}$/);
    const after = snapshotOf(home);
    expect(Object.fromEntries(Object.keys(before).map((path) => [path, after[path]]))).toEqual(before);
  });

  it("is checked by the hash that it is called by", async () => {
    const { home, run } = start();
    layOutOllama(home);
    layOutLmStudio(home);
    expect(await run(["verify", "ollama:medgemma1.5"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ok .*sha256-[0-9a-f]{64}\nok .*sha256-[0-9a-f]{64}\n$/) as string
    });
    expect(await run(["verify", layouts["LM Studio"].id])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^no hash .*\nno hash .*\n$/) as string
    });
    const blobs = join(home, ".ollama", "models", "blobs");
    for (const name of readdirSync(blobs)) {
      const content = readFileSync(join(blobs, name));
      content[content.length - 100] = (content.at(-100) ?? 0) ^ 1;
      rmSync(join(blobs, name)); // a hard link to the demo's own file
      writeFileSync(join(blobs, name), content);
    }
    expect(await run(["verify", "ollama:medgemma1.5"])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^DAMAGED .*its sha256 is .*Get it again with Ollama\.\nDAMAGED /) as string
    });
  });

  const canScript = spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

  it.runIf(canScript)("is what chat offers first", async () => {
    const { home, env } = start();
    layOutHub(home);
    layOutLmStudio(home);
    const program = [process.execPath, main, "chat"].map((part) => `'${part}'`).join(" ");
    const child = spawn("script", ["-qec", `stty cols 150; ${program}`, "/dev/null"], {
      env: { ...process.env, ...env, TERM: "xterm", NO_COLOR: "1" }
    });
    let screen = "";
    const prompts = [/q {6}leave[^]*› /, /Ctrl-D quits[^]*› /];
    child.stdout.on("data", (chunk: Buffer) => {
      screen += chunk.toString();
      if (prompts[0]?.test(screen) !== true) return;
      prompts.shift();
      child.stdin.write(prompts.length === 1 ? "\r" : "/exit\r");
    });
    await new Promise((resolve) => child.on("close", resolve));
    expect(screen).toMatch(/1 {2}hf:unsloth.* 25\.3 MB {2}Hugging Face cache\s+2 {2}lmstudio:.*LM Studio/);
    expect(screen).toMatch(/Enter {2}use hf:unsloth.*\s+p {6}download 1\.5-4b-it:Q4_K_M/);
    expect(screen).toMatch(/model hf:unsloth\/medgemma-1\.5-4b-it-GGUF\/medgemma-1\.5-4b-it-Q4_K_M\.gguf/);
  });

  it.runIf(process.getuid?.() !== 0)("is passed over where it cannot be read", async () => {
    const { home, run } = start();
    layOutOllama(home);
    layOutLmStudio(home);
    chmodSync(join(home, ".ollama", "models", "manifests"), 0o000);
    mkdirSync(join(home, ".lmstudio", "models", "closed"), { mode: 0o000 });
    const { stdout } = await run(["models", "--json"]);
    expect((JSON.parse(stdout) as { stored: { id: string }[] }).stored.map(({ id }) => id)).toEqual([
      layouts["LM Studio"].id
    ]);
    chmodSync(join(home, ".ollama", "models", "manifests"), 0o700);
  });
});
