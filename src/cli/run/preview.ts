/** `preview`: the exact square picture that the model sees, or the squares. Reads the projector's header, no weights. */
import { prepareImage } from "../../image/prepare.js";
import { contactSheet, seriesSheet, slideSheet, type ContactSheet } from "../../image/contact-sheet.js";
import { imageOptions } from "../../image/image-options.js";
import { encodePng } from "../../image/encode-png.js";
import type { DecodedImage, ImageFit, Square } from "../../image/types.js";
import { resolveModel } from "../../models/resolve-model.js";
import { summaryOfSlide } from "../../slide/summary.js";
import { writeFileAtomically } from "../../shared/write-file.js";
import { checkSources, refuseToOverwrite } from "../options/conflicts.js";
import { standardStream } from "../options/options.js";
import { valuesOf } from "../options/flags.js";
import { printJson, printNote, printWarning, UsageError } from "../terminal/output.js";
import { projectorImageSize } from "../input/projector-image-size.js";
import { type Redaction } from "../terminal/redaction.js";
import { summaryOf } from "../../series/summary.js";
import { readSeriesOf } from "../input/series.js";
import { takeSlide } from "../input/slide.js";
import { imagesOfSlide } from "../../slide/images-of-slide.js";
import { StatusLine } from "../terminal/status-line.js";
import { readStdin } from "../input/stdin.js";
import type { PreviewArguments } from "../commands/preview.js";

export async function preview(args: PreviewArguments, redaction: Redaction): Promise<void> {
  const { image } = args;
  const { fit = "pad", aspect, window, frame } = valuesOf(imageOptions, args);
  const output = args.output ?? standardStream;
  const outputName = redaction.hide(output, "the output file");
  if (output === standardStream && args.json === true)
    throw new UsageError("--json and -o - both write to stdout. Give -o a file.");
  checkSources({ images: image === undefined ? [] : [image], series: args.series, slide: args.slide });
  // Refuses options of a series or a slide where there is none.
  if (args.series === undefined) await readSeriesOf(args, { modelId: null, redaction });
  if (args.slide === undefined) await takeSlide(args, { redaction, status: new StatusLine(process.stderr) });
  if (args.series !== undefined) {
    await previewSeries(args, redaction);
    return;
  }
  if (args.slide !== undefined) {
    await previewSlide(args, args.slide, redaction);
    return;
  }
  if (image === undefined) throw new UsageError("preview needs an image file, or a --series, or a --slide.");
  const imageName = redaction.image(image);
  refuseToOverwrite([image], output);
  const side = args.size ?? (await projectorImageSize(args));
  const square = await prepareImage(image === standardStream ? await readStdin() : image, {
    side,
    fit,
    aspect,
    window,
    frame
  });
  const { crops } = square;
  const { png, tiles } =
    crops.length === 0 ? { png: await encodePng(square), tiles: undefined } : await contactSheet(square);
  if (output === standardStream) process.stdout.write(png);
  else await writeFileAtomically(output, png);

  const { width, height, sha256, notes, warnings } = square;
  const source = redaction.isOn ? imageName : square.source;
  for (const warning of warnings ?? []) printWarning(`${source}: ${warning}.`);
  const boxes = fit === "crops" ? { crops: crops.map(({ box }) => box), tiles } : {};
  if (args.json === true)
    printJson({ output: outputName, source, width, height, side, fit, sha256, notes, warnings, ...boxes });
  else
    printNote(
      `${source}: ${width} × ${height} pixels, the model sees ${side} × ${side} (${[fit, ...(notes ?? []).filter((note) => warnings?.includes(note) !== true)].join(", ")})${crops.length === 0 ? "" : ` and ${crops.length} crops`}`
    );
}

/** Every slice that the model would see, on one sheet. */
async function previewSeries(args: PreviewArguments, redaction: Redaction): Promise<void> {
  const { output = standardStream, series: paths = [] } = args;
  const { fit = "pad", aspect } = valuesOf(imageOptions, args);
  refuseToOverwrite(paths, output);
  const modelId =
    args.size === undefined ? (await resolveModel(args.model, { mmproj: args.mmproj })).id : (args.model ?? null);
  const side = args.size ?? (await projectorImageSize(args));
  const series = await readSeriesOf(args, { modelId, redaction });
  if (series === null) return;
  const slices = await writeSheet(series.slices, {
    output,
    side,
    fit,
    aspect,
    toSheet: async (squares) => await seriesSheet(squares, series.numbers)
  });
  if (args.json === true)
    printJson({ output: redaction.hide(output, "the output file"), side, fit, series: summaryOf(series), slices });
}

/** Every patch that the model would see, on one sheet, behind the overview. */
async function previewSlide(args: PreviewArguments, path: string, redaction: Redaction): Promise<void> {
  const { output = standardStream } = args;
  const { fit = "pad" } = valuesOf(imageOptions, args);
  refuseToOverwrite([path], output);
  const slide = await takeSlide(args, { redaction, status: new StatusLine(process.stderr) });
  if (slide === null) return;
  const { side, positions } = slide;
  const seen = await writeSheet(imagesOfSlide(slide), {
    output,
    side,
    fit,
    toSheet: async (squares) => await slideSheet(squares, positions)
  });
  const patches = seen.slice(-positions.length);
  if (args.json === true)
    printJson({
      output: redaction.hide(output, "the output file"),
      side,
      fit,
      slide: summaryOfSlide(slide),
      ...(slide.overview === null ? {} : { overview: seen[0] }),
      patches
    });
}

/** @returns what JSON tells of each picture */
async function writeSheet(
  pictures: readonly DecodedImage[],
  {
    output,
    side,
    fit,
    aspect,
    toSheet
  }: {
    readonly output: string;
    readonly side: number;
    readonly fit: ImageFit;
    readonly aspect?: boolean | undefined;
    readonly toSheet: (squares: readonly Square[]) => Promise<ContactSheet>;
  }
) {
  const squares = [];
  for (const picture of pictures) squares.push(await prepareImage(picture, { side, fit, aspect }));
  const { png, tiles } = await toSheet(squares);
  if (output === standardStream) process.stdout.write(png);
  else await writeFileAtomically(output, png);
  return squares.map(({ source, width, height, sha256, notes }, index) => ({
    source,
    width,
    height,
    sha256,
    notes,
    tile: tiles[index]
  }));
}
