/** What is said of a file that a message names and the model cannot see as it is: an answer about its name would be worse than none. */
import { MedGemmaError } from "../../errors.js";
import { isPicture, readableNames, type Format } from "../../formats/formats.js";
import type { Redaction } from "../terminal/redaction.js";
import type { NamedFile } from "./disk-looks.js";
import { escapePath } from "./path-readings.js";

/** @returns null for a picture, which can be attached */
export function refusalOf({ path, found }: NamedFile, redaction: Redaction): MedGemmaError | null {
  if (found.kind === "file" && isPicture(found.format)) return null;
  const name = redaction.image(path);
  const typed = redaction.isOn ? "PATH" : escapePath(path);
  switch (found.kind) {
    case "missing":
      return new MedGemmaError(
        "IMAGE_NOT_FOUND",
        `There is no image file ${name}, so nothing was asked. Check the path.`
      );
    case "base64":
      return new MedGemmaError(
        "IMAGE_UNREADABLE",
        'The message has a picture as bare base64, so nothing was asked. Put "data:image/png;base64," in front of it, or name a file.'
      );
    case "elsewhere":
      return new MedGemmaError(
        "IMAGE_NOT_FOUND",
        `${name} is on another computer and was not opened, so nothing was asked. Save the file here and name its path${/^[\\/]{2}/.test(path) ? `, or open it with /image ${typed}` : ""}.`
      );
    case "folder":
      return new MedGemmaError(
        "IMAGE_UNREADABLE",
        `${name} is a folder, so nothing was asked. /series ${typed} attaches a CT or MR series, /slide ${typed} a slide in DICOM, /image ${typed} the only image of a folder.`
      );
    case "special":
      return new MedGemmaError(
        "IMAGE_UNREADABLE",
        `${name} is not a regular file, so nothing was asked. Copy the image into a file first.`
      );
    case "closed":
      return new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be opened: permission denied. Nothing was asked.`);
    case "file":
      return new MedGemmaError("IMAGE_UNREADABLE", `${name} is ${explain(found.format, typed)}`);
  }
}

function explain(format: Format | null, typed: string): string {
  if (format === null)
    return `not an image (expected ${readableNames}), so nothing was asked. Paste the text of a document.`;
  if (format.kind === "volume")
    return `${format.described}, so nothing was asked. /series ${typed} --modality CT (or MR) attaches it.`;
  if (format.kind === "slide" && format.advice === undefined)
    return `${format.described}, so nothing was asked. /slide ${typed} attaches its patches.`;
  return `${format.described}, which cannot be read, so nothing was asked. ${format.advice ?? ""}`;
}
