/** `preview`: the exact square picture that the model sees, or the squares. Reads the projector's header, no weights. */
import type { CommandModule, InferredOptionTypes } from "yargs";
import { MedGemmaError } from "../../errors.js";
import { prepareImage } from "../../image/prepare.js";
import { contactSheet, seriesSheet } from "../../image/contact-sheet.js";
import { encodePng } from "../../image/encode-png.js";
import { resolveModel } from "../../models/resolve-model.js";
import { writeFileAtomically } from "../../write-file.js";
import { imageOptions, jsonOption, modelOptions, redactOption, standardStream, text, wholeNumber } from "../options.js";
import { printJson, printNote, UsageError } from "../output.js";
import { withRedaction, type Redaction } from "../redaction.js";
import { summaryOf } from "../../series/summary.js";
import { readSeriesOf, seriesOptions } from "../series.js";
import { readStdin } from "../stdin.js";
import { refuseToOverwrite } from "../refuse-to-overwrite.js";

const { model, mmproj } = modelOptions;

const options = {
  output: { ...text("output", { alias: "o", describe: "PNG file to write; - writes to stdout" }), demandOption: true, group: "Output:" },
  size: {
    ...wholeNumber("size", { least: 1, describe: "Side of the square in pixels  [default: what the model's projector wants]" }),
    group: "Image:"
  },
  model,
  mmproj,
  ...imageOptions,
  ...seriesOptions,
  ...jsonOption,
  ...redactOption
} as const;

type Arguments = InferredOptionTypes<typeof options> & { image: string | undefined };

export const previewCommand: CommandModule<object, Arguments> = {
  command: "preview [image]",
  describe: "Write the exact square picture that the model sees",
  builder: (command) =>
    command
      .positional("image", { type: "string", describe: "Image file; - reads it from stdin" })
      .options(options)
      .example("$0 preview scan.png -o seen.png", "")
      .example("$0 preview scan.png -o seen.png --size 896", "")
      .example("$0 preview scan.png -o seen.png --fit stretch", "")
      .example("$0 preview long.png -o seen.png --fit crops", "")
      .example("$0 preview slice.dcm -o seen.png --window lung", "")
      .example("$0 preview --series FOLDER -o sheet.png", ""),
  handler: async (args) => await withRedaction(args.redact, async (redaction) => await preview(args, redaction))
};

async function preview(args: Arguments, redaction: Redaction): Promise<void> {
  const { image, fit = "pad", window, frame } = args;
  const output = args.output ?? standardStream;
  const outputName = redaction.hide(output, "the output file");
  if (output === standardStream && args.json === true) throw new UsageError("--json and -o - both want stdout. Give -o a file.");
  if (args.series !== undefined) {
    if (image !== undefined) throw new UsageError("preview shows an image or a series. Leave one out.");
    await previewSeries(args, redaction);
    return;
  }
  await readSeriesOf(args, { modelId: null, redaction }); // refuses options of a series
  if (image === undefined) throw new UsageError("preview needs an image file, or a --series.");
  const imageName = redaction.image(image);
  refuseToOverwrite([image], output);
  const side = args.size ?? (await projectorImageSize(args));
  const square = await prepareImage(image === standardStream ? await readStdin() : image, { side, fit, window, frame });
  const { crops } = square;
  const { png, tiles } = crops.length === 0 ? { png: await encodePng(square), tiles: undefined } : await contactSheet(square);
  if (output === standardStream) process.stdout.write(png);
  else await writeFileAtomically(output, png);

  const { width, height, sha256, notes } = square;
  const source = redaction.isOn ? imageName : square.source;
  const boxes = fit === "crops" ? { crops: crops.map(({ box }) => box), tiles } : {};
  if (args.json === true) printJson({ output: outputName, source, width, height, side, fit, sha256, notes, ...boxes });
  else printNote(`${source}: ${width} × ${height} pixels, the model sees ${side} × ${side} (${[fit, ...(notes ?? [])].join(", ")})${crops.length === 0 ? "" : ` and ${crops.length} crops`}`);
}

/** Every slice that the model would see, on one sheet. */
async function previewSeries(args: Arguments, redaction: Redaction): Promise<void> {
  const { output = standardStream, fit = "pad", series: paths = [] } = args;
  refuseToOverwrite(paths, output);
  const modelId = args.size === undefined ? (await resolveModel(args.model, { mmproj: args.mmproj })).id : (args.model ?? null);
  const side = args.size ?? (await projectorImageSize(args));
  const series = await readSeriesOf(args, { modelId, redaction });
  if (series === null) return;
  const squares = [];
  for (const slice of series.slices) squares.push(await prepareImage(slice, { side, fit }));
  const { png, tiles } = await seriesSheet(squares, series.numbers);
  if (output === standardStream) process.stdout.write(png);
  else await writeFileAtomically(output, png);
  if (args.json !== true) return;
  const slices = squares.map(({ source, width, height, sha256, notes }, index) => ({ source, width, height, sha256, notes, tile: tiles[index] }));
  printJson({ output: redaction.hide(output, "the output file"), side, fit, series: summaryOf(series), slices });
}

async function projectorImageSize(args: { readonly model?: string | undefined; readonly mmproj?: string | undefined }): Promise<number> {
  const paths = await resolveModel(args.model, { mmproj: args.mmproj });
  if (paths.mmproj === null) {
    throw new MedGemmaError("MODEL_MISMATCH", `${paths.id} has no projector, so it sees no images. Give one with --mmproj, or a --size.`);
  }
  const { inspectFile } = await import("../../chat/inspect.js"); // see openModel
  const found = await inspectFile(paths.mmproj);
  if (found.kind !== "projector") {
    throw new MedGemmaError("MODEL_MISMATCH", `${paths.mmproj} is no projector. Give the mmproj file.`);
  }
  return found.imageSize;
}
