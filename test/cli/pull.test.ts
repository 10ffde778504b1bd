import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HubServer, sha256, type Fault } from "../models/hub/hub-server.js";
import { main, runCli, temporaryFolder, type CliOptions } from "./run-cli.js";

const folder = temporaryFolder();
const id = "hf:owner/name/model-Q4_K_M.gguf";

async function start(size = 3_000_000) {
  const server = await HubServer.start();
  const content = randomBytes(size);
  server.repositories["owner/name"] = { files: { "model-Q4_K_M.gguf": content, "mmproj-F16.gguf": randomBytes(1000) } };
  const home = mkdtempSync(join(folder, "home-"));
  return {
    server,
    home,
    content,
    model: join(home, "owner--name", "model-Q4_K_M.gguf"),
    pull: (args = [id, "--accept-terms"], options: CliOptions = {}) =>
      runCli(["pull", ...args], {
        ...options,
        env: { MEDGEMMA_HOME: home, HF_ENDPOINT: server.endpoint, HF_HUB_DOWNLOAD_TIMEOUT: "1", ...options.env }
      }),
    /** Acts when so many more bytes of files went out. */
    whenSent: (bytes: number, act: () => void) => {
      const goal = server.sentBytes + bytes;
      const watch = setInterval(() => {
        if (server.sentBytes < goal) return;
        clearInterval(watch);
        act();
      }, 5);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]()
  };
}

/** Names of finished files in the folder of the model. */
function finished(home: string): string[] {
  const path = join(home, "owner--name");
  return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith(".gguf")) : [];
}

