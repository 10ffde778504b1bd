/** A report as a picture to show around: an SVG of 1200 × 675 pixels. */
import { fonts } from "../../image/render-svg.js";
import type { BenchReport } from "./measure.js";
import { describeBackend, describeShare, sharesOf, threeDigits, timeUnit, tokenRate, type Unit } from "./quantities.js";
import type { Sample } from "./sample.js";

const canvas = { width: 1200, height: 675 };
const margin = 64;
const bars = { left: 330, width: 500, height: 28, thin: 10 };
const rows = { height: 46, caption: 40, gap: 22 };
const colours = {
  text: "#0f172a",
  faint: "#64748b",
  track: "#e2e8f0",
  time: "#0e7490",
  rate: "#4f46e5",
  share: "#d97706"
};

/** Longest title and line below it that fit, in characters. */
const longest = { title: 40, line: 90 };

interface Bar {
  readonly name: string;
  readonly label: string;
  /** Of the longest bar, 0 to 1. */
  readonly part: number;
}

interface Group {
  readonly caption: string;
  readonly colour: string;
  /** A thin bar on a track that is the whole. */
  readonly isShare: boolean;
  readonly bars: readonly Bar[];
}

export function plot(report: BenchReport): string {
  const { width, height } = canvas;
  let top = 140;
  const groups = groupsOf(report).map((group) => {
    const drawn = drawGroup(group, top);
    top += rows.caption + group.bars.length * rows.height + rows.gap;
    return drawn;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${fonts}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(margin, 84, 38, colours.text, shorten(report.model.id, longest.title), 'font-weight="bold"'),
    text(margin, 118, 19, colours.faint, shorten(describeBackend(report), longest.line)),
    ...groups,
    text(margin, height - 30, 15, colours.faint, footer(report)),
    "</svg>\n"
  ].join("\n");
}

function groupsOf(report: BenchReport): Group[] {
  const { encodeMs, firstAnswerMs, promptTokensPerSecond, generationTokensPerSecond } = report;
  const { tower, generation } = sharesOf(report);
  const times = [
    { name: "encode an image", sample: encodeMs },
    { name: "image to first token", sample: firstAnswerMs }
  ];
  const rates = [
    { name: "read a prompt", sample: promptTokensPerSecond },
    { name: "generate", sample: generationTokensPerSecond }
  ];
  const groups = [
    {
      caption: "Time, shorter is better",
      colour: colours.time,
      isShare: false,
      bars: scaled(times, timeUnit)
    },
    {
      caption: "Speed, longer is better",
      colour: colours.rate,
      isShare: false,
      bars: scaled(rates, () => tokenRate)
    },
    {
      caption: "Share of what the machine can do",
      colour: colours.share,
      isShare: true,
      bars: [tower, generation].flatMap((share) => {
        return share === null ? [] : [{ name: share.name, label: describeShare(share), part: Math.min(share.part, 1) }];
      })
    }
  ];
  return groups.filter((group) => group.bars.length > 0);
}

/** Bars of one group have one scale. */
function scaled(
  quantities: readonly { readonly name: string; readonly sample: Sample | null }[],
  unitOf: (median: number) => Unit
): Bar[] {
  const most = Math.max(...quantities.map(({ sample }) => sample?.median ?? 0));
  return quantities.flatMap(({ name, sample }) => {
    if (sample === null) return [];
    const { name: unit, size } = unitOf(sample.median);
    return [{ name, label: `${threeDigits(sample.median / size)} ${unit}`, part: sample.median / most }];
  });
}

function drawGroup({ caption, colour, isShare, bars: drawn }: Group, top: number): string {
  const height = isShare ? bars.thin : bars.height;
  const lines = drawn.map(({ name, label, part }, index) => {
    const middle = top + rows.caption + (index + 0.5) * rows.height;
    const width = bars.width * part;
    const bar = (length: number, fill: string) =>
      `<rect x="${bars.left}" y="${middle - height / 2}" width="${length.toFixed(1)}" height="${height}" rx="3" fill="${fill}"/>`;
    return [
      text(margin, middle + 7, 20, colours.text, name),
      ...(isShare ? [bar(bars.width, colours.track)] : []),
      bar(Math.max(width, 3), colour),
      text(bars.left + (isShare ? bars.width : width) + 16, middle + 7, 20, colours.text, label, 'font-weight="bold"')
    ].join("\n");
  });
  return [text(margin, top + 28, 16, colours.faint, caption), ...lines].join("\n");
}

function footer({ machine }: BenchReport): string {
  return `medgemma-local ${machine.versions.medgemmaLocal} · research and development, not a medical device`;
}

function text(x: number, y: number, fontSize: number, fill: string, content: string, more = ""): string {
  return `<text x="${x}" y="${y}" font-size="${fontSize}" fill="${fill}" ${more}>${escapeXml(content)}</text>`;
}

function shorten(words: string, characters: number): string {
  const all = Array.from(new Intl.Segmenter().segment(words), ({ segment }) => segment);
  return all.length <= characters ? words : `${all.slice(0, characters - 1).join("")}…`;
}

/** XML has no way at all to write most control characters, so they are left out. */
function escapeXml(words: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;"
  };
  return words
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/[&<>"']/g, (sign) => names[sign] ?? "");
}
