/** The images of a request: bytes that it holds, or files that were sent before. Nothing is fetched, no path is opened. */
import type { ImageOptions } from "../../image/image-options.js";
import { prepareImage } from "../../image/prepare.js";
import type { ImageSource } from "../../image/types.js";
import { readFile } from "node:fs/promises";
import { MedGemmaError } from "../../errors.js";
import type { FileStore } from "../file-store.js";
import { HttpError } from "../http-error.js";
import type { ImageSettings, UserContentPart } from "./chat-request.js";

export interface ImageReading {
  readonly files: FileStore;
  /** Of the square that the model sees; null: it takes no images. */
  readonly side: number | null;
}

type ImagePart = Exclude<UserContentPart, { readonly type: "text" | "medgemma_series" }>;

/**
 * @param where The place of the part in the request, "messages[0].content[1]".
 * @throws HttpError 400, 404; MedGemmaError of `prepareImage` where the part has settings of its own
 */
export async function imageOfPart(
  part: ImagePart,
  where: string,
  asked: ImageSettings,
  { files, side }: ImageReading
): Promise<ImageSource> {
  const bytes = await bytesOfPart(part, where, files);
  if (side === null)
    throw new HttpError(400, "images_not_supported", "This model takes no images: it was loaded without a projector.", {
      param: where
    });
  const { prior: _, ...own } = part.medgemma ?? {};
  if (Object.keys(own).length === 0) return bytes;
  return await prepareImage(bytes, { side, ...imageOptionsOf({ ...asked, ...own }) });
}

/** The check of a window is the library's. */
export function imageOptionsOf({ fit, aspect, window, frame }: ImageSettings): ImageOptions {
  return Object.fromEntries(Object.entries({ fit, aspect, window, frame }).filter(([, value]) => value !== undefined));
}

async function bytesOfPart(part: ImagePart, where: string, files: FileStore): Promise<Uint8Array> {
  if (part.type === "image_bytes") return decodeBase64(part.image_bytes.input_bytes, `${where}.image_bytes`);
  if (part.type === "image_url") {
    const url = typeof part.image_url === "string" ? part.image_url : part.image_url.url;
    return bytesOfDataUrl(url, `${where}.image_url`);
  }
  const { file_id: id, file_data: data } = part.file;
  if ((id === undefined) === (data === undefined))
    throw new HttpError(400, "invalid_value", `${where}.file needs either a file_id or file_data.`, { param: where });
  if (id !== undefined) return await readFile(files.get(id).path);
  return bytesOfDataUrl(data ?? "", `${where}.file.file_data`);
}

function bytesOfDataUrl(url: string, where: string): Uint8Array {
  const header = /^data:[^,]{0,200};base64,/i.exec(url)?.[0];
  if (header === undefined)
    throw new HttpError(
      400,
      "invalid_image_url",
      `${where} must be a data URL (data:image/png;base64,…), but ${kindOf(url)}. The server fetches nothing and opens no files: send the bytes, or send the file to /v1/files once.`,
      { param: where }
    );
  return decodeBase64(url.slice(header.length), where);
}

/** What stands there instead; the text itself is not repeated, as a path or address may name a patient. */
function kindOf(url: string): string {
  if (/^https?:/i.test(url)) return "is a web address";
  if (/^data:/i.test(url)) return "is a data URL that is not base64";
  return "is neither that nor anything else that holds an image";
}

/** Node's own decoder passes over what is not base64, and would give a damaged image. */
function decodeBase64(text: string, where: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw new MedGemmaError("IMAGE_UNREADABLE", `${where} is not valid base64. It may have been cut off.`);
  return Buffer.from(text, "base64");
}
