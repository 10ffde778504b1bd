/** `bench`: how fast this machine runs a model, as a table, as JSON, or as a picture. */
import { extname } from "node:path";
import type { BenchProgress, BenchReport } from "../../tools/bench/measure.js";
import { plot as drawPlot } from "../../tools/bench/plot.js";
import type { Share, Unit } from "../../tools/bench/quantities.js";
import {
  describeBackend,
  describeShare,
  sharesOf,
  threeDigits,
  timeUnit,
  tokenRate
} from "../../tools/bench/quantities.js";
import type { Sample } from "../../tools/bench/sample.js";
import { renderSvg } from "../../image/render-svg.js";
import { demoModel } from "../../models/demo-model.js";
import { writeFileAtomically } from "../../shared/write-file.js";
import { bytes } from "../terminal/tables.js";
import { listenForInterrupt } from "../terminal/interrupt.js";
import { memoryWarnings, missedGpuWarning, threadWarnings } from "../model/open-model.js";
import { valuesOf } from "../options/flags.js";
import { printAnswer, printJson, UsageError, writeNote } from "../terminal/output.js";
import { plainName } from "../terminal/plain-text.js";
import { showTrial, StatusLine } from "../terminal/status-line.js";
import { measured, type BenchArguments } from "../commands/bench.js";

export async function bench(args: BenchArguments): Promise<void> {
  const { plot } = args;
  const compute = valuesOf(measured, args);
  const extension = plot === undefined ? null : extname(plot).toLowerCase();
  if (extension !== null && extension !== ".png" && extension !== ".svg") {
    throw new UsageError(`--plot must name a .png or .svg file, but is ${plot ?? ""}.`);
  }
  using interrupt = listenForInterrupt();
  const status = new StatusLine(process.stderr);
  status.show(describeStage.load);
  const { measure } = await import("../../tools/bench/measure.js"); // see openModel
  const report = await measure(args.model, {
    mmproj: args.mmproj,
    lora: args.lora,
    ...compute,
    repeat: args.repeat,
    signal: interrupt.signal,
    onTrial: showTrial(status),
    onProgress: (progress) => status.show(describeProgress(progress))
  }).finally(() => status.clear());

  const { missed, backend } = report.machine.gpu;
  if (missed !== null) writeNote(missedGpuWarning(missed, backend), process.stderr);
  for (const warning of [...threadWarnings(compute.threads), ...memoryWarnings(report.model)])
    writeNote(warning, process.stderr);
  if (args.model === undefined && report.model.id === demoModel.id) {
    writeNote(
      "Warning: no MedGemma is installed, so the demo model was measured. It is a few hundred times smaller.",
      process.stderr
    );
  }
  if (args.json === true) printJson(report);
  else printAnswer(describeReport(report));
  // After the numbers: a folder that cannot be written to must not cost them.
  if (plot === undefined) return;
  const svg = drawPlot(report);
  await writeFileAtomically(plot, extension === ".svg" ? svg : await renderSvg(svg));
}

const describeStage: Readonly<Record<BenchProgress["stage"], string>> = {
  load: "loading the model",
  encode: "encoding an image",
  text: "processing a prompt and generating",
  answer: "answering about an image",
  machine: "measuring the peak speed of the cores"
};

function describeProgress({ stage, round, rounds, done }: BenchProgress): string {
  if (stage === "machine") return describeStage.machine;
  return `round ${round} of ${rounds} · ${describeStage[stage]}${done > 0 ? ` · ${Math.floor(done * 100)} %` : ""}`;
}

function describeReport(report: BenchReport): string {
  const {
    encodeMs,
    firstAnswerMs,
    loadMs,
    promptTokens,
    promptTokensPerSecond,
    generationTokensPerSecond,
    peakMemoryBytes
  } = report;
  const { tower, generation } = sharesOf(report);
  const time = ({ median }: Sample) => timeUnit(median);
  const table = [
    ["", "median", "min–max", "of the machine's limit"],
    row("load the model", loadMs, time(loadMs)),
    ...(encodeMs === null ? [] : [row("encode an image", encodeMs, time(encodeMs), tower)]),
    ...(firstAnswerMs === null ? [] : [row("image to first token", firstAnswerMs, time(firstAnswerMs))]),
    row(`read a prompt of ${promptTokens} tokens`, promptTokensPerSecond, tokenRate),
    row("generate", generationTokensPerSecond, tokenRate, generation),
    ["peak memory", bytes(peakMemoryBytes), "", ""]
  ];
  return `${plainName(report.model.id)} · ${describeBackend(report)}\n\n${alignColumns(table)}`;
}

function row(
  name: string,
  { median, values }: Sample,
  { name: unit, size }: Unit,
  share: Share | null = null
): string[] {
  const inUnit = (value: number) => threeDigits(value / size);
  const spread = values.length === 1 ? "" : `${inUnit(Math.min(...values))}–${inUnit(Math.max(...values))}`;
  return [name, `${inUnit(median)} ${unit}`, spread, share === null ? "" : describeShare(share)];
}

function alignColumns(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table
    .map(
      (cells) =>
        `${cells
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("   ")
          .trimEnd()}\n`
    )
    .join("");
}
