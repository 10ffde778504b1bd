/** The compressed bytes of one frame (PS3.5 A.4): by offset table where there is one, else by how many fragments there are. */
import type { Element } from "dicom-parser";
import type { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import { tags } from "./tags.js";

interface Fragment {
  /** Of its item tag, from the end of the basic offset table. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * @param frame From 0.
 * @throws DicomError
 */
export function encapsulatedFrame(dataSet: DataSet, pixels: Element, frame: number, frames: number): Uint8Array {
  const fragments = fragmentsOf(dataSet, pixels);
  if (fragments.length === 0) throw new DicomError("its compressed pixels are empty");
  const offsets = extendedOffsets(dataSet) ?? pixels.basicOffsetTable ?? [];
  const ofFrame = offsets.length > 0 ? byOffset(fragments, offsets, frame) : withoutOffsets(fragments, frame, frames);
  if (ofFrame.length === 0) throw new DicomError(`it says that it has ${frames} frames, but there are no pixels of frame ${frame + 1}`);
  const [only] = ofFrame;
  return ofFrame.length === 1 && only !== undefined ? only.bytes : Buffer.concat(ofFrame.map(({ bytes }) => bytes));
}

function fragmentsOf({ bytes }: DataSet, pixels: Element): Fragment[] {
  return (pixels.fragments ?? []).map(({ offset, position, length }) => {
    if (position + length > bytes.length) throw new DicomError(`its compressed pixels are cut off: a fragment has ${length} bytes, the file ${bytes.length - position}`);
    return { offset, bytes: bytes.subarray(position, position + length) };
  });
}

function extendedOffsets(dataSet: DataSet): number[] | null {
  const table = dataSet.value(tags.ExtendedOffsetTable);
  if (table === undefined) return null;
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: Math.floor(table.byteLength / 8) }, (_one, index) => Number(view.getBigUint64(8 * index, dataSet.isLittleEndian)));
}

function byOffset(fragments: readonly Fragment[], offsets: readonly number[], frame: number): Fragment[] {
  const start = offsets[frame] ?? Infinity;
  const end = offsets[frame + 1] ?? Infinity;
  return fragments.filter(({ offset }) => offset >= start && offset < end);
}

function withoutOffsets(fragments: readonly Fragment[], frame: number, frames: number): Fragment[] {
  if (frames === 1) return [...fragments];
  if (fragments.length <= frames) return fragments.slice(frame, frame + 1);
  // Several fragments a frame: it ends with the end marker of all JPEG formats, perhaps padded (pydicom looks at 10 bytes).
  let current = 0;
  return fragments.filter(({ bytes }) => {
    const isOfFrame = current === frame;
    if (Buffer.from(bytes.subarray(-10)).includes("\xff\xd9", 0, "latin1")) current += 1;
    return isOfFrame;
  });
}
