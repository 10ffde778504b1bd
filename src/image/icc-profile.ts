/** Colour profiles (ICC.1): is it that of sRGB, or nearly? */

/** Colours of sRGB's red, green and blue as profiles have them: XYZ under D50 (IEC 61966-2-1, Bradford-adapted). */
const sRgb = [
  [0.4361, 0.2225, 0.0139],
  [0.3851, 0.7169, 0.0971],
  [0.1431, 0.0606, 0.7139]
] as const;

/** Makers round, and adapt to D50 in slightly different ways; Apple's Generic RGB differs by 0.02, Display P3 by 0.08. */
const tolerance = 0.01;

const headerBytes = 128;

/**
 * A profile of RGB with other primaries, or with tables: then colours that are taken for sRGB are wrong.
 *
 * @param icc The bytes of a profile.
 */
export function isWideGamut(icc: Buffer): boolean {
  if (icc.length < headerBytes + 4 || icc.toString("latin1", 16, 20) !== "RGB ") return false;
  const count = Math.min(icc.readUInt32BE(headerBytes), 100);
  const places = new Map<string, number>();
  for (let index = 0; index < count; index += 1) {
    const at = headerBytes + 4 + 12 * index;
    if (at + 12 > icc.length) break;
    places.set(icc.toString("latin1", at, at + 4), icc.readUInt32BE(at + 4));
  }
  const primaries = ["rXYZ", "gXYZ", "bXYZ"].map((name) => {
    const at = places.get(name);
    return at === undefined || at + 20 > icc.length ? null : [8, 12, 16].map((offset) => icc.readInt32BE(at + offset) / 2 ** 16);
  });
  if (primaries.some((primary) => primary === null)) return places.has("A2B0");
  return primaries.some((primary, colour) => primary?.some((value, axis) => Math.abs(value - (sRgb[colour]?.[axis] ?? 0)) > tolerance) === true);
}
