/** The server as an object: a fetch handler for programs and tests, and a socket for everyone else. */
import { createServer as createHttpServer, type Server } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { serve } from "@hono/node-server";
import type { LoadOptions } from "../chat/types.js";
import { MedGemmaError } from "../errors.js";
import { loadMedGemma, loadQuietly } from "../loading/load-lazily.js";
import { withDefaults } from "../shared/option.js";
import { resolveModel } from "../models/resolve-model.js";
import { Answering } from "./answering.js";
import { createApp } from "./app.js";
import { FileStore } from "./file-store.js";
import { Metrics } from "./metrics.js";
import { ModelPool } from "./model-pool.js";
import {
  checkListenOptions,
  checkServerOptions,
  listenOptions,
  modelsOf,
  withServerDefaults,
  type ListenOptions,
  type ServerOptions
} from "./server-options.js";

/** A server. It answers by `fetch` at once, and on a socket after `listen`. */
export class MedGemmaServer implements AsyncDisposable {
  readonly #app: ReturnType<typeof createApp>;
  readonly #pool: ModelPool;
  readonly #answering: Answering;
  readonly #files: FileStore;
  readonly #hosts: string[];
  readonly #hasToken: boolean;
  readonly #graceMs: number;
  #isReady = true;
  #socket: Server | null = null;
  #closing: Promise<void> | undefined;

  /** @internal Users call `createServer`. */
  constructor(options: ServerOptions) {
    const set = withServerDefaults(options);
    const load: LoadOptions = { ...options.load, parallel: set.parallel };
    const metrics = new Metrics();
    this.#hosts = [...set.hosts];
    this.#hasToken = set.token !== null;
    this.#graceMs = set.graceSeconds * 1000;
    this.#pool = new ModelPool(modelsOf(options), new Map(Object.entries(set.aliases)), {
      load: async (source) => {
        if (options.onLoad === undefined) return await loadMedGemma(source, load);
        const medgemma = await loadQuietly(source, load);
        options.onLoad(medgemma);
        return medgemma;
      },
      keepAliveMs: set.keepAliveSeconds * 1000
    });
    this.#answering = new Answering({ pool: this.#pool, metrics, maxRequests: set.parallel + set.maxWaiting });
    this.#files = new FileStore(set.maxFileBytes);
    this.#app = createApp({
      access: { token: set.token, hosts: this.#hosts, origins: set.origins },
      answering: this.#answering,
      files: this.#files,
      pool: this.#pool,
      metrics,
      maxBytes: set.maxRequestBytes,
      isReady: () => this.#isReady
    });
  }

  /** Answers a request of the web's `Request`, without a socket. An abort of its signal frees all that it uses. */
  readonly fetch = async (request: Request): Promise<Response> => await this.#app.fetch(request);

  /** Loads the model that answers where a request names none. Until then `/health` says 503. */
  async load(): Promise<void> {
    this.#isReady = false;
    using _lease = await this.#pool.lease(this.#pool.idOf(undefined));
    this.#isReady = true;
  }

  /**
   * Listens on this machine alone, unless another address is given, which needs a token.
   *
   * @returns the address, "http://127.0.0.1:8080"
   * @throws MedGemmaError INVALID_ARGUMENT when the address or port is taken or not there, or others could reach it without a token
   */
  async listen(options: ListenOptions = {}): Promise<string> {
    checkListenOptions(options);
    const { host, port } = withDefaults(listenOptions, options);
    if (this.#socket !== null || this.#closing !== undefined)
      throw new MedGemmaError("INVALID_ARGUMENT", "This server listens already, or was closed. Create another one.");
    if (!isLoopback(host) && !this.#hasToken)
      throw new MedGemmaError(
        "INVALID_ARGUMENT",
        `On ${host} other machines can reach the server, and no token is set. Give a token, or listen on 127.0.0.1.`
      );
    this.#hosts.push(...namesOf(host));
    return await new Promise((resolve, reject) => {
      const socket = serve(
        { fetch: this.fetch, hostname: host, port, createServer: createHttpServer, serverOptions },
        ({ address, port: bound, family }) => resolve(`http://${family === "IPv6" ? `[${address}]` : address}:${bound}`)
      ) as Server;
      socket.maxConnections = maxConnections;
      // A client that neither sends nor reads; the pings of a stream keep those that do.
      socket.setTimeout(idleMs);
      socket.once("error", (error: NodeJS.ErrnoException) =>
        reject(
          new MedGemmaError("INVALID_ARGUMENT", `The server cannot listen on ${host}:${port}: ${reasonOf(error)}.`, {
            cause: error
          })
        )
      );
      this.#socket = socket;
    });
  }

  /** Takes no more requests, lets those that run finish for `graceSeconds`, then unloads what the server has loaded. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const socket = this.#socket;
    const closed = socket === null ? undefined : new Promise((resolve) => socket.close(resolve));
    socket?.closeIdleConnections();
    await this.#answering.close(this.#graceMs);
    // What was answered is on its way; whoever does not read it is not waited for.
    setTimeout(() => socket?.closeAllConnections(), 1000).unref();
    await closed;
    await this.#files.close();
    await this.#pool.close();
  }
}

/** Sockets at once; each costs some memory even when it says nothing. */
const maxConnections = 512;
const idleMs = 120_000;
/** A client has so long to send its headers, and its whole request. */
const serverOptions = {
  headersTimeout: 10_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 2000,
  maxHeaderSize: 16_384
};

/** See `createServer` in start.ts. */
export async function startServer(options: ServerOptions): Promise<MedGemmaServer> {
  checkServerOptions(options);
  const isNamed = options.model !== undefined || options.models !== undefined;
  if (isNamed) return new MedGemmaServer(options);
  // Its name is what requests call it by, so it is looked for now.
  const { id, warnings } = await resolveModel(undefined);
  for (const warning of warnings) process.emitWarning(warning, "MedGemmaWarning");
  return new MedGemmaServer({ ...options, model: id });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Names that a client may call it by. */
function namesOf(host: string): string[] {
  const isAny = host === "0.0.0.0" || host === "::";
  return isAny ? [hostname()] : [isIP(host) === 6 ? `[${host}]` : host];
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === "EADDRINUSE") return "another program listens there. Choose another port";
  if (code === "EACCES") return "permission denied. Choose a port above 1023";
  if (code === "EADDRNOTAVAIL") return "this machine does not have that address";
  return message.replace(/\.$/, "");
}
