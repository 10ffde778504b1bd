/**
 * Downloads one file of the hub over several connections, and hashes it on the way. What is there survives the end of the
 * process at any moment; only a file with the right hash is handed out.
 */
import { abortedError, MedGemmaError } from "../../errors.js";
import type { Hub, HubFile } from "./hub.js";
import { asNetworkError, Interruption, type HttpResponse } from "./http.js";
import { blockBytes, PartialFile, type Piece } from "./partial-file.js";
import { withRetries } from "./retries.js";

export interface DownloadProgress {
  readonly doneBytes: number;
  readonly byteLength: number;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Called with the reason when a request failed and will be made again. */
  readonly onRetry?: ((reason: string) => void) | undefined;
}

const connections = 4;

/**
 * A connection asks for at most this share of what this run has brought: a process that is killed early and often loses
 * little, one that lives long asks seldom. All connections together have at most an eighth of it on the way.
 */
const pieceShare = 1 / 32;
const maxPieceBytes = 2 ** 24;

export interface Downloaded {
  /** Of the whole, verified file, for the caller to rename. */
  readonly path: string;
  /** Of the repository, where the hub says it. */
  readonly commit: string | null;
}

/**
 * @param folder For the unfinished file; must exist, and be used by one process at a time.
 * @throws MedGemmaError DOWNLOAD_FAILED, HASH_MISMATCH, MODEL_NOT_FOUND, ACCESS_DENIED, DISK_FULL, FILE_UNUSABLE, ABORTED
 */
export async function download(hub: Hub, file: HubFile, folder: string, options: DownloadOptions = {}): Promise<Downloaded> {
  await using partial = await PartialFile.open(folder, file.sha256, file.byteLength);
  const work = new Download(hub, file, partial, options);
  const sha256 = await work.run().catch(async (error: unknown) => {
    if (error instanceof MedGemmaError && error.code === "HASH_MISMATCH") await partial.discard();
    throw error;
  });
  if (sha256 !== file.sha256) {
    await partial.discard();
    throw mismatch(file, `its sha256 is ${sha256}, expected ${file.sha256}`);
  }
  await partial.sync();
  await partial.removeMarks();
  return { path: partial.path, commit: work.commit };
}

class Download {
  commit: string | null = null;
  readonly #hub: Hub;
  readonly #file: HubFile;
  readonly #partial: PartialFile;
  readonly #options: DownloadOptions;
  /** Ends everything when one part fails or the caller stops. */
  readonly #end = new AbortController();
  readonly #atStart: number;
  /** Where the hub redirects to, so that it is not asked for every piece. */
  #direct: URL | null = null;
  /** Host → ETag of its first answer. */
  readonly #etags = new Map<string, string>();

  constructor(hub: Hub, file: HubFile, partial: PartialFile, options: DownloadOptions) {
    this.#hub = hub;
    this.#file = file;
    this.#partial = partial;
    this.#options = options;
    this.#atStart = partial.doneBytes;
  }

