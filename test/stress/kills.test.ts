import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, temporaryFolder } from "../cli/run-cli.js";
import { HubServer } from "../models/hub/hub-server.js";

const kills = 20;
const folder = temporaryFolder();

describe("a pull of 200 MB", () => {
  // As fast as this machine goes, and as a fast and a slow line.
  it.each([0, 20_000_000, 2_500_000])(
    `survives ${kills} kills at random moments, at %i bytes/s a connection`,
    async (throttle) => {
      await using server = await HubServer.start();
      const content = randomBytes(200_000_000);
      server.repositories["owner/name"] = { files: { "model.gguf": content } };
      server.throttle = throttle;
      const home = mkdtempSync(join(folder, "home-"));
      const pull = (killAfterMs: number | null) =>
        runCli(["pull", "hf:owner/name/model.gguf", "--accept-terms"], {
          env: { MEDGEMMA_HOME: home, HF_ENDPOINT: server.endpoint },
          meddle: (child) => {
            if (killAfterMs !== null) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
          }
        });
      for (let kill = 0; kill < kills; kill += 1) await pull(200 + Math.random() * 1800);
      expect(await pull(null)).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/^Warning: owner\/name has no projector/) as string
      });
      expect(readFileSync(join(home, "owner--name", "model.gguf")).equals(content)).toBe(true);
      console.log(`at ${throttle} bytes/s: ${(server.sentBytes / content.length).toFixed(3)} × its size`);
      expect(server.sentBytes).toBeLessThan(1.3 * content.length);
    }
  );
});
