// Reads single files out of a packed npm package, so that 200 MB of it need not be written to disk.

/** The regular files of an unzipped tar whose path `isWanted`. npm writes plain ustar: no sparse files, no links. */
export function readTar(bytes, isWanted) {
  const files = [];
  const text = (start, length) => bytes.toString("utf8", start, start + length).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0;) {
    const size = parseInt(text(at + 124, 12), 8);
    if (!Number.isFinite(size) || at + 512 + size > bytes.length) throw new Error("a damaged tar file");
    const prefix = text(at + 345, 155);
    const path = (prefix === "" ? "" : `${prefix}/`) + text(at, 100);
    const type = String.fromCharCode(bytes[at + 156]);
    if ((type === "0" || type === "\0") && isWanted(path))
      files.push({ path, bytes: bytes.subarray(at + 512, at + 512 + size) });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
