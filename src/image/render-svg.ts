/** An SVG drawing → the bytes of a PNG file of the same size. */
import { loadSharp } from "./sharp.js";

/** For text in drawings: what is likely to be there on macOS, Windows and Linux. */
export const fonts = "Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

export async function renderSvg(svg: string): Promise<Buffer> {
  return await loadSharp()(Buffer.from(svg)).png().toBuffer();
}
