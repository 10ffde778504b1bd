/** What a user has on the disk and what may use the network: for `doctor`, and for bug reports. Opens no connection. */
import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { hubEndpoint, isOffline } from "../../models/hub/endpoint.js";
import type { CheckOptions } from "../../models/check-file.js";
import { modelHome } from "../../models/model-home.js";
import { acceptedTerms } from "../../models/terms.js";
import { verifyModels, type VerifiedFile } from "../../models/verify.js";

export interface StorageFacts {
  readonly folder: {
    readonly path: string;
    /** false: nothing can be pulled or imported into it. null: it is not there yet. */
    readonly writable: boolean | null;
    readonly freeBytes: number | null;
  };
  /** Every file of every installed model; hashes were computed. */
  readonly files: readonly VerifiedFile[];
  /** ISO time when the terms of the weights were accepted; null: not yet. */
  readonly termsAccepted: string | null;
  readonly network: {
    /** "never": `--offline` or its variables forbid it. "only pull": `pull`, and `chat` after a question, open connections. */
    readonly policy: "never" | "only pull";
    readonly endpoint: string;
    /** Is HF_TOKEN set? Its value is nobody's business. */
    readonly hasToken: boolean;
    /** Is a proxy set? */
    readonly hasProxy: boolean;
  };
}

/** @throws MedGemmaError FILE_UNUSABLE, ABORTED */
export async function examineStorage(options: CheckOptions): Promise<StorageFacts> {
  const path = modelHome();
  const { env } = process;
  return {
    folder: { path, ...(await describeFolder(path)) },
    files: await verifyModels(undefined, options),
    termsAccepted: (await acceptedTerms())?.accepted ?? null,
    network: {
      policy: isOffline() ? "never" : "only pull",
      endpoint: hubEndpoint(),
      hasToken: (env.HF_TOKEN ?? "") !== "",
      hasProxy: ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].some(
        (name) => (env[name] ?? "") !== ""
      )
    }
  };
}

async function describeFolder(path: string): Promise<Pick<StorageFacts["folder"], "writable" | "freeBytes">> {
  try {
    const { bavail, bsize } = await statfs(path);
    const writable = await access(path, constants.W_OK).then(
      () => true,
      () => false
    );
    return { writable, freeBytes: bavail * bsize };
  } catch {
    return { writable: null, freeBytes: null };
  }
}
