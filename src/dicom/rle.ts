/**
 * RLE Lossless (PS3.5 annex G). The one decoder of our own: it is 20 lines, and that of dcmjs-codecs leaves what a segment
 * does not fill as it was in its memory, which may be the picture before.
 */
import { DicomError } from "./dicom-error.js";

/** @returns the samples of a frame, planes one after the other, little-endian: `planes * pixels * bytesPerSample` bytes */
export function decodeRle(
  encoded: Uint8Array,
  { planes, pixels, bytesPerSample }: { planes: number; pixels: number; bytesPerSample: number }
): Uint8Array {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const segments = planes * bytesPerSample;
  if (encoded.length < 64 || view.getUint32(0, true) !== segments) {
    throw new DicomError(
      `an RLE frame has ${encoded.length < 64 ? "no header" : `${view.getUint32(0, true)} segments`}; expected ${segments}`
    );
  }
  const decoded = new Uint8Array(segments * pixels);
  for (let segment = 0; segment < segments; segment += 1) {
    const start = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < segments ? view.getUint32(8 + 4 * segment, true) : encoded.length;
    if (start < 64 || start > end || end > encoded.length)
      throw new DicomError("an RLE frame has segments outside of it");
    // The most significant byte of a sample comes first.
    const first =
      Math.floor(segment / bytesPerSample) * pixels * bytesPerSample +
      (bytesPerSample - 1 - (segment % bytesPerSample));
    decodeSegment(encoded.subarray(start, end), decoded, first, bytesPerSample, pixels);
  }
  return decoded;
}

function decodeSegment(segment: Uint8Array, decoded: Uint8Array, first: number, step: number, count: number): void {
  let written = 0;
  for (let position = 0; written < count;) {
    const control = segment[position];
    if (control === undefined) throw new DicomError(`an RLE segment ends after ${written} of ${count} bytes`);
    position += 1;
    if (control === 128) continue; // no operation
    const isRun = control > 128;
    const length = isRun ? 257 - control : control + 1;
    if (position + (isRun ? 1 : length) > segment.length)
      throw new DicomError(`an RLE segment ends after ${written} of ${count} bytes`);
    const kept = Math.min(length, count - written); // some encoders pad the last run
    for (let index = 0; index < kept; index += 1)
      decoded[first + (written + index) * step] = segment[position + (isRun ? 0 : index)] ?? 0;
    written += kept;
    position += isRun ? 1 : length;
  }
}
