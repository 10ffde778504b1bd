/** Files that are not read as a picture: told by their first bytes, and what to do. */

const convertWithMagick = 'Convert it to PNG, for example with "magick IN OUT.png"';

interface OtherFormat {
  readonly what: string;
  readonly hint: string;
  readonly isIt: (head: Buffer, text: string) => boolean;
}

const others: readonly OtherFormat[] = [
  { what: "a JPEG XL picture", hint: 'Convert it to PNG with "djxl IN.jxl OUT.png" of libjxl', isIt: (head, text) => (head[0] === 0xff && head[1] === 0x0a) || text.startsWith("\0\0\0\x0cJXL ") },
  { what: "a JPEG XR picture", hint: 'Convert it to TIFF with "JxrDecApp -i IN.jxr -o OUT.tif" of jxrlib', isIt: (_head, text) => text.startsWith("II\xbc") },
  { what: "a PAM picture", hint: convertWithMagick, isIt: (_head, text) => text.startsWith("P7\n") },
  { what: "a floating-point picture (PFM)", hint: "Save it as a 32-bit TIFF", isIt: (_head, text) => /^P[Ff]\s/.test(text) },
  { what: "a drawing in SVG", hint: convertWithMagick, isIt: (_head, text) => /^(?:\xef\xbb\xbf)?\s*<(?:svg|\?xml[^>]*>\s*<svg)/.test(text) },
  { what: "a PDF document", hint: 'Make a picture of a page with "pdftoppm -png IN.pdf OUT" of Poppler', isIt: (_head, text) => text.startsWith("%PDF-") },
  { what: "an OpenEXR picture", hint: convertWithMagick, isIt: (_head, text) => text.startsWith("v/1\x01") },
  { what: "a Photoshop file", hint: convertWithMagick, isIt: (_head, text) => text.startsWith("8BPS") },
  { what: "a file compressed with gzip", hint: "A NIfTI volume (.nii.gz) is given as a series: --series FILE --modality CT or MR. Unpack other files first", isIt: (head) => head[0] === 0x1f && head[1] === 0x8b },
  { what: "a Zeiss slide (CZI)", hint: "Convert it to a tiled pyramidal TIFF, and give that as a slide: --slide FILE", isIt: (_head, text) => text.startsWith("ZISRAWFILE") },
  { what: "a film in MPEG-4 or QuickTime", hint: 'Take a frame of it with "ffmpeg -i IN -frames:v 1 OUT.png"', isIt: (_head, text) => /^ftyp(?:isom|mp4|avc1|qt {2}|M4V)/.test(text.slice(4)) }
];

/** @param found What a decoder says that it is. */
export function explainUnread(name: string, bytes: Uint8Array, found: string): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1024));
  const text = head.toString("latin1");
  const other = others.find(({ isIt }) => isIt(head, text));
  if (other !== undefined) return `${name} is ${other.what}, which is not read as a picture. ${other.hint}.`;
  return `${name} cannot be read as an image: expected PNG, JPEG, WebP, TIFF, GIF, AVIF, BMP, PBM, PGM, PPM, JPEG 2000, HEIC or DICOM, found ${found}.`;
}
