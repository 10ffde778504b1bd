/** A DICOMDIR: the list of files on a disc (PS3.3 annex F). */
import { parseDicom } from "./parse.js";
import { tags } from "./tags.js";

/**
 * The images that a DICOMDIR lists, as paths in parts, relative to its folder. A part is a plain name: what points
 * elsewhere is a trap and left out.
 *
 * @returns null when the bytes are no DICOMDIR
 */
export function readDicomDirectory(bytes: Uint8Array): readonly (readonly string[])[] | null {
  const { dataSet } = parsedOrNull(bytes) ?? {};
  if (dataSet?.element(tags.DirectoryRecordSequence) === undefined) return null;
  return dataSet
    .items(tags.DirectoryRecordSequence)
    .filter((record) => record.text(tags.DirectoryRecordType) === "IMAGE")
    .map((record) => record.texts(tags.ReferencedFileID))
    .filter((parts) => parts.length > 0 && parts.every((part) => /^\w[\w.-]{0,63}$/.test(part)));
}

/** What cannot be parsed is told by whoever wants a picture of it. */
function parsedOrNull(bytes: Uint8Array): ReturnType<typeof parseDicom> | null {
  try {
    return parseDicom(bytes);
  } catch {
    return null;
  }
}
