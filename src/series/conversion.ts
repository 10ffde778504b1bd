/** How values of a volume become levels: by a recipe of three windows, or gray over the range of the whole volume. */
import { recipes, type RecipeName, type ValueRange } from "./recipes.js";

export interface Conversion {
  readonly recipe: RecipeName | null;
  /** For red, green and blue; null: each slice by a window, the file's or the one asked for. */
  readonly channels: readonly [ValueRange, ValueRange, ValueRange] | null;
  /** For a person. */
  readonly note: string | null;
}

/** For CT in Hounsfield units. Default "v1.5". */
export function byRecipe(recipe: RecipeName = "v1.5"): Conversion {
  const channels = recipes[recipe];
  const shown = channels.map(([least, most]) => `${least}..${most}`).join(", ");
  return { recipe, channels, note: `red, green, blue: ${shown} HU (recipe ${recipe})` };
}

/** For MR, whose values have no unit. */
export function byRange(range: ValueRange): Conversion {
  const [least, most] = range.map((value) => Number(value.toPrecision(6)));
  return {
    recipe: null,
    channels: [range, range, range],
    note: `gray from the least to the greatest value of the volume (${least} to ${most})`
  };
}

export function byWindows(note: string | null = null): Conversion {
  return { recipe: null, channels: null, note };
}
