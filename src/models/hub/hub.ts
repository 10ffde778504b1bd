/** The Hugging Face hub, or a mirror of it: which files a repository holds, with their sizes and hashes, and their bytes. */
import { MedGemmaError } from "../../errors.js";
import { hubEndpoint, isOffline } from "./endpoint.js";
import { asNetworkError, httpGet, type HttpResponse } from "./http.js";
import { withRetries, type RetryOptions } from "./retries.js";

/** A file of a repository as the hub describes it. */
export interface HubFile {
  /** "owner/name" */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Inside the repository. */
  readonly path: string;
  readonly byteLength: number;
  /** Hex. */
  readonly sha256: string;
}

/** One file in the answer of `/api/models/{repo}/tree/{revision}`; nobody has checked it. */
interface TreeEntry {
  readonly type?: unknown;
  readonly path?: unknown;
  readonly size?: unknown;
  readonly lfs?: { readonly oid?: unknown; readonly sha256?: unknown; readonly size?: unknown } | null;
}

export type ListOptions = Pick<RetryOptions, "signal" | "onRetry">;

/** Far more than any repository of weights has; it bounds what a wrong server can make us read. */
const maxPages = 20;
const maxPageBytes = 16e6;

export class Hub {
  readonly #endpoint: URL;
  readonly #token: string | undefined;