describe.concurrent("pull", () => {
  it("brings the model and its projector, verified and for the user alone", async () => {
    await using hub = await start();
    const { code, stdout, stderr } = await hub.pull([id, "--accept-terms", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      id,
      text: hub.model,
      mmproj: join(hub.home, "owner--name", "mmproj-F16.gguf"),
      record: {
        text: {
          sha256: sha256(hub.content),
          byteLength: hub.content.length,
          source: "owner/name@0123456789abcdef0123456789abcdef01234567/model-Q4_K_M.gguf"
        }
      }
    });
    expect(readFileSync(hub.model).equals(hub.content)).toBe(true);
    expect(hub.server.sentBytes).toBe(hub.content.length + 1000);
    if (process.platform !== "win32") {
      expect(statSync(hub.model).mode & 0o777).toBe(0o600);
      expect(statSync(join(hub.home, "owner--name")).mode & 0o777).toBe(0o700);
    }
    expect(readdirSync(join(hub.home, "owner--name")).sort()).toEqual([
      "medgemma-local.json",
      "mmproj-F16.gguf",
      "model-Q4_K_M.gguf"
    ]);
  });

  it("needs no network for what is there, and downloads a damaged file again", async () => {
    await using hub = await start();
    await hub.pull();
    expect(await hub.pull([id, "--offline"])).toMatchObject({ code: 0 });
    writeFileSync(hub.model, randomBytes(hub.content.length));
    expect(await hub.pull([id, "--offline"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^OFFLINE: .*\n$/) as string
    });
    expect((await hub.pull()).code).toBe(0);
    expect(readFileSync(hub.model).equals(hub.content)).toBe(true);
  });

  it("asks for the terms once", async () => {
    await using hub = await start();
    const refused = await hub.pull([id]);
    expect(refused).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^TERMS_NOT_ACCEPTED: .*developers\.google\.com.*--accept-terms.*\n$/) as string
    });
    expect(hub.server.requests).toEqual([]);
    await hub.pull();
    expect(JSON.parse(readFileSync(join(hub.home, "terms.json"), "utf8"))).toMatchObject({
      accepted: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string
    });
    expect((await hub.pull([id])).code).toBe(0);
  });

  it("goes on after kills, with little lost", async () => {
    await using hub = await start(24_000_000);
    hub.server.throttle = 3_000_000;
    for (let kill = 0; kill < 8; kill += 1) {
      const { code } = await hub.pull(undefined, {
        meddle: (child) => hub.whenSent(100_000 + 370_000 * kill, () => child.kill("SIGKILL"))
      });
      expect(code).toBe(137);
      expect(finished(hub.home)).toEqual([]);
    }
    hub.server.throttle = 0;
    expect((await hub.pull()).code).toBe(0);
    expect(readFileSync(hub.model).equals(hub.content)).toBe(true);
    expect(hub.server.sentBytes).toBeGreaterThanOrEqual(hub.content.length);
    // What a killed process had not written yet is sent again. How much that is, a busy machine decides.
    expect(hub.server.sentBytes).toBeLessThan(2 * hub.content.length);
  });

  it("stops at Ctrl-C with 130, and goes on", async () => {
    await using hub = await start(8_000_000);
    hub.server.throttle = 1_000_000;
    const { code, stderr } = await hub.pull(undefined, {
      meddle: (child) => hub.whenSent(2_000_000, () => child.kill("SIGINT"))
    });
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    const before = hub.server.sentBytes;
    hub.server.throttle = 0;
    expect((await hub.pull()).code).toBe(0);
    expect(hub.server.sentBytes - before).toBeLessThan(hub.content.length - 500_000);
  });

  it("lets two pulls at once both succeed, with one download", async () => {
    await using hub = await start(6_000_000);
    hub.server.throttle = 3_000_000;
    const both = await Promise.all([hub.pull(), hub.pull()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.map(({ stderr }) => stderr).join("")).toMatch(
      /^Another medgemma-local is busy in .*; waiting for it\.\n$/
    );
    expect(hub.server.sentBytes).toBe(hub.content.length + 1000);
  });

  it("sends the token to the hub alone", async () => {
    await using hub = await start();
    const repository = hub.server.repositories["owner/name"];
    if (repository !== undefined) repository.token = "hf_secret";
    const refused = await hub.pull();
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ACCESS_DENIED: .*HF_TOKEN.*\n$/) as string
    });
    const wrong = await hub.pull(undefined, { env: { HF_TOKEN: "hf_wrong" } });
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ACCESS_DENIED: .*does not accept the token.*\n$/) as string
    });
    expect((await hub.pull(undefined, { env: { HF_TOKEN: "hf_secret" } })).code).toBe(0);
    expect(hub.server.leakedTokens).toEqual([]);
  });

  it("goes through a proxy", async () => {
    await using hub = await start();
    const tunnels: string[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      tunnels.push(request.url ?? "");
      const { port } = new URL(hub.server.endpoint);
      // Names that only the proxy knows: everything of it is on this machine.
      const target = connect(
        Number((request.url ?? "").split(":")[1] === "80" ? port : (request.url ?? "").split(":")[1]),
        "127.0.0.1",
        () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          target.pipe(socket).pipe(target);
        }
      );
      for (const end of [target, socket]) end.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
    const env = {
      HF_ENDPOINT: "http://hub.invalid",
      http_proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    };
    expect(await hub.pull(undefined, { env })).toMatchObject({ code: 0, stderr: "" });
    expect(tunnels).toContain("hub.invalid:80");
    proxy.close();
  });

  const faults: Record<
    string,
    {
      fault?: Fault;
      arrange?: (hub: Awaited<ReturnType<typeof start>>) => void;
      says: RegExp;
      args?: string[];
      env?: NodeJS.ProcessEnv;
    }
  > = {
    "a wrong hash": {
      arrange: ({ server }) => (server.listed = (path) => (path.startsWith("model") ? { sha256: "a".repeat(64) } : {})),
      says: /^HASH_MISMATCH: model-Q4_K_M\.gguf .*expected a{64}/
    },
    "a truncated body": {
      fault: ({ response, content, start: from, end }) => {
        response.writeHead(206, {
          "content-range": `bytes ${from}-${end - 1}/${content.length}`,
          "content-length": String(end - from)
        });
        response.write(content.subarray(from, from + (end - from) / 2), () => response.destroy());
        return true;
      },
      says: /^DOWNLOAD_FAILED: Could not get model-Q4_K_M\.gguf: .*\(5 attempts\).*start the download again/
    },
    "a body that ends early as if it were whole": {
      fault: ({ response, content, start: from, end }) => {
        response.writeHead(206, {
          "content-range": `bytes ${from}-${end - 1}/${content.length}`,
          "transfer-encoding": "chunked"
        });
        response.end(content.subarray(from, from + 1000));
        return true;
      },
      says: /^DOWNLOAD_FAILED: .*sent 1000 of 262144 bytes \(5 attempts\)/
    },
    "a file that changes between ranges": {
      fault: ({ response, content, start: from, end, count }) => {
        response.writeHead(206, {
          "content-range": `bytes ${from}-${end - 1}/${content.length}`,
          etag: `"${count < 4 ? "old" : "new"}"`
        });
        response.end(content.subarray(from, end));
        return true;
      },
      says: /^HASH_MISMATCH: .*its ETag was old and is now new/
    },
    "a file that changes between the list and the download": {
      arrange: ({ server }) =>
        (server.hubFault = (request, response) => {
          if (request.url?.includes("/resolve/") !== true) return false;
          response.writeHead(302, { location: "/nowhere", "x-linked-etag": `"${"b".repeat(64)}"` });
          response.end();
          return true;
        }),
      says: /^(?:HASH_MISMATCH|MODEL_NOT_FOUND): /
    },
    "a content length that lies": {
      fault: ({ response, content }) => {
        response.writeHead(200, { "content-length": String(content.length - 5) });
        response.end(content.subarray(0, content.length - 5));
        return true;
      },
      says: /^HASH_MISMATCH: .*2999995 bytes.*listed 3000000/
    },
    "a range that lies": {
      fault: ({ response, content, start: from, end }) => {
        response.writeHead(206, { "content-range": `bytes ${from + 1}-${end}/${content.length}` });
        response.end(content.subarray(from + 1, end + 1));
        return true;
      },
      says: /^DOWNLOAD_FAILED: .*was asked for bytes 0-262143 .*sends bytes 1-262144/
    },
    "more bytes than asked for": {
      fault: ({ response, content, start: from, end }) => {
        response.writeHead(206, {
          "content-range": `bytes ${from}-${end - 1}/${content.length}`,
          "transfer-encoding": "chunked"
        });
        response.end(content.subarray(from, end + 1000));
        return true;
      },
      says: /^DOWNLOAD_FAILED: .*more bytes/
    },
    "a range that is not there": {
      fault: ({ response }) => {
        response.writeHead(416).end();
        return true;
      },
      says: /^DOWNLOAD_FAILED: .*HTTP 416/
    },
    "no such repository": {
      args: ["hf:owner/other/model.gguf", "--accept-terms"],
      says: /^MODEL_NOT_FOUND: .*owner\/other/
    },
    "no such file": {
      args: ["hf:owner/name/other.gguf", "--accept-terms"],
      says: /^MODEL_NOT_FOUND: .*other\.gguf; there is model-Q4_K_M\.gguf/
    },
    "a gated repository": {
      arrange: ({ server }) => {
        const repository = server.repositories["owner/name"];
        if (repository !== undefined) repository.gated = true;
      },
      says: /^ACCESS_DENIED: owner\/name is gated\. Open http.*\/owner\/name .*HF_TOKEN/
    },
    "a server that stalls": {
      fault: ({ response, content, start: from, end }) => {
        response.writeHead(206, { "content-range": `bytes ${from}-${end - 1}/${content.length}` });
        response.write(content.subarray(from, from + 1000));
        return true;
      },
      says: /^DOWNLOAD_FAILED: .*sent nothing for 1 s \(5 attempts\)/
    },
    "a redirect loop": {
      arrange: ({ server }) =>
        (server.hubFault = (request, response) => {
          response.writeHead(302, { location: request.url ?? "" }).end();
          return true;
        }),
      says: /^DOWNLOAD_FAILED: .*redirects in a circle/
    },
    "nobody there": {
      env: { HF_ENDPOINT: "http://127.0.0.1:1" },
      says: /^DOWNLOAD_FAILED: .*refused the connection \(5 attempts\)/
    },
    "an endpoint that is none": {
      env: { HF_ENDPOINT: "huggingface.co" },
      says: /^INVALID_ARGUMENT: HF_ENDPOINT is huggingface\.co; expected/
    }
  };

  it.each(Object.entries(faults))(
    "says in one line that there is %s, and leaves no wrong file",
    async (_name, { fault = () => false, arrange, says, args, env }) => {
      await using hub = await start();
      hub.server.fault = fault;
      arrange?.(hub);
      const { code, stdout, stderr } = await hub.pull(args, env === undefined ? {} : { env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(says);
      expect(stderr.trimEnd()).not.toContain("\n");
      expect(finished(hub.home)).toEqual([]);
    }
  );

  it.each([
    [429, { "retry-after": "1" }],
    [500, {}],
    [503, {}]
  ])("tries again after %i", async (status, headers) => {
    await using hub = await start();
    hub.server.fault = ({ response, count }) => {
      if (count > 2) return false;
      response.writeHead(status, headers).end();
      return true;
    };
    let listings = 0;
    hub.server.hubFault = (request, response) => {
      if (!(request.url ?? "").startsWith("/api/") || (listings += 1) > 1) return false;
      response.writeHead(status, headers).end();
      return true;
    };
    expect(await hub.pull()).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(hub.model).equals(hub.content)).toBe(true);
  });

  it("takes a server without ranges", async () => {
    await using hub = await start();
    hub.server.fault = ({ response, content }) => {
      response.writeHead(200, { "content-length": String(content.length) });
      response.end(content);
      return true;
    };
    expect((await hub.pull()).code).toBe(0);
    expect(readFileSync(hub.model).equals(hub.content)).toBe(true);
  });

  it("leaves a file that somebody put there alone", async () => {
    await using hub = await start();
    mkdirSync(join(hub.home, "owner--name"));
    writeFileSync(hub.model, "mine");
    expect(await hub.pull()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^FILE_UNUSABLE: .*Move it away/) as string
    });
    expect(readFileSync(hub.model, "utf8")).toBe("mine");
    // The right one is taken as it is.
    writeFileSync(hub.model, hub.content);
    expect((await hub.pull()).code).toBe(0);
    expect(hub.server.sentBytes).toBe(1000);
  });

  it("takes the quantisation of the repository's only match, and lists them when there are several", async () => {
    await using hub = await start();
    const repository = hub.server.repositories["owner/name"];
    if (repository !== undefined)
      Object.assign(repository.files, { "model-Q8_0.gguf": randomBytes(10), "mmproj-BF16.gguf": randomBytes(10) });
    expect(JSON.parse((await hub.pull(["hf:owner/name:Q8_0", "--accept-terms", "--json"])).stdout)).toMatchObject({
      id: "hf:owner/name/model-Q8_0.gguf"
    });
    const unclear = await hub.pull(["hf:owner/name", "--accept-terms"]);
    expect(unclear).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^INVALID_ARGUMENT: .*model-Q4_K_M\.gguf, model-Q8_0\.gguf/) as string
    });
    const other = await hub.pull(["hf:owner/name:Q4_K_M", "--mmproj", "mmproj-BF16.gguf", "--json"]);
    expect(JSON.parse(other.stdout)).toMatchObject({ mmproj: join(hub.home, "owner--name", "mmproj-BF16.gguf") });
  });

  const canMount = process.platform === "linux" && spawnSync("unshare", ["-rm", "true"]).status === 0;

  it.runIf(canMount)(
    "says how much room is missing before it downloads, and what to do in a folder that is read-only",
    async () => {
      await using hub = await start();
      const env = { MEDGEMMA_HOME: hub.home, HF_ENDPOINT: hub.server.endpoint };
      // The server is in this process: it cannot answer while spawnSync waits.
      const run = (script: string) =>
        new Promise<{ code: number | null; stderr: string }>((resolve) => {
          execFile(
            "unshare",
            [
              "-rm",
              "sh",
              "-c",
              script,
              "sh",
              process.execPath,
              main,
              "pull",
              id,
              "--accept-terms",
              "--to",
              join(hub.home, "to")
            ],
            { env: { ...process.env, ...env } },
            (error, _stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stderr })
          );
        });
      mkdirSync(join(hub.home, "to"));
      const full = await run(`mount -t tmpfs -o size=2m tmpfs ${hub.home}/to && exec "$@"`);
      expect(full).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^DISK_FULL: .*needs 4 MB more in .*where \d+ MB are free.*\n$/) as string
      });
      expect(hub.server.sentBytes).toBe(0);
      const readOnly = await run(`mount -t tmpfs -o ro tmpfs ${hub.home}/to && exec "$@"`);
      expect(readOnly).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^FILE_UNUSABLE: .*read-only.*\n$/) as string
      });
    }
  );
});