  async run(): Promise<string> {
    const { signal } = this.#options;
    const throwIfStopped = () => {
      if (signal?.aborted === true) throw abortedError("The download", signal);
    };
    throwIfStopped();
    const stop = () => this.#end.abort(signal?.reason);
    signal?.addEventListener("abort", stop);
    try {
      const parts = [this.#fetchAll(), this.#partial.sha256(this.#end.signal, () => this.#report())].map((part) =>
        part.catch((error: unknown) => {
          this.#end.abort(error);
          throw error;
        })
      );
      const results = await Promise.allSettled(parts);
      throwIfStopped();
      // The first failure stopped the others, which say no more than that.
      if (this.#end.signal.aborted) throw this.#end.signal.reason;
      return (results[1] as PromiseFulfilledResult<string>).value;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  async #fetchAll(): Promise<void> {
    // One first: from its answer the others know where to ask, and a server without ranges sends everything at once.
    await this.#fetchNext();
    const workers = Array.from({ length: connections }, async () => {
      while (await this.#fetchNext());
    });
    await Promise.all(workers);
  }

  /** @returns whether there was something left */
  async #fetchNext(): Promise<boolean> {
    return await withRetries(
      async () => {
        const received = this.#partial.doneBytes - this.#atStart;
        const piece = this.#partial.claim(Math.floor(Math.min(maxPieceBytes, received * pieceShare) / blockBytes) + 1);
        if (piece === null) return false;
        try {
          await this.#fetch(piece);
        } finally {
          this.#partial.release(piece); // of a piece that broke off, another try claims only what is missing
        }
        return true;
      },
      {
        what: this.#file.path,
        advice: "What is there is kept: start the download again to go on.",
        progress: () => this.#partial.doneBytes,
        signal: this.#end.signal,
        onRetry: this.#options.onRetry
      }
    );
  }

  async #fetch(piece: Piece): Promise<void> {
    const signal = this.#end.signal;
    if (signal.aborted) throw abortedError("The download", signal);
    const response = await this.#hub.openFile(this.#file, piece, this.#direct, signal);
    try {
      const expected = this.#check(response, piece);
      await this.#receive(response, expected);
    } catch (error) {
      response.body.destroy();
      throw asNetworkError(error, response.url, signal);
    }
  }

  async #receive({ body, url }: HttpResponse, piece: Piece): Promise<void> {
    let position = piece.start;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (position + chunk.length > piece.end) throw new MedGemmaError("DOWNLOAD_FAILED", `${url.host} sends more bytes of ${this.#file.path} than it was asked for. ${serverIsWrong}`);
      await this.#partial.write(piece, position, chunk);
      position += chunk.length;
      this.#report();
    }
    if (position < piece.end) throw new Interruption(`${url.host} sent ${position - piece.start} of ${piece.end - piece.start} bytes`);
  }

  /** Is this the file that was promised, and the part that was asked for? @returns the part that it is */
  #check({ status, headers, firstHeaders, url }: HttpResponse, piece: Piece): Piece {
    const { path, byteLength, sha256 } = this.#file;
    if (status !== 200 && status !== 206) {
      if (status === 416) throw new MedGemmaError("DOWNLOAD_FAILED", `${url.host} says that ${path} has no bytes ${piece.start} to ${piece.end - 1} (HTTP 416), but the hub lists ${byteLength} bytes. ${serverIsWrong}`);
      // An address behind a redirect is signed, and good for an hour or so.
      this.#direct = null;
      throw new Interruption(`${url.host} answers HTTP ${status}`);
    }
    const linked = unquoted(firstHeaders.get("x-linked-etag"));
    if (linked !== null && /^[0-9a-f]{64}$/.test(linked) && linked !== sha256) throw mismatch(this.#file, `the hub now has a file with sha256 ${linked}, it listed ${sha256}`);
    const etag = unquoted(headers.get("etag"));
    const known = this.#etags.get(url.host);
    if (etag !== null && known !== undefined && etag !== known) throw mismatch(this.#file, `its ETag was ${known} and is now ${etag}`);
    if (etag !== null) this.#etags.set(url.host, etag);
    this.#direct = this.#hub.owns(url) ? null : url;
    this.commit ??= firstHeaders.get("x-repo-commit");
    if (status === 200) {
      const length = headers.get("content-length");
      if (length !== null && Number(length) !== byteLength) throw this.#wrongSize(url, length);
      return { start: 0, end: byteLength };
    }
    const [, start, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
    if (total !== undefined && total !== "*" && Number(total) !== byteLength) throw this.#wrongSize(url, total);
    if (Number(start) !== piece.start || Number(last) !== piece.end - 1) {
      const given = headers.get("content-range") ?? "no Content-Range";
      throw new MedGemmaError("DOWNLOAD_FAILED", `${url.host} was asked for bytes ${piece.start}-${piece.end - 1} of ${path} and sends ${given}. ${serverIsWrong}`);
    }
    return piece;
  }

  #wrongSize(url: URL, found: string): MedGemmaError {
    return mismatch(this.#file, `${url.host} has ${found} bytes of it, the hub listed ${this.#file.byteLength}`);
  }

  #report(): void {
    this.#options.onProgress?.({ doneBytes: this.#partial.doneBytes, byteLength: this.#file.byteLength });
  }
}

const serverIsWrong = "The server or a proxy is at fault: try again later, or another HF_ENDPOINT.";

function mismatch({ path, repository }: HubFile, why: string): MedGemmaError {
  return new MedGemmaError("HASH_MISMATCH", `${path} of ${repository} is not the file that was promised: ${why}. It was thrown away; start the download again.`);
}

/** ETags stand in quotes, a weak one behind W/. */
function unquoted(etag: string | null): string | null {
  return etag?.replace(/^W\//, "").replace(/^"(.*)"$/, "$1") ?? null;
}
