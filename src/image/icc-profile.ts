/** Colour profiles (ICC.1): does a picture need its own, or are its colours those of sRGB, or nearly? */

/** Colours of sRGB's red, green and blue as profiles have them: XYZ under D50 (IEC 61966-2-1, Bradford-adapted). */
const sRgb = [
  [0.4361, 0.2225, 0.0139],
  [0.3851, 0.7169, 0.0971],
  [0.1431, 0.0606, 0.7139]
] as const;

/** Makers round, and adapt to D50 in slightly different ways; Apple's Generic RGB differs by 0.02, Display P3 by 0.08. */
const primaryTolerance = 0.01;

/** Of 255. A plain gamma of 2.2, which many write for sRGB, differs by 9 in the darkest levels; one of 1.8 by 19. */
const levelTolerance = 10;

const headerBytes = 128;

/** As profiles name them. */
const spaces = { rgb: "RGB ", gray: "GRAY", cmyk: "CMYK" } as const;

/** "ignore": sRGB or nearly, or for pictures of another kind; "convert": colours that are taken for sRGB would be wrong. */
export type ProfileUse = "ignore" | "convert" | "damaged";

/** What is told of it. */
export const profileNotes: Readonly<Record<ProfileUse, readonly string[]>> = {
  ignore: [],
  convert: ["colours converted to sRGB by the profile of the file"],
  damaged: ["the colour profile of the file is damaged, and left out"]
};

/** @param icc The bytes of a profile; undefined: there is none */
export function useOfProfile(icc: Buffer | undefined, space: keyof typeof spaces): ProfileUse {
  if (icc === undefined) return "ignore";
  try {
    return judge(icc, spaces[space]);
  } catch (error) {
    if (error instanceof RangeError) return "damaged"; // it points out of itself
    throw error;
  }
}

/** @throws RangeError */
function judge(icc: Buffer, space: string): ProfileUse {
  if (icc.readUInt32BE(0) > icc.length || icc.toString("latin1", 36, 40) !== "acsp") return "damaged";
  if (icc.toString("latin1", 16, 20) !== space) return "ignore";
  const places = tagsOf(icc);
  const hasTable = places.has("A2B0");
  if (space === spaces.cmyk) return hasTable ? "convert" : "damaged";
  const isGray = space === spaces.gray;
  const primaries = isGray ? [] : ["rXYZ", "gXYZ", "bXYZ"].map((name) => places.get(name));
  const curves = (isGray ? ["kTRC"] : ["rTRC", "gTRC", "bTRC"]).map((name) => places.get(name));
  if ([...primaries, ...curves].includes(undefined)) return hasTable ? "convert" : "damaged";
  const isNear =
    primaries.every((at, colour) => isNearPrimary(icc, at ?? 0, sRgb[colour] ?? [])) &&
    curves.every((at) => isNearCurve(readCurve(icc, at ?? 0)));
  return isNear ? "ignore" : "convert";
}

/** Where each begins; those that end outside of the profile are left out. */
function tagsOf(icc: Buffer): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const count = Math.min(icc.readUInt32BE(headerBytes), 100);
  for (let at = headerBytes + 4; at < headerBytes + 4 + 12 * count; at += 12) {
    const [from, length] = [icc.readUInt32BE(at + 4), icc.readUInt32BE(at + 8)];
    if (from + length <= icc.length) places.set(icc.toString("latin1", at, at + 4), from);
  }
  return places;
}

/** s15Fixed16Number. */
const fixed = (icc: Buffer, at: number): number => icc.readInt32BE(at) / 2 ** 16;

function isNearPrimary(icc: Buffer, at: number, xyz: readonly number[]): boolean {
  return xyz.every((value, axis) => Math.abs(fixed(icc, at + 8 + 4 * axis) - value) <= primaryTolerance);
}

/** Whether each level stays nearly what it is. */
function isNearCurve(lightOf: (level: number) => number): boolean {
  for (let level = 0; level <= 255; level += 1) {
    const light = lightOf(level / 255);
    const shown = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055; // IEC 61966-2-1
    if (!(Math.abs(255 * shown - level) <= levelTolerance)) return false;
  }
  return true;
}

/** Levels from 0 to 1 → light from 0 to 1 (ICC.1 10.6 and 10.18). */
function readCurve(icc: Buffer, at: number): (level: number) => number {
  if (icc.toString("latin1", at, at + 4) === "para") return readFormula(icc, at);
  const count = icc.readUInt32BE(at + 8);
  if (count === 0) return (level) => level;
  if (count === 1) {
    const gamma = icc.readUInt16BE(at + 12) / 256;
    return (level) => level ** gamma;
  }
  icc.readUInt16BE(at + 12 + 2 * (count - 1)); // its last entry must be there
  return (level) => {
    const place = level * (count - 1);
    const below = Math.min(Math.floor(place), count - 2);
    const [from, to] = [icc.readUInt16BE(at + 12 + 2 * below), icc.readUInt16BE(at + 14 + 2 * below)];
    return (from + (to - from) * (place - below)) / 65535;
  };
}

function readFormula(icc: Buffer, at: number): (level: number) => number {
  const kind = icc.readUInt16BE(at + 8);
  const count = [1, 3, 4, 5, 7][kind] ?? 0;
  const [gamma = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from({ length: count }, (_one, index) =>
    fixed(icc, at + 12 + 4 * index)
  );
  const power = (level: number): number => Math.max(0, a * level + b) ** gamma;
  if (kind <= 2) return (level) => power(level) + (kind === 2 ? c : 0);
  return (level) => (level >= d ? power(level) + e : c * level + f);
}
