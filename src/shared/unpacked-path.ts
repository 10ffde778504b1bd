/** Where a file of this package lies when an Electron app was packed: what native code opens must be outside the archive. */
import { existsSync } from "node:fs";

/**
 * A file inside `app.asar` (or another archive) can be read by Electron's own Node only. electron-builder puts what
 * `asarUnpack` names beside it, in `app.asar.unpacked`; the path of that copy is given, where there is one.
 */
export function unpackedPath(path: string): string {
  const unpacked = path.replace(/\.asar(?=[\\/])/, ".asar.unpacked");
  return unpacked !== path && existsSync(unpacked) ? unpacked : path;
}
