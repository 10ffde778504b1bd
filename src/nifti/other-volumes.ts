/** Volumes in formats that are not read: told by their names, with the program that converts them. */
import { extname } from "node:path";
import { gunzipSync, constants } from "node:zlib";
import { isGzip } from "./gunzip.js";
import { headerBytes, isNifti } from "./header.js";

const toOneFile =
  "Save the volume as one file, .nii or .nii.gz, with fslchfiletype NIFTI_GZ (FSL) or nib-convert (nibabel)";

const notNifti =
  "called a NIfTI file, but does not begin as one: it is empty, cut off, or something else. Copy it again";

const byEnding: Readonly<Record<string, string>> = {
  ".nii": notNifti,
  ".mgz": "a FreeSurfer volume (MGZ). Convert it with mri_convert to .nii.gz",
  ".mgh": "a FreeSurfer volume (MGH). Convert it with mri_convert to .nii.gz",
  ".nrrd": "an NRRD volume. Save it as .nii.gz with 3D Slicer or SimpleITK",
  ".nhdr": "the header of an NRRD volume. Save the volume as .nii.gz with 3D Slicer or SimpleITK",
  ".mha": "a MetaImage volume. Save it as .nii.gz with 3D Slicer or SimpleITK",
  ".mhd": "the header of a MetaImage volume. Save the volume as .nii.gz with 3D Slicer or SimpleITK",
  ".mnc": "a MINC volume. Convert it with mnc2nii to .nii",
  ".par": "the header of a Philips PAR/REC pair. Convert it with dcm2niix to .nii.gz",
  ".rec": "half of a Philips PAR/REC pair. Convert it with dcm2niix to .nii.gz",
  ".brik": "half of an AFNI pair (HEAD and BRIK). Convert it with 3dAFNItoNIFTI",
  ".head": "half of an AFNI pair (HEAD and BRIK). Convert it with 3dAFNItoNIFTI",
  ".img": `half of a pair of files (.hdr and .img), as NIfTI and Analyze have them. ${toOneFile}`
};

/** Of Analyze 7.5 and NIfTI-1: the size of the header stands in its first four bytes. */
const analyzeHeaderBytes = 348;

/**
 * @param start The first bytes of a file, some 4096; compressed with gzip or not.
 * @returns in words that continue "FILE is ", without a full stop; null for anything else
 */
export function describeOtherVolume(path: string, start: Uint8Array): string | null {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  const text = bytes.toString("latin1", 0, 64);
  const inner = /\.(?:nii|img|hdr|brik|mnc)\.gz$/i.exec(path)?.[0].replace(/\.gz$/i, "");
  if (text.startsWith("NRRD000")) return byEnding[".nrrd"] ?? null;
  if (/^ObjectType\s*=/.test(text)) return byEnding[".mha"] ?? null;
  if (
    bytes.length >= analyzeHeaderBytes &&
    [bytes.readInt32LE(0), bytes.readInt32BE(0)].includes(analyzeHeaderBytes) &&
    !isNifti(bytes)
  )
    return `the header of an Analyze volume, a pair of .hdr and .img. ${toOneFile}`;
  return byEnding[(inner ?? extname(path)).toLowerCase()] ?? null;
}

/** Whether bytes are a NIfTI file, compressed with gzip or not. */
export function isNiftiBytes(bytes: Uint8Array): boolean {
  if (!isGzip(bytes)) return isNifti(bytes.subarray(0, headerBytes));
  try {
    // What a cut stream has so far: the header is in its first bytes.
    return isNifti(
      gunzipSync(bytes.subarray(0, 2 ** 14), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, headerBytes)
    );
  } catch {
    return false;
  }
}
