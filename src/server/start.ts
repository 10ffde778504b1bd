/** The entry for programs: what serves is loaded when a program wants a server. */
import type { MedGemmaServer } from "./create-server.js";
import type { ServerOptions } from "./server-options.js";

/**
 * A server with an OpenAI-compatible interface: `fetch` answers without a socket, `listen` opens one. Nothing is loaded before the
 * first request or `load`.
 *
 * @example
 * ```ts
 * await using server = await createServer({ model: "1.5-4b-it" });
 * const url = await server.listen({ port: 8080 });
 * ```
 * @throws MedGemmaError INVALID_ARGUMENT
 */
export async function createServer(options: ServerOptions = {}): Promise<MedGemmaServer> {
  const { startServer } = await import("./create-server.js");
  return await startServer(options);
}
