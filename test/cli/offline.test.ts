import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { demoProjector, film } from "../demo-model.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const log = join(folder, "network.log");
const guard = fileURLToPath(new URL("no-network.cjs", import.meta.url));
const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  runCli(args, {
    env: {
      NODE_OPTIONS: `--require "${guard}"`,
      NETWORK_LOG: log,
      HF_ENDPOINT: "http://127.0.0.1:9",
      HF_HUB_DOWNLOAD_TIMEOUT: "1",
      ...env
    }
  });

describe("without network", () => {
  it.each([
    ["ask", "Describe the image.", "-i", film, "-m", "demo"],
    ["chat", "-m", "demo"],
    ["encode", film, "-m", "demo", "-o", join(folder, "tokens.npy")],
    ["models"],
    ["verify"],
    ["inspect", demoProjector],
    ["doctor"]
  ])("%s opens no connection and looks up no name", async (...args) => {
    expect(await run([...args, "--offline"])).toMatchObject({ code: 0 });
    expect(existsSync(log)).toBe(false);
  });

  it("pull tries to, unless it is forbidden", async () => {
    expect(await run(["pull", "4b-it", "--accept-terms", "--offline"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^OFFLINE: /) as string
    });
    for (const name of ["MEDGEMMA_OFFLINE", "HF_HUB_OFFLINE"])
      expect(await run(["pull", "4b-it"], { [name]: "1" })).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^OFFLINE: /) as string
      });
    expect(existsSync(log)).toBe(false);
    expect((await run(["pull", "4b-it"])).code).toBe(1);
    expect(readFileSync(log, "utf8")).toMatch(/^(?:connect|lookup)/);
    rmSync(log);
  });
});
