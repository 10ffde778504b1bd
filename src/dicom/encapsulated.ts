/** The compressed bytes of one frame (PS3.5 A.4): by offset table where there is one that fits, else by how many fragments there are, and how they begin and end. */
import { codecOf } from "./codestream.js";
import type { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import { readFragments, type Element, type Encapsulated } from "./elements.js";
import { tags } from "./tags.js";

interface Fragment {
  /** Of its item, from the end of the offset table. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface EncapsulatedFrame {
  readonly bytes: Uint8Array;
  /** Where the file contradicts itself, and what was done. */
  readonly warnings: readonly string[];
}

/**
 * @param frame From 0.
 * @throws DicomError for a frame that is not there, or that cannot be told from the others
 */
export function encapsulatedFrame(dataSet: DataSet, pixels: Element, frame: number, frames: number): EncapsulatedFrame {
  const encapsulated = readFragments(dataSet.bytes, pixels, dataSet.isLittleEndian);
  const fragments = fragmentsOf(dataSet, encapsulated);
  if (fragments.length === 0) throw new DicomError("its compressed pixels are empty");
  const offsets = extendedOffsets(dataSet) ?? encapsulated.offsets;
  const isFitting = fits(offsets, fragments, frames);
  const ofFrame = isFitting ? byOffset(fragments, offsets, frame) : withoutOffsets(fragments, frame, frames);
  const [only] = ofFrame;
  if (only === undefined)
    throw new DicomError(
      `it says that it has ${frames === 1 ? "1 frame" : `${frames} frames`}, but there are no pixels of frame ${frame + 1}`
    );
  const bytes = ofFrame.length === 1 ? only.bytes : Buffer.concat(ofFrame.map((fragment) => fragment.bytes));
  return {
    bytes,
    warnings:
      isFitting || offsets.length === 0
        ? []
        : ["the offset table of the file does not fit its compressed frames: they are counted instead, as GDCM does"]
  };
}

/** Every frame must begin where a fragment does, the first with the first. What stands behind the last frame does not matter. */
function fits(offsets: readonly number[], fragments: readonly Fragment[], frames: number): boolean {
  if (offsets.length < frames || offsets[0] !== 0) return false;
  const starts = new Set(fragments.map(({ offset }) => offset));
  return offsets
    .slice(0, frames)
    .every((offset, index) => starts.has(offset) && (index === 0 || offset > (offsets[index - 1] ?? 0)));
}

function fragmentsOf({ bytes }: DataSet, { fragments }: Encapsulated): Fragment[] {
  return fragments.map(({ offset, position, length }) => {
    if (position + length > bytes.length)
      throw new DicomError(
        `its compressed pixels are cut off: a fragment has ${length} bytes, the file ${bytes.length - position}`
      );
    return { offset, bytes: bytes.subarray(position, position + length) };
  });
}

function extendedOffsets(dataSet: DataSet): number[] | null {
  const table = dataSet.value(tags.ExtendedOffsetTable);
  if (table === undefined) return null;
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: Math.floor(table.byteLength / 8) }, (_one, index) =>
    Number(view.getBigUint64(8 * index, dataSet.isLittleEndian))
  );
}

function byOffset(fragments: readonly Fragment[], offsets: readonly number[], frame: number): Fragment[] {
  const start = offsets[frame] ?? Infinity;
  const end = offsets[frame + 1] ?? Infinity;
  return fragments.filter(({ offset }) => offset >= start && offset < end);
}

function withoutOffsets(fragments: readonly Fragment[], frame: number, frames: number): Fragment[] {
  if (frames === 1) return [...fragments];
  if (fragments.length === frames) return fragments.slice(frame, frame + 1).filter(({ bytes }) => bytes.length > 0);
  const filled = fragments.filter(({ bytes }) => bytes.length > 0);
  if (filled.length <= frames) return filled.slice(frame, frame + 1);
  // Several fragments a frame: it begins as its codec does,
  const starts = filled.flatMap(({ bytes }, index) => (codecOf(bytes) === null ? [] : [index]));
  if (starts.length === frames && starts[0] === 0) return filled.slice(starts[frame], starts[frame + 1]);
  // and ends with the end marker of all JPEG formats, perhaps padded (pydicom looks at 10 bytes).
  const groups: Fragment[][] = [[]];
  for (const fragment of filled) {
    groups.at(-1)?.push(fragment);
    if (Buffer.from(fragment.bytes.subarray(-10)).includes("\xff\xd9", 0, "latin1")) groups.push([]);
  }
  const whole = groups.filter((group) => group.length > 0);
  if (whole.length !== frames)
    throw new DicomError(
      `it has ${frames} frames in ${filled.length} fragments, and nothing in it says which belong together`
    );
  return whole[frame] ?? [];
}
