/** Colour samples → 8-bit RGB (PS3.3 C.7.6.3.1.2). */
import type { StoredFrame, StoredValues } from "./stored-frame.js";

/** Samples of more or fewer than 8 bits are scaled, so that the greatest becomes 255. */
export function colorToRgb({
  values,
  bits,
  photometric
}: Pick<StoredFrame, "values" | "bits" | "photometric">): Uint8Array {
  if (photometric !== "RGB") return ybrToRgb(values);
  if (bits === 8) return values instanceof Uint8Array ? values : Uint8Array.from(values);
  const factor = 255 / (2 ** bits - 1);
  return Uint8Array.from(values, (value) => Math.floor(value * factor + 0.5));
}

/** YBR_FULL as in ITU-T T.871 section 7: luminance weights 0.299, 0.587 and 0.114, results rounded and clipped. */
function ybrToRgb(values: StoredValues): Uint8Array {
  const rgb = new Uint8ClampedArray(values.length);
  for (let index = 0; index < values.length; index += 3) {
    const [y, cb, cr] = [values[index] ?? 0, (values[index + 1] ?? 0) - 128, (values[index + 2] ?? 0) - 128];
    rgb[index] = Math.floor(y + 1.402 * cr + 0.5);
    rgb[index + 1] = Math.floor(y - ((0.114 * 1.772) / 0.587) * cb - ((0.299 * 1.402) / 0.587) * cr + 0.5);
    rgb[index + 2] = Math.floor(y + 1.772 * cb + 0.5);
  }
  return new Uint8Array(rgb.buffer);
}
