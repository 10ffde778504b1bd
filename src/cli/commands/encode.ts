/** `encode`: the image tokens themselves, as a NumPy array [images, tokens, hidden]; crops follow their image. */
import type { InferredOptionTypes } from "yargs";
import { resolveModel } from "../../models/resolve-model.js";
import { imageOptions } from "../../image/image-options.js";
import { summaryOf } from "../../series/summary.js";
import { checkSources } from "../check-sources.js";
import type { LoadedCommand } from "../commands.js";
import { decodeImages } from "../decode-images.js";
import { writeFileAtomically } from "../../shared/write-file.js";
import { valuesOf } from "../flags.js";
import { listenForInterrupt } from "../interrupt.js";
import { npyFile } from "../npy.js";
import { openModel } from "../open-model.js";
import { imageFlags, jsonOption, modelOptions, redactOption, standardStream, text } from "../options.js";
import { printJson, printNote, UsageError } from "../output.js";
import { withRedaction, type Redaction } from "../redaction.js";
import { readSeriesOf, seriesFlags } from "../series.js";
import { describeProgress, StatusLine } from "../status-line.js";
import { refuseToOverwrite } from "../refuse-to-overwrite.js";

const options = {
  output: {
    ...text("output", { alias: "o", describe: "File to write, .npy; - writes to stdout" }),
    demandOption: true,
    group: "Output:"
  },
  ...modelOptions,
  ...imageFlags,
  ...seriesFlags,
  ...jsonOption,
  ...redactOption
} as const;

type Arguments = InferredOptionTypes<typeof options> & { images: string[] | undefined };

export const encodeCommand: LoadedCommand<Arguments> = {
  builder: (command) =>
    command
      .positional("images", { type: "string", array: true, describe: "Image files; - reads one from stdin" })
      .options(options)
      .example("$0 encode scan.png -o scan.npy", "")
      .example("$0 encode *.png -o series.npy --json", "")
      .example("$0 encode --series FOLDER -o series.npy", "")
      .example("$0 encode scan.png -o - | python analyse.py", ""),
  handler: async (args) => await withRedaction(args.redact, async (redaction) => await encode(args, redaction))
};

async function encode(args: Arguments, redaction: Redaction): Promise<void> {
  const { images = [] } = args;
  const shown = valuesOf(imageOptions, args);
  const output = args.output ?? standardStream;
  const outputName = redaction.hide(output, "the output file");
  if (output === standardStream && args.json === true)
    throw new UsageError("--json and -o - both write to stdout. Give -o a file.");
  checkSources({ images, series: args.series });
  refuseToOverwrite([...images, ...(args.series ?? [])], output);
  using interrupt = listenForInterrupt();
  const modelId = args.series === undefined ? null : (await resolveModel(args.model, { mmproj: args.mmproj })).id;
  const series = await readSeriesOf(args, { modelId, redaction, signal: interrupt.signal });
  if (series === null && images.length === 0) throw new UsageError("encode needs image files, or a --series.");
  const decoded = series?.slices ?? (await decodeImages(images, redaction, shown));
  const status = new StatusLine(process.stderr);

  await using medgemma = await openModel(args, { signal: interrupt.signal, status, images: decoded.length });
  const encoded = await medgemma
    .encode(decoded, {
      fit: shown.fit,
      aspect: shown.aspect,
      signal: interrupt.signal,
      onProgress: (progress) => status.show(describeProgress(progress) ?? "")
    })
    .finally(() => status.clear());

  const { tokenCount = 0, hiddenSize = 0 } = encoded[0] ?? {};
  const arrays = encoded.flatMap(({ tokens, crops = [] }) => [tokens, ...crops.map((crop) => crop.tokens)]);
  const file = npyFile(arrays, [tokenCount, hiddenSize]);
  if (output === standardStream) process.stdout.write(file);
  else await writeFileAtomically(output, file);

  const shape = [arrays.length, tokenCount, hiddenSize];
  if (args.json === true) {
    const reported = encoded.map(
      ({ source, width, height, sha256, preprocessing, crops, encodeMs, cached, notes }) => ({
        source,
        width,
        height,
        sha256,
        preprocessing,
        crops: crops?.map((crop) => ({ x: crop.x, y: crop.y, width: crop.width, height: crop.height })),
        tokens: (1 + (crops?.length ?? 0)) * tokenCount,
        encodeMs,
        cached,
        notes
      })
    );
    printJson({
      output: outputName,
      dtype: "float32",
      shape,
      ...(series === null ? {} : { series: summaryOf(series) }),
      images: reported,
      loadMs: medgemma.loadMs,
      model: medgemma.model
    });
  } else if (output !== standardStream) {
    printNote(`${outputName}: float32 [${shape.join(", ")}]`);
  }
}
