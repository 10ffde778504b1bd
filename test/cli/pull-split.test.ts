import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { demoProjector, demoText, film } from "../demo-model.js";
import { HubServer } from "../models/hub/hub-server.js";
import { demoTextContent, splitInTwo, write } from "../published-files.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const partName = (part: number) => `medgemma-27b-it-BF16-0000${part}-of-00002.gguf`;
const parts = splitInTwo(demoTextContent).map((content, index) =>
  readFileSync(write(join(folder, "parts", partName(index + 1)), content))
);
const projector = readFileSync(demoProjector);
const [one = projector, two = projector] = parts;

/** As unsloth's repository of the 27B: a split model in a folder, the projectors above it. */
async function start(files: Record<string, Buffer> = {}) {
  const server = await HubServer.start();
  server.repositories["unsloth/medgemma-27b-it-GGUF"] = {
    files: {
      [`BF16/${partName(1)}`]: one,
      [`BF16/${partName(2)}`]: two,
      "mmproj-BF16.gguf": projector,
      "mmproj-F16.gguf": projector,
      "medgemma-27b-it-Q4_K_M.gguf": readFileSync(demoText),
      ...files
    }
  };
  const home = mkdtempSync(join(folder, "home-"));
  return {
    server,
    models: join(home, "unsloth--medgemma-27b-it-GGUF"),
    run: (...args: string[]) => runCli(args, { env: { MEDGEMMA_HOME: home, HF_ENDPOINT: server.endpoint } }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]()
  };
}

describe("pull of a split model", () => {
  it.each(["hf:unsloth/medgemma-27b-it-GGUF:BF16", `hf:unsloth/medgemma-27b-it-GGUF/BF16/${partName(1)}`])(
    "brings all parts and the projector above them: %s",
    async (name) => {
      await using hub = await start();
      const { code, stdout, stderr } = await hub.run("pull", name, "--accept-terms", "--json");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const { id } = JSON.parse(stdout) as { id: string };
      expect(
        readdirSync(hub.models)
          .filter((file) => file.endsWith(".gguf"))
          .sort()
      ).toEqual([partName(1), partName(2), "mmproj-F16.gguf"]);
      expect((await hub.run("verify")).stdout).toMatch(/^(?:ok .*\n){3}$/);
      expect((await hub.run("ask", "Describe the image.", "-i", film, "-m", id)).stdout).toContain("circle");
      const { installed } = JSON.parse((await hub.run("models", "--json")).stdout) as {
        installed: { byteLength: number }[];
      };
      expect(installed.map(({ byteLength }) => byteLength)).toEqual([one.length + two.length + projector.length]);
      expect((await hub.run("pull", name)).code).toBe(0); // again: nothing to do
      expect((await hub.run("remove", id)).stdout.split("\n")).toHaveLength(4);
    }
  );

  it("names the first part, and what a repository lacks", async () => {
    await using hub = await start();
    expect(
      (await hub.run("pull", `hf:unsloth/medgemma-27b-it-GGUF/BF16/${partName(2)}`, "--accept-terms")).stderr
    ).toMatch(/^INVALID_ARGUMENT: .*part 2 of 2.*-00001-of-00002/);
    delete hub.server.repositories["unsloth/medgemma-27b-it-GGUF"]?.files[`BF16/${partName(2)}`];
    expect((await hub.run("pull", "hf:unsloth/medgemma-27b-it-GGUF:BF16")).stderr).toMatch(
      /^MODEL_NOT_FOUND: .*first of 2 parts.*-00002-of-00002/
    );
  });

  it("says that a repository has no projector", async () => {
    await using hub = await start();
    hub.server.repositories["mradermacher/medgemma-4b-it-i1-GGUF"] = {
      files: { "medgemma-4b-it.i1-Q4_K_M.gguf": readFileSync(demoText) }
    };
    expect(await hub.run("pull", "hf:mradermacher/medgemma-4b-it-i1-GGUF:i1-Q4_K_M", "--accept-terms")).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^Warning: .*has no projector.*cannot see images/) as string
    });
    expect(await hub.run("pull", "hf:mradermacher/medgemma-4b-it-i1-GGUF:i1-Q4_K_M", "--mmproj", "none")).toMatchObject(
      { code: 0, stderr: "" }
    );
  });
});
