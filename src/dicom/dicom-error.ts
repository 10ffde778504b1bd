/** What is wrong in a DICOM file, before its name is known; `read-dicom.ts` makes the package's error of it. */
export class DicomError extends Error {
  override readonly name = "DicomError";
}
