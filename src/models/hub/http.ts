/**
 * One GET request: through the user's proxy, following redirects by hand, with a limit on every wait. The token goes to the
 * hub alone, never to the host that it redirects to.
 */
import type { Dispatcher } from "undici";
import { abortedError, firstLine, MedGemmaError } from "../../errors.js";
import { packageVersion } from "../../shared/package-version.js";
import { proxyFor } from "./proxy.js";

export interface HttpOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the origin of the first address only. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: Dispatcher.ResponseData["body"];
  /** Where it came from in the end. */
  readonly url: URL;
  /** Headers of the first answer, which may have been a redirect: the hub tells about a file there. */
  readonly firstHeaders: HttpHeaders;
}

export interface HttpHeaders {
  /** Names in lower case; null when it is missing. */
  get(name: string): string | null;
}

/** Something that may be over in a moment: whoever gets it may try again. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  /** How long the server asks to wait; null: it does not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number | null } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** The hub needs one, its mirrors one or two more; who asks for many goes in a circle. */
const maxRedirects = 5;

/** RFC 9110 and 6585: the server may do better in a moment. */
const passingStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The variable of Hugging Face's own programs, with their default: seconds without a byte after which a wait is over. */
function idleMs(): number {
  const seconds = Number(process.env.HF_HUB_DOWNLOAD_TIMEOUT);
  return seconds > 0 && seconds <= 3600 ? seconds * 1000 : 10_000;
}

/** Imported by the first request: it brings a second copy of itself, Node's own, into the process, and WebAssembly. */
const importUndici = () => import("undici");
type Undici = Awaited<ReturnType<typeof importUndici>>;

/** Address of the proxy, "" for none → what keeps its connections. */
const agents = new Map<string, Dispatcher>();

function agentFor(url: URL, { Agent, ProxyAgent }: Undici): Dispatcher {
  const proxy = proxyFor(url)?.url.href ?? "";
  const waits = { connect: { timeout: idleMs() }, headersTimeout: idleMs(), bodyTimeout: idleMs() };
  const agent = agents.get(proxy) ?? (proxy === "" ? new Agent(waits) : new ProxyAgent({ ...waits, uri: proxy }));
  agents.set(proxy, agent);
  return agent;
}

/**
 * Resolves to any answer that is neither a redirect nor passing trouble; whoever gets it reads or dumps its body.
 *
 * @throws Interruption when trying again may help; MedGemmaError DOWNLOAD_FAILED, ABORTED
 */
export async function httpGet(start: URL, options: HttpOptions): Promise<HttpResponse> {
  let url = start;
  let firstHeaders: HttpHeaders | undefined;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const response = await getOnce(url, { ...options, token: url.origin === start.origin ? options.token : undefined });
    firstHeaders ??= response.headers;
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return { ...response, url, firstHeaders };
    await response.body.dump();
    url = redirected(url, location);
  }
  throw new MedGemmaError("DOWNLOAD_FAILED", `${start.href} redirects in a circle, more than ${maxRedirects} times. Check HF_ENDPOINT, or try again later.`);
}

async function getOnce(url: URL, { headers, token, signal }: HttpOptions): Promise<Omit<HttpResponse, "firstHeaders">> {
  const undici = await importUndici();
  let response: Dispatcher.ResponseData;
  try {
    response = await undici.request(url, {
      dispatcher: agentFor(url, undici),
      signal: signal ?? null,
      headers: {
        "user-agent": `medgemma-local/${packageVersion()}`,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers
      }
    });
  } catch (error) {
    throw asNetworkError(error, url, signal);
  }
  const { statusCode: status, body } = response;
  const answered = { status, headers: headersOf(response.headers), body, url };
  if (!passingStatuses.has(status)) return answered;
  await body.dump().catch(() => undefined);
  const what = status === 429 ? "too many requests" : "trouble of its own";
  throw new Interruption(`${url.host} answers ${status}, ${what}`, { retryAfterMs: retryAfter(answered.headers.get("retry-after")) });
}

/** An error of the connection or of a body that breaks off, in our words. */
export function asNetworkError(error: unknown, url: URL, signal?: AbortSignal): Error {
  if (error instanceof MedGemmaError || error instanceof Interruption) return error;
  if (signal?.aborted === true) return abortedError("The download", signal);
  const { code = "" } = error as NodeJS.ErrnoException;
  if (code.includes("CERT") || code.includes("SELF_SIGNED") || code.includes("ISSUER") || code.includes("UNABLE_TO_VERIFY")) {
    return new MedGemmaError(
      "DOWNLOAD_FAILED",
      `${url.host} shows a certificate that is not trusted (${code}). If your network has a certificate of its own, name its file in NODE_EXTRA_CA_CERTS.`,
      { cause: error }
    );
  }
  const proxy = proxyFor(url);
  const who = proxy === null ? url.host : `${url.host} through the proxy ${proxy.url.host} (${proxy.variable})`;
  const refusal = /Proxy response \((\d+)\)/.exec(firstLine(error))?.[1] ?? (firstLine(error).includes('(407)') ? "407" : undefined);
  if (proxy !== null && refusal === "407") {
    return new MedGemmaError("DOWNLOAD_FAILED", `The proxy ${proxy.url.host} asks for a user name and a password. Set ${proxy.variable} to http://USER:PASSWORD@${proxy.url.host}.`, { cause: error });
  }
  if (refusal !== undefined) return new Interruption(`${who} cannot be reached: the proxy answers ${refusal}`, { cause: error });
  const known: Readonly<Record<string, string>> = {
    UND_ERR_HEADERS_TIMEOUT: `did not answer for ${idleMs() / 1000} s`,
    UND_ERR_BODY_TIMEOUT: `sent nothing for ${idleMs() / 1000} s`,
    UND_ERR_CONNECT_TIMEOUT: `could not be reached within ${idleMs() / 1000} s`,
    UND_ERR_SOCKET: "closed the connection too early",
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "sent a different number of bytes than it announced",
    ECONNRESET: "closed the connection too early",
    ECONNREFUSED: "refused the connection",
    ENOTFOUND: "is not a known host (is there a network?)",
    EAI_AGAIN: "cannot be looked up (is there a network?)",
    ENETUNREACH: "cannot be reached (is there a network?)"
  };
  return new Interruption(`${who} ${known[code] ?? `failed (${firstLine(error)})`}`, { cause: error });
}

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : null;
  if (to === null || !/^https?:$/.test(to.protocol) || (from.protocol === "https:" && to.protocol === "http:")) {
    throw new MedGemmaError("DOWNLOAD_FAILED", `${from.host} redirects to ${location.slice(0, 80)}, which is not a trusted address. Check HF_ENDPOINT.`);
  }
  return to;
}

function headersOf(headers: Dispatcher.ResponseData["headers"]): HttpHeaders {
  return {
    get: (name) => {
      const value = headers[name];
      return (Array.isArray(value) ? value[0] : value) ?? null;
    }
  };
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfter(value: string | null): number | null {
  if (value === null) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