  /**
   * HF_ENDPOINT names another hub, HF_TOKEN who asks; as in Hugging Face's own programs.
   *
   * @throws MedGemmaError OFFLINE, INVALID_ARGUMENT
   */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    if (isOffline(env)) {
      throw new MedGemmaError("OFFLINE", "A download needs the network, and offline use is set (MEDGEMMA_OFFLINE or HF_HUB_OFFLINE). Without network, import a folder or a file.", { remedy: { command: "import" } });
    }
    const text = hubEndpoint(env);
    if (!/^https?:/.test(text) || !URL.canParse(text)) {
      throw new MedGemmaError("INVALID_ARGUMENT", `HF_ENDPOINT is ${text}; expected an address such as https://huggingface.co.`);
    }
    this.#endpoint = new URL(text.replace(/\/*$/, "/"));
    const token = env.HF_TOKEN?.trim() ?? "";
    if (/[^\x21-\x7e]/.test(token)) throw new MedGemmaError("INVALID_ARGUMENT", "HF_TOKEN holds a blank, a line break or another character that no token has. Set it anew, or unset it.");
    this.#token = token === "" ? undefined : token;
  }

  get host(): string {
    return this.#endpoint.host;
  }

  /** Does an address belong to the hub itself, not to a host that it redirects to? */
  owns(url: URL): boolean {
    return url.origin === this.#endpoint.origin;
  }

  /** Those with a sha256, which are the large ones; in folders of the repository too, where large quantisations often lie. @throws MedGemmaError MODEL_NOT_FOUND, ACCESS_DENIED, DOWNLOAD_FAILED, ABORTED */
  async listFiles(repository: string, revision: string, { signal, onRetry }: ListOptions): Promise<HubFile[]> {
    const files: HubFile[] = [];
    let page: URL | null = this.#url(`api/models/${repository}/tree/${encodeURIComponent(revision)}?recursive=true`);
    for (let count = 0; page !== null && count < maxPages; count += 1) {
      const url: URL = page;
      const { entries, next } = await withRetries(() => this.#readPage(url, repository, revision, signal), {
        what: `the list of files of ${repository}`,
        advice: "Try again later.",
        signal,
        onRetry
      });
      files.push(...entries.flatMap((entry) => fileOf(entry, repository, revision)));
      page = next;
    }
    return files;
  }

  /**
   * The answer to a request for a file, or for a range of it: the hub's own, or that of the host where it redirects to.
   *
   * @param direct Address behind an earlier redirect, to ask without the hub.
   * @throws as `httpGet`; MedGemmaError MODEL_NOT_FOUND, ACCESS_DENIED
   */
  async openFile(file: HubFile, range: { readonly start: number; readonly end: number }, direct: URL | null, signal?: AbortSignal): Promise<HttpResponse> {
    const path = file.path.split("/").map(encodeURIComponent).join("/");
    const url = direct ?? this.#url(`${file.repository}/resolve/${encodeURIComponent(file.revision)}/${path}`);
    const response = await httpGet(url, {
      headers: { range: `bytes=${range.start}-${range.end - 1}`, "accept-encoding": "identity" },
      token: direct === null ? this.#token : undefined,
      signal
    });
    if (this.owns(response.url)) await this.#ensureAllowed(response, file.repository, file.revision, file.path);
    return response;
  }

  async #readPage(url: URL, repository: string, revision: string, signal?: AbortSignal): Promise<{ entries: TreeEntry[]; next: URL | null }> {
    const response = await httpGet(url, { token: this.#token, signal });
    await this.#ensureAllowed(response, repository, revision, null);
    const text = await readText(response, signal);
    let entries: unknown;
    try {
      entries = JSON.parse(text);
    } catch {
      entries = null;
    }
    if (response.status !== 200 || !Array.isArray(entries)) {
      throw new MedGemmaError("DOWNLOAD_FAILED", `${response.url.host} gives no list of the files of ${repository}, but HTTP ${response.status}. Is HF_ENDPOINT a hub, or does a proxy answer?`);
    }
    // RFC 8288; the hub gives a thousand files at a time.
    const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get("link") ?? "")?.[1];
    const nextUrl = next === undefined || !URL.canParse(next, url.href) ? null : new URL(next, url.href);
    return { entries: entries as TreeEntry[], next: nextUrl?.origin === url.origin ? nextUrl : null };
  }

  async #ensureAllowed({ status, headers, body }: HttpResponse, repository: string, revision: string, path: string | null): Promise<void> {
    if (![401, 403, 404].includes(status)) return;
    await body.dump().catch(() => undefined);
    const page = this.#url(repository).href;
    // The hub's own word for it, where it gives one; for what is not public it answers 401 to somebody unknown.
    const reason = headers.get("x-error-code");
    if (reason === "GatedRepo" || (status === 403 && reason !== "RepoNotFound")) {
      throw new MedGemmaError(
        "ACCESS_DENIED",
        `${repository} is gated. Open ${page} in a browser, sign in and agree to its conditions; then create a read token at ` +
          `${this.#url("settings/tokens").href} and set HF_TOKEN to it${this.#token === undefined ? "" : " (the one that is set is not enough)"}.`
      );
    }
    if (status === 401 && reason !== "RepoNotFound") {
      throw new MedGemmaError(
        "ACCESS_DENIED",
        this.#token === undefined
          ? `${this.host} wants to know who asks for ${repository}: create a read token at ${this.#url("settings/tokens").href} and set HF_TOKEN to it.`
          : `${this.host} does not accept the token in HF_TOKEN: it is misspelt or expired. See ${this.#url("settings/tokens").href}, or unset HF_TOKEN.`
      );
    }
    const what = path === null ? `repository ${repository} (revision ${revision})` : `file ${path} in ${repository} (revision ${revision})`;
    throw new MedGemmaError("MODEL_NOT_FOUND", `There is no ${what} on ${this.host}, or it is private. Check the name at ${page}.`);
  }

  #url(path: string): URL {
    return new URL(path, this.#endpoint);
  }
}

/** Nothing that the server says is used before it is checked: paths become file names, sizes become memory. */
function fileOf({ type, path, size, lfs }: TreeEntry, repository: string, revision: string): HubFile[] {
  const byteLength = lfs?.size ?? size;
  const hash = lfs?.oid ?? lfs?.sha256;
  const sha256 = typeof hash === "string" ? hash.replace(/^sha256:/, "").toLowerCase() : "";
  if (type !== "file" || typeof path !== "string" || !Number.isSafeInteger(byteLength) || Number(byteLength) <= 0 || !/^[0-9a-f]{64}$/.test(sha256)) return [];
  return [{ repository, revision, path, byteLength: Number(byteLength), sha256 }];
}

async function readText({ body, url }: HttpResponse, signal?: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxPageBytes) throw new MedGemmaError("DOWNLOAD_FAILED", `${url.host} answers with more than ${maxPageBytes} bytes where a list of files is expected. Check HF_ENDPOINT.`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw asNetworkError(error, url, signal);
  }
  return Buffer.concat(chunks).toString("utf8");
}
