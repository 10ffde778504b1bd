/** What a DICOM object without pixels is, by its SOP class (PS3.4 B.5, PS3.6 A-1), in words that continue "it is ". */

/** What begins with a UID of the list is of that kind; the longest counts. */
const kinds: readonly (readonly [uid: string, kind: string])[] = [
  ["4.2", "MR spectroscopy, spectra instead of pixels"],
  ["9", "a waveform (ECG, sound or another signal)"],
  ["11", "a presentation state, which says how images are shown"],
  ["66", "raw data of a scanner"],
  ["66.1", "a spatial registration"],
  ["66.2", "a list of fiducials"],
  ["66.3", "a deformable registration"],
  ["66.5", "a surface segmentation"],
  ["66.6", "a set of fibre tracts"],
  ["67", "a real world value mapping"],
  ["68", "a surface scan"],
  ["78", "a measurement of the eye"],
  ["79", "a report about the eye"],
  ["80", "a report about the eye"],
  ["88", "a structured report"],
  ["88.59", "a key object selection, which lists images"],
  ["90.1", "the result of a content assessment"],
  ["91.1", "annotations of a slide"],
  ["104.1", "an encapsulated PDF"],
  ["104.2", "an encapsulated document (CDA)"],
  ["104.3", "an encapsulated 3D model (STL)"],
  ["104.4", "an encapsulated 3D model (OBJ)"],
  ["104.5", "an encapsulated 3D model (MTL)"],
  ["131", "a structured display, which says how images are hung"],
  ["200", "an implant or processing record"],
  ["201", "an inventory of an archive"],
  ["481", "an object of radiotherapy"],
  ["481.3", "an RT structure set (RTSTRUCT), contours that lie on images"],
  ["481.4", "an RT treatment record"],
  ["481.5", "an RT plan"],
  ["481.6", "an RT treatment record"],
  ["481.7", "an RT treatment record"],
  ["481.8", "an RT ion plan"],
  ["481.9", "an RT treatment record"]
];

const storage = "1.2.840.10008.5.1.4.1.1.";

/** VL Whole Slide Microscopy Image Storage. */
export const wholeSlideUid = "1.2.840.10008.5.1.4.1.1.77.1.6";

/** @returns null for a class that has pixels, or that is not known here */
export function describeSopClass(uid: string | undefined): string | null {
  if (uid?.startsWith(storage) !== true) return null;
  const own = uid.slice(storage.length);
  const found = kinds
    .filter(([start]) => own === start || own.startsWith(`${start}.`))
    .sort(([a], [b]) => b.length - a.length);
  return found[0]?.[1] ?? null;
}
