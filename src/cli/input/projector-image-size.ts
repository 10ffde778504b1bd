/** The side of the squares that a model sees. Reads the projector's header, no weights. */
import { MedGemmaError } from "../../errors.js";
import { resolveModel } from "../../models/resolve-model.js";
import { tellWarnings } from "../model/open-model.js";

/** @throws MedGemmaError MODEL_MISMATCH without a projector; as resolveModel and inspectFile */
export async function projectorImageSize(args: {
  readonly model?: string | undefined;
  readonly mmproj?: string | null | undefined;
}): Promise<number> {
  const paths = await resolveModel(args.model, { mmproj: args.mmproj });
  tellWarnings(paths.warnings);
  if (paths.mmproj === null) {
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${paths.id} has no projector, so it sees no images. Give one with --mmproj; preview takes a --size instead.`
    );
  }
  const { inspectFile } = await import("../../loading/inspect.js"); // see openModel
  const found = await inspectFile(paths.mmproj);
  if (found.kind !== "projector") {
    throw new MedGemmaError("MODEL_MISMATCH", `${paths.mmproj} is not a projector. Give the mmproj file.`);
  }
  return found.imageSize;
}
