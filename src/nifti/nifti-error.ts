/** What is wrong in a NIfTI file, before its name is known; `read-nifti.ts` makes the package's error of it. */
export class NiftiError extends Error {
  override readonly name = "NiftiError";
}
