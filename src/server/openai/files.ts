/** /v1/files: images and slices that are sent once and asked about often. */
import type { Hono } from "hono";
import { parseBody } from "hono/utils/body";
import type { FileStore, StoredFile } from "../file-store.js";
import { HttpError } from "../http-error.js";
import { readBytes } from "../request-body.js";

export function fileRoutes(app: Hono, files: FileStore, maxBytes: number): void {
  app.post("/v1/files", async ({ req }) => Response.json(shape(await files.add(await uploaded(req.raw, maxBytes)))));
  app.get("/v1/files", () => Response.json({ object: "list", data: files.files.map(shape), has_more: false }));
  app.get("/v1/files/:id", ({ req }) => Response.json(shape(files.get(req.param("id")))));
  app.delete("/v1/files/:id", async ({ req }) => {
    await files.remove(req.param("id"));
    return Response.json({ id: req.param("id"), object: "file", deleted: true });
  });
}

/** A form with one file, as OpenAI's clients send it, or the bytes alone. */
async function uploaded(request: Request, maxBytes: number): Promise<Uint8Array> {
  const bytes = await readBytes(request, maxBytes);
  const type = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data/i.test(type)) {
    if (/^application\/(?:octet-stream|dicom)|^image\//i.test(type)) return bytes;
    throw new HttpError(
      415,
      "unsupported_media_type",
      "Send a form with a file, or bytes as application/octet-stream."
    );
  }
  const form = new Request("http://localhost/", {
    method: "POST",
    body: Buffer.from(bytes),
    headers: { "content-type": type }
  });
  const { file } = await parseBody(form).catch((): Record<string, unknown> => ({}));
  if (file instanceof Blob) return new Uint8Array(await file.arrayBuffer());
  throw new HttpError(400, "invalid_value", "The form has no file: its field is named file.", { param: "file" });
}

/** The client's name for it is not kept, as it may name a patient. */
function shape({ id, byteLength, createdAt }: StoredFile): object {
  return {
    id,
    object: "file",
    bytes: byteLength,
    created_at: createdAt,
    filename: id,
    purpose: "vision",
    status: "processed"
  };
}
