/** What an image is, before and after it is made ready for the model. */

/**
 * A path, a `file:` or `data:` URL, the bytes of an image file, or pixels that are decoded already. Nothing is ever fetched
 * from a network.
 */
export type ImageSource = string | URL | Uint8Array | DecodedImage;

/** "pad": black bars make a square, nothing is distorted. "stretch": squeezed into a square, as the bare processor does. */
export const imageFits = ["pad", "stretch"] as const;

export type ImageFit = (typeof imageFits)[number];

/** A decoded picture of any size: 8-bit RGB, row-major, `width * height * 3` bytes. */
export interface DecodedImage {
  /** What to call it in messages and reports: the path or URL as given, "(bytes)" or "(data URL)" where there is no name. */
  readonly source: string;
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Exactly what the model sees: 8-bit RGB, row-major, `side * side * 3` bytes. */
export interface SquareImage {
  readonly source: string;
  /** Size of the picture in pixels before padding and resizing, after EXIF rotation. */
  readonly width: number;
  readonly height: number;
  /** Side of the square in pixels: the projector's image size. */
  readonly side: number;
  readonly rgb: Uint8Array;
  /** sha256 (hex) of `rgb`. */
  readonly sha256: string;
}
