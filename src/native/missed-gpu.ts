/** A GPU backend that this machine seems to have, but that is not used, and what its user can do. */
import type { GpuBackend } from "./backend.js";

/** A GPU backend that is not used, though its drivers are there. */
export interface MissedGpu {
  readonly backend: GpuBackend;
  /** "failed": its trial; "missing": node-llama-cpp's package for it is not installed. */
  readonly outcome: "failed" | "missing";
  /** In one line, without a full stop. */
  readonly reason: string;
}

/** The beginning of a sentence that goes on with a semicolon. */
export const missedGpuRemedies: Readonly<Record<MissedGpu["outcome"], string>> = {
  failed: "After fixing it (usually with a newer GPU driver), test it again",
  missing: "Install again without leaving out optional dependencies"
};
