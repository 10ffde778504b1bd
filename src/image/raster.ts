/** A picture as a file stores it, between its decoder and 8-bit RGB. */

export type Samples = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array;

export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Row-major, those of a pixel side by side. 8 bits without a sign are levels, all else are values. */
  readonly samples: Samples;
  /** Whether the least value is white. */
  readonly isInverted: boolean;
  /** The value that the file calls white; null: it does not say. */
  readonly white: number | null;
  /** The profile that its colours are in; null: sRGB, or nearly. */
  readonly icc: Buffer | null;
  /** How the picture must be turned, 1 to 8 as in EXIF; 1: not at all, or it was already. */
  readonly orientation: number;
  /** What was decided so far, for a person. */
  readonly notes: readonly string[];
}

/** A picture whose header was read, and no more. */
export interface OpenPicture {
  readonly width: number;
  readonly height: number;
  /** Whether its samples are values that a window can choose from, rather than levels of 8 bits. */
  readonly hasValues: boolean;
  /** @throws Error of its decoder; MedGemmaError */
  readonly decode: () => Promise<Raster>;
}

/** Of levels of 8 bits, upright. */
export function levels(
  size: { readonly width: number; readonly height: number },
  channels: 1 | 3,
  samples: Uint8Array
): Raster {
  return {
    width: size.width,
    height: size.height,
    channels,
    samples,
    isInverted: false,
    white: 255,
    icc: null,
    orientation: 1,
    notes: []
  };
}
