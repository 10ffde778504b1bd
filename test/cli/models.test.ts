import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { demoProjector, demoText, film } from "../demo-model.js";
import { HubServer, sha256 } from "../models/hub/hub-server.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const text = readFileSync(demoText);
const projector = readFileSync(demoProjector);

/** A hub that serves the demo model's files under the catalog's names, and an empty home. */
async function start() {
  const server = await HubServer.start();
  server.repositories["unsloth/medgemma-1.5-4b-it-GGUF"] = {
    files: {
      "medgemma-1.5-4b-it-Q4_K_M.gguf": text,
      "medgemma-1.5-4b-it-Q8_0.gguf": text,
      "mmproj-F16.gguf": projector,
      "mmproj-BF16.gguf": projector
    }
  };
  const home = mkdtempSync(join(folder, "home-"));
  return {
    server,
    home,
    models: join(home, "medgemma-1.5-4b-it"),
    run: (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
      runCli(args, { env: { MEDGEMMA_HOME: home, HF_ENDPOINT: server.endpoint, ...env } }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]()
  };
}

describe("models, verify, remove", () => {
  it("follow a model from its pull to its end", async () => {
    await using hub = await start();
    const pulled = await hub.run(["pull", "1.5-4b-it", "--accept-terms"]);
    // The catalog knows another hash; that is worth a word even where nobody sits.
    expect(pulled).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^Warning: medgemma-1\.5-4b-it-Q4_K_M\.gguf .*is not the file that this version/
      ) as string
    });

    const { stdout } = await hub.run(["models", "--json"]);
    const listed = JSON.parse(stdout) as {
      installed: object[];
      available: { id: string; fits: boolean; neededBytes: number }[];
      proposal: string | null;
    };
    expect(listed.installed).toMatchObject([
      {
        id: "1.5-4b-it:Q4_K_M",
        text: join(hub.models, "medgemma-1.5-4b-it-Q4_K_M.gguf"),
        mmproj: join(hub.models, "mmproj-F16.gguf"),
        byteLength: text.length + projector.length
      }
    ]);
    expect(listed.available.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["1.5-4b-it:Q4_K_M", "4b-it:Q8_0", "4b-pt:Q4_K_M", "27b-it:Q4_K_M", "27b-text-it:Q4_K_M"])
    );
    expect(listed.proposal).toBe(listed.available.find(({ fits }) => fits)?.id ?? null);

    const answer = await hub.run(["ask", "Describe the image.", "-i", film, "--json"]);
    expect(JSON.parse(answer.stdout)).toMatchObject({ model: { id: "1.5-4b-it:Q4_K_M" } });
    expect(
      JSON.parse((await hub.run(["ask", "Describe the image.", "-i", film, "-m", "1.5-4b-it", "--json"])).stdout)
    ).toMatchObject({ model: { id: "1.5-4b-it:Q4_K_M" } });

    expect(await hub.run(["verify"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ok .*Q4_K_M\.gguf\nok .*mmproj-F16\.gguf\n$/) as string
    });
    await hub.run(["pull", "1.5-4b-it:Q8_0"]);
    const ambiguous = await hub.run(["remove", "1.5-4b-it"]);
    expect(ambiguous).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/1\.5-4b-it:Q4_K_M, 1\.5-4b-it:Q8_0/) as string
    });
    writeFileSync(join(hub.models, "notes.txt"), "mine");
    // The projector stays as long as one of the two needs it.
    expect((await hub.run(["remove", "1.5-4b-it:Q4_K_M"])).stdout).toBe(
      `removed ${join(hub.models, "medgemma-1.5-4b-it-Q4_K_M.gguf")}\n`
    );
    expect(
      readdirSync(hub.models)
        .filter((name) => name.endsWith(".gguf"))
        .sort()
    ).toEqual(["medgemma-1.5-4b-it-Q8_0.gguf", "mmproj-F16.gguf"]);
    expect((await hub.run(["remove", "1.5-4b-it"])).code).toBe(0);
    expect(readdirSync(hub.models).filter((name) => !name.startsWith("medgemma-local"))).toEqual(["notes.txt"]);
    expect(await hub.run(["remove", "1.5-4b-it"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^MODEL_NOT_FOUND: /) as string
    });
  });

  it("find every kind of damage, and say how to repair it", async () => {
    await using hub = await start();
    await hub.run(["pull", "1.5-4b-it", "--accept-terms"]);
    const path = join(hub.models, "mmproj-F16.gguf");
    const flipped = Buffer.from(projector);
    flipped[flipped.length - 7] = (flipped.at(-7) ?? 0) ^ 1;
    writeFileSync(path, flipped);
    const damaged = await hub.run(["verify", "--json"]);
    expect(damaged.code).toBe(1);
    expect(JSON.parse(damaged.stdout)).toMatchObject([
      { state: "whole" },
      { path, state: "damaged", problem: expect.stringContaining(sha256(projector)) as string }
    ]);
    truncateSync(path, 1000);
    expect((await hub.run(["verify"])).stdout).toMatch(
      /DAMAGED .*1000 bytes, expected 11870560.*medgemma-local pull 1\.5-4b-it:Q4_K_M\n/
    );
    await hub.run(["pull", "1.5-4b-it:Q4_K_M"]);
    expect((await hub.run(["verify"])).code).toBe(0);
  });

  it("show what was interrupted, go on with it or remove it", async () => {
    await using hub = await start();
    hub.server.throttle = 4_000_000;
    const child = runCli(["pull", "1.5-4b-it", "--accept-terms"], {
      env: { MEDGEMMA_HOME: hub.home, HF_ENDPOINT: hub.server.endpoint },
      meddle: (process) => {
        const watch = setInterval(() => {
          if (hub.server.sentBytes < text.length + 2_000_000) return; // the first file is there
          clearInterval(watch);
          process.kill("SIGKILL");
        }, 10);
      }
    });
    expect((await child).code).toBe(137);
    expect(JSON.parse((await hub.run(["models", "--json"])).stdout)).toMatchObject({
      installed: [],
      unfinished: [{ id: "1.5-4b-it" }]
    });
    expect((await hub.run(["models"])).stdout).toMatch(/1\.5-4b-it {2}unfinished, .* pull it again/);
    expect((await hub.run(["remove", "1.5-4b-it"])).code).toBe(0);
    expect(existsSync(hub.models)).toBe(false);
  });

  it("leave a model alone that somebody put there", async () => {
    await using hub = await start();
    const path = join(hub.home, "medgemma-mine.gguf");
    copyFileSync(demoText, path);
    expect((await hub.run(["verify"])).stdout).toMatch(/^no hash {2}.*medgemma-mine\.gguf/);
    expect(await hub.run(["remove", "medgemma-mine"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/by hand/) as string
    });
    expect(existsSync(path)).toBe(true);
  });

  it("say where nobody can be asked what to run", async () => {
    await using hub = await start();
    expect(await hub.run(["chat"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^MODEL_NOT_FOUND: No MedGemma is installed .*medgemma-local pull 1\.5-4b-it --accept-terms; .*--model demo\.\n$/
      ) as string
    });
    expect(await hub.run(["ask", "Hello.", "-m", "4b-it:q8_0"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^MODEL_NOT_FOUND: .*medgemma-local pull 4b-it:q8_0\n$/) as string
    });
    expect(hub.server.requests).toEqual([]);
  });
});

