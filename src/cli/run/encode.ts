/** `encode`: the image tokens themselves, as a NumPy array [images, tokens, hidden]; crops follow their image. */
import { resolveModel } from "../../models/resolve-model.js";
import { imageOptions } from "../../image/image-options.js";
import { summaryOf } from "../../series/summary.js";
import { checkSources, refuseToOverwrite } from "../options/conflicts.js";
import { decodeImages } from "../input/decode-images.js";
import { writeFileAtomically } from "../../shared/write-file.js";
import { valuesOf } from "../options/flags.js";
import { listenForInterrupt } from "../terminal/interrupt.js";
import { npyFile } from "./npy.js";
import { openModel } from "../model/open-model.js";
import { standardStream } from "../options/options.js";
import { printJson, printNote, UsageError } from "../terminal/output.js";
import { type Redaction } from "../terminal/redaction.js";
import { readSeriesOf } from "../input/series.js";
import { describeProgress, StatusLine } from "../terminal/status-line.js";
import type { EncodeArguments } from "../commands/encode.js";

export async function encode(args: EncodeArguments, redaction: Redaction): Promise<void> {
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
