/** NumPy's .npy format, version 1.0 (numpy.org, "NEP 1"): the header for little-endian float32, and the file's bytes. */
import { endianness } from "node:os";

/** Magic, version 1.0, length of the header text, the text; padded so that the numbers begin at a multiple of 64. */
export function npyHeader(shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `${shape[0] ?? 0},` : shape.join(", ");
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  const prefixLength = 10;
  const padding = 63 - ((prefixLength + dictionary.length) % 64);
  const text = `${dictionary}${" ".repeat(padding)}\n`;
  const prefix = Buffer.from([0x93, ..."NUMPY".split("").map((letter) => letter.charCodeAt(0)), 1, 0, 0, 0]);
  prefix.writeUInt16LE(text.length, 8);
  return Buffer.concat([prefix, Buffer.from(text, "latin1")]);
}

/** Rows of equal length, stacked: the file of an array of shape [rows.length, ...rowShape]. */
export function npyFile(rows: readonly Float32Array[], rowShape: readonly number[]): Buffer {
  const numbers = rows.map((row) => littleEndian(Buffer.from(row.buffer, row.byteOffset, row.byteLength)));
  return Buffer.concat([npyHeader([rows.length, ...rowShape]), ...numbers]);
}

function littleEndian(bytes: Buffer): Buffer {
  return endianness() === "LE" ? bytes : Buffer.from(bytes).swap32();
}
