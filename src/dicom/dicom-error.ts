import type { MedGemmaErrorOptions } from "../errors.js";
import type { Remedy } from "../remedy.js";

/** What is wrong in a DICOM file, before its name is known; `read-dicom.ts` makes the package's error of it. */
export class DicomError extends Error {
  override readonly name = "DicomError";
  readonly remedy: Remedy | null;

  constructor(message: string, { remedy = null, ...options }: MedGemmaErrorOptions = {}) {
    super(message, options);
    this.remedy = remedy;
  }
}
