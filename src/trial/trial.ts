/** What a trial of a GPU backend came to, and whether this process is one. */
import type { GpuBackend } from "../native/backend.js";

export type TriedBackend = Exclude<GpuBackend, "off">;

export interface Trial {
  readonly backend: TriedBackend;
  /** "absent": this machine has no device for it. */
  readonly outcome: "good" | "failed" | "absent";
  /** What went wrong or is not there, in one line without a full stop; null: nothing. */
  readonly reason: string | null;
  /** ISO 8601. */
  readonly triedAt: string;
}

/** What the process of a trial reports to the one that started it. */
export type TrialReport = Pick<Trial, "outcome" | "reason">;

/** Set in the process of a trial, which must not start another one. */
export const trialVariable = "MEDGEMMA_TRIAL";

export function isTrialProcess(): boolean {
  return process.env[trialVariable] === "1";
}
