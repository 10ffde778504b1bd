/** An SVG drawing → the bytes of a PNG file of the same size. */
import sharp from "sharp";

export async function renderSvg(svg: string): Promise<Buffer> {
  return await sharp(Buffer.from(svg)).png().toBuffer();
}