describe("import", () => {
  it("takes what pull --to brought, with its hashes", async () => {
    await using hub = await start();
    const stick = mkdtempSync(join(folder, "stick-"));
    await hub.run(["pull", "1.5-4b-it", "--accept-terms", "--to", stick]);
    expect(readFileSync(join(stick, "NOTICE.txt"), "utf8")).toContain(
      "HAI-DEF is provided under and subject to the Health AI Developer Foundations Terms of Use found at https://developers.google.com/health-ai-developer-foundations/terms"
    );
    expect(existsSync(hub.models)).toBe(false);
    const imported = await hub.run(["import", stick, "--offline", "--json"]);
    expect(JSON.parse(imported.stdout)).toMatchObject([
      {
        id: "1.5-4b-it:Q4_K_M",
        mmproj: join(hub.models, "mmproj-F16.gguf"),
        record: { text: { sha256: sha256(text) } }
      }
    ]);
    expect(statSync(join(hub.models, "mmproj-F16.gguf")).mode & 0o077).toBe(0);
    expect((await hub.run(["verify"])).code).toBe(0);
    expect((await hub.run(["import", stick])).code).toBe(0); // again

    // A stick that lies in the rain.
    await hub.run(["remove", "1.5-4b-it"]);
    const wet = Buffer.from(text);
    wet[wet.length - 100] = (wet.at(-100) ?? 0) ^ 1;
    writeFileSync(join(stick, "medgemma-1.5-4b-it", "medgemma-1.5-4b-it-Q4_K_M.gguf"), wet);
    expect(await hub.run(["import", stick])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^HASH_MISMATCH: .*is damaged/) as string
    });
    expect(await hub.run(["import", join(stick, "medgemma-1.5-4b-it")])).toMatchObject({ code: 1 });
    expect(readdirSync(hub.models).filter((name) => name.endsWith("Q4_K_M.gguf"))).toEqual([]);
  });

  it("takes a folder and a file that nobody recorded, under the catalog's names where it knows them", async () => {
    await using hub = await start();
    const downloads = mkdtempSync(join(folder, "downloads-"));
    const path = join(downloads, "medgemma-4b-it-Q4_K_M.gguf");
    copyFileSync(demoText, path);
    copyFileSync(demoProjector, join(downloads, "mmproj-BF16.gguf"));
    writeFileSync(join(downloads, "readme.txt"), "");
    expect((await hub.run(["import", path])).stdout).toMatch(
      /^4b-it:Q4_K_M\n.*medgemma-4b-it-Q4_K_M\.gguf\n.*mmproj-BF16\.gguf\n$/
    );
    expect(readFileSync(path).equals(text)).toBe(true);
    copyFileSync(demoProjector, join(downloads, "mmproj-F16.gguf"));
    copyFileSync(demoProjector, join(downloads, "mmproj-other-F16.gguf"));
    expect(await hub.run(["import", downloads])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^MODEL_NOT_FOUND: .*mmproj-BF16\.gguf, mmproj-F16\.gguf, mmproj-other-F16\.gguf.*Choose one as mmproj/
      ) as string
    });
    rmSync(join(hub.home, "medgemma-4b-it"), { recursive: true });
    const named = await hub.run(["import", downloads, "--mmproj", join(downloads, "mmproj-F16.gguf"), "--json"]);
    expect(JSON.parse(named.stdout)).toMatchObject([
      { id: "4b-it:Q4_K_M", mmproj: join(hub.home, "medgemma-4b-it", "mmproj-F16.gguf") }
    ]);
  });

  it("refuses what is no model", async () => {
    await using hub = await start();
    const bad = mkdtempSync(join(folder, "bad-"));
    expect(await hub.run(["import", bad])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^MODEL_NOT_FOUND: .*has no model/) as string
    });
    writeFileSync(join(bad, "x.gguf"), text.subarray(0, text.length / 2));
    expect(await hub.run(["import", bad])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^MODEL_CORRUPT: /) as string
    });
    expect(await hub.run(["import", join(bad, "nowhere")])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^MODEL_NOT_FOUND: /) as string
    });
    // A record is untrusted too: names in it do not leave the folder.
    mkdirSync(join(bad, "evil"));
    writeFileSync(
      join(bad, "evil", "medgemma-local.json"),
      JSON.stringify({
        models: [{ id: "x", text: "../x.gguf", mmproj: null }],
        files: { "../x.gguf": { byteLength: 1, sha256: "a".repeat(64), source: "", verified: "" } }
      })
    );
    rmSync(join(bad, "x.gguf"));
    expect(await hub.run(["import", bad])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^MODEL_NOT_FOUND: .*has no model/) as string
    });
  });
});
