/** The wanted magnification or level → the level that is read, and by how much it is shrunk. Nothing is ever enlarged. */
import { MedGemmaError } from "../errors.js";
import type { SlideLevel } from "./level.js";
import type { ScannedAt } from "./scanned-at.js";

export interface ChosenLevel {
  readonly index: number;
  readonly level: SlideLevel;
  /** Pixels of the level that become one of a patch, along an edge. */
  readonly shrinkBy: number;
  /** Of the patches; null: unknown. */
  readonly magnification: number | null;
}

/** Google's notebook high_dimensional_pathology takes 10x. */
const defaultMagnification = 10;

/** Levels are shrunk by whole pixels, so that a quarter is 3.998 or 4.003: nobody sees that, and resampling would blur. */
const tolerance = 0.02;

/** @throws MedGemmaError INVALID_ARGUMENT for a level that is not there, and where a magnification cannot be told */
export function chooseLevel(
  levels: readonly SlideLevel[],
  scanned: ScannedAt | null,
  {
    level: wantedLevel,
    magnification: wanted = defaultMagnification,
    name
  }: { readonly level: number | undefined; readonly magnification: number | undefined; readonly name: string }
): ChosenLevel {
  if (wantedLevel !== undefined) {
    const level = levels[wantedLevel];
    if (level === undefined)
      throw new MedGemmaError(
        "INVALID_ARGUMENT",
        `${name} has no level ${wantedLevel}. Its levels are ${listed(levels, scanned)}.`,
        { remedy: { option: "level" } }
      );
    return {
      index: wantedLevel,
      level,
      shrinkBy: 1,
      magnification: scanned === null ? null : scanned.magnification / level.downsample
    };
  }
  if (scanned === null)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${name} does not say at which magnification it was scanned. Choose a level instead: ${listed(levels, null)}.`,
      { remedy: { option: "level" } }
    );
  const factors = levels.map(({ downsample }) => scanned.magnification / downsample / wanted);
  const index = Math.max(
    0,
    factors.findLastIndex((factor) => factor >= 1 - tolerance)
  );
  const [level, factor] = [levels[index], factors[index]];
  if (level === undefined || factor === undefined) throw new MedGemmaError("INTERNAL", `${name} has no level.`);
  return factor <= 1 + tolerance
    ? { index, level, shrinkBy: 1, magnification: scanned.magnification / level.downsample }
    : { index, level, shrinkBy: factor, magnification: wanted };
}

function listed(levels: readonly SlideLevel[], scanned: ScannedAt | null): string {
  return levels
    .map(
      ({ width, height, downsample }, index) =>
        `${index}: ${width}×${height}${scanned === null ? "" : ` at ${rounded(scanned.magnification / downsample)}x`}`
    )
    .join(", ");
}

/** As it is said to people. */
export function rounded(magnification: number): number {
  return Number(magnification.toPrecision(3));
}
