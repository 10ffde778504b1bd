/**
 * A server that behaves like the hub: an API that lists files with their LFS hashes, `resolve` addresses that redirect to
 * another host (another port here) with signed addresses, ranges, ETags, tokens, gates. Faults can be switched on.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HubRepository {
  /** Path → content. */
  readonly files: Record<string, Buffer>;
  /** Only for who sends this token. */
  token?: string;
  /** Nobody has agreed to its conditions. */
  gated?: boolean;
}

/** What goes wrong: called for every request of file bytes; true when it has answered itself. */
export type Fault = (exchange: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly content: Buffer;
  readonly start: number;
  readonly end: number;
  /** From 1. */
  readonly count: number;
}) => boolean;

export class HubServer {
  readonly repositories: Record<string, HubRepository> = {};
  /** Of file bytes, from the host behind the redirect. */
  fault: Fault = () => false;
  /** Of the API and of `resolve`; true when it has answered itself. */
  hubFault: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  /** What the list says of a file instead of the truth. */
  listed: (path: string) => { sha256?: string; size?: number } = () => ({});
  /** Bytes of files that were handed to the network. */
  sentBytes = 0;
  /** Bytes a second and connection; 0: as fast as it goes. */
  throttle = 0;
  readonly requests: string[] = [];
  /** Values of `authorization` that the second host saw. */
  readonly leakedTokens: string[] = [];
  #fileRequests = 0;
  readonly #hub: Server;
  readonly #cdn: Server;

  private constructor() {
    this.#hub = createServer((request, response) => this.#answerHub(request, response));
    this.#cdn = createServer((request, response) => void this.#answerCdn(request, response));
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    for (const one of [server.#hub, server.#cdn]) await new Promise<void>((resolve) => void one.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get endpoint(): string {
    return addressOf(this.#hub);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of [this.#hub, this.#cdn]) {
      one.closeAllConnections();
      await new Promise((resolve) => one.close(resolve));
    }
  }

  #answerHub(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    if (this.hubFault(request, response)) return;
    const { pathname } = new URL(request.url ?? "", this.endpoint);
    const [, api] = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/[^/]+$/.exec(pathname) ?? [];
    const [, resolved, path = ""] = /^\/([^/]+\/[^/]+)\/resolve\/[^/]+\/(.+)$/.exec(pathname) ?? [];
    const repository = this.repositories[api ?? resolved ?? ""];
    if (repository === undefined) { refuse(response, 401, "RepoNotFound"); return; }
    if (repository.token !== undefined && request.headers.authorization !== `Bearer ${repository.token}`) { refuse(response, 401, ""); return; }
    if (repository.gated === true && resolved !== undefined) { refuse(response, 403, "GatedRepo"); return; }
    if (api !== undefined) { this.#list(repository, response); return; }
    const content = repository.files[decodeURIComponent(path)];
    if (content === undefined) { refuse(response, 404, "EntryNotFound"); return; }
    response.writeHead(302, {
      location: `${addressOf(this.#cdn)}/${resolved ?? ""}/${path}?signature=1`,
      "x-linked-etag": `"${this.listed(path).sha256 ?? sha256(content)}"`,
      "x-linked-size": String(content.length),
      "x-repo-commit": "0123456789abcdef0123456789abcdef01234567"
    });
    response.end();
  }

  #list({ files }: HubRepository, response: ServerResponse): void {
    const entries = Object.entries(files).map(([path, content]) => {
      const { sha256: oid = sha256(content), size = content.length } = this.listed(path);
      return { type: "file", oid: "0".repeat(40), size, path, lfs: { oid, size, pointerSize: 135 } };
    });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify([{ type: "directory", oid: "1".repeat(40), size: 0, path: "folder" }, { type: "file", oid: "2".repeat(40), size: 10, path: "README.md" }, ...entries]));
  }

  async #answerCdn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== undefined) this.leakedTokens.push(request.headers.authorization);
    const [, repository = "", path = ""] = /^\/([^/]+\/[^/]+)\/(.+)\?/.exec(request.url ?? "") ?? [];
    const content = this.repositories[repository]?.files[decodeURIComponent(path)];
    if (content === undefined) { refuse(response, 404, ""); return; }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const start = Number(from ?? 0);
    const end = Math.min(Number(to ?? content.length - 1) + 1, content.length);
    this.#fileRequests += 1;
    if (this.fault({ request, response, content, start, end, count: this.#fileRequests })) return;
    if (start >= content.length) { refuse(response, 416, ""); return; }
    response.writeHead(206, {
      "content-range": `bytes ${start}-${end - 1}/${content.length}`,
      "content-length": String(end - start),
      etag: `"${sha256(content).slice(0, 32)}"`
    });
    await this.send(response, content.subarray(start, end));
    response.end();
  }

  /** Counts what goes out; the reader's pace is ours. */
  async send(response: ServerResponse, bytes: Buffer): Promise<void> {
    const step = 65_536;
    for (let position = 0; position < bytes.length && !response.destroyed; position += step) {
      const part = bytes.subarray(position, position + step);
      this.sentBytes += part.length;
      if (this.throttle > 0) await new Promise((resolve) => setTimeout(resolve, (part.length * 1000) / this.throttle));
      if (response.write(part)) continue;
      await new Promise<void>((resolve) => {
        const go = () => {
          response.off("drain", go).off("close", go);
          resolve();
        };
        response.on("drain", go).on("close", go);
      });
    }
  }
}

export function sha256(content: Buffer): string {
  let known = hashes.get(content);
  if (known === undefined) hashes.set(content, (known = createHash("sha256").update(content).digest("hex")));
  return known;
}

const hashes = new WeakMap<Buffer, string>();

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, code === "" ? {} : { "x-error-code": code });
  response.end("{}");
}
