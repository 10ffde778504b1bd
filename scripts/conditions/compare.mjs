// Reads every file of a folder of conditions with the library (as built in dist/), holds it against the pixels that are right, and
// prints a table: a row for each kind of condition, the library's outcomes first, then those of its peers.
//
//     node scripts/conditions/compare.mjs DIR [--kind PART] [--all]
//
// DIR/conditions.json is written by the Python scripts beside this file: a list of
//   id         unique in the file
//   kind       the row of the table
//   call       "image" (decodeImage), "series" (readSeries) or "slide" (readSlide)
//   source     a path relative to DIR, or a list of them (series)
//   options    of that call
//   right      { width, height, count, file }: the right pixels, known to the script that made the file; `file` has RGB bytes, all
//              pictures one after the other, gzipped. null: the only right outcome is a refusal
//   tolerance  largest difference that counts as right, in levels of 255; 0 where nothing is lost
//   tells      what a note must say (a regular expression) where the pixels are others than `right`; null: they must be right
//   mustTell   true: the note is due even where the pixels are right
//   damaged    true: the file is truly damaged, so the error may say so
//   peers      { name: "right" | "wrong" | "warned" | "refused" }: what other programs make of the same file; "warned" is wrong with a word
//
// Exits with 1 when a difference is silent, or an error is not clear: neither is ever right.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { decodeImage, readSeries, readSlide } from "../../dist/index.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { kind: { type: "string", default: "" }, all: { type: "boolean", default: false } }
});
const folder = positionals[0];
const conditions = JSON.parse(readFileSync(join(folder, "conditions.json"), "utf8")).filter(({ id, kind }) =>
  `${kind} ${id}`.includes(options.kind)
);
const clearCodes = new Set(["IMAGE_UNREADABLE", "IMAGE_TOO_LARGE", "INVALID_ARGUMENT", "IMAGE_NOT_FOUND"]);
const pathOf = (source) => (Array.isArray(source) ? source.map((one) => join(folder, one)) : join(folder, source));

const calls = {
  image: async (source, asked) => {
    const { width, height, rgb, notes } = await decodeImage(source, asked);
    return { pictures: [{ width, height, rgb }], notes };
  },
  series: async (source, asked) => {
    const { slices, notes } = await readSeries(source, asked);
    return { pictures: slices, notes: [...notes, ...slices.flatMap((slice) => slice.notes ?? [])] };
  },
  slide: async (source, asked) => {
    const { patches, notes } = await readSlide(source, asked);
    return { pictures: patches, notes };
  }
};

/** The largest difference of a level; 256 where sizes or numbers of pictures differ. */
function differenceOf(pictures, right) {
  const expected = gunzipSync(readFileSync(join(folder, right.file)));
  if (
    pictures.length !== right.count ||
    pictures.some(({ width, height }) => width !== right.width || height !== right.height)
  )
    return 256;
  let most = 0;
  let at = 0;
  for (const { rgb } of pictures) for (const level of rgb) most = Math.max(most, Math.abs(level - expected[at++]));
  return most;
}

async function outcomeOf({ call, source, options: asked, right, tolerance, tells, mustTell, damaged }) {
  let read;
  try {
    read = await calls[call](pathOf(source), asked ?? {});
  } catch (error) {
    const message = `${error.code}: ${error.message}`;
    const isClear = clearCodes.has(error.code) && !message.includes("\n") && !message.includes("SECRET");
    return {
      outcome: !isClear || (/damaged|cut off/.test(message) && damaged !== true) ? "unclear" : "refused",
      detail: message
    };
  }
  const said = (read.notes ?? []).join("; ");
  const isTold = tells != null && new RegExp(tells, "i").test(said);
  const difference = right === null ? 256 : differenceOf(read.pictures, right);
  const detail = `difference ${difference}, ${read.pictures.length} of ${read.pictures[0]?.width} × ${read.pictures[0]?.height}; notes: ${said}`;
  if (difference <= (tolerance ?? 0)) return { outcome: mustTell === true && !isTold ? "silent" : "right", detail };
  return { outcome: isTold ? "told" : "silent", detail };
}

const outcomes = ["right", "told", "refused", "unclear", "silent"];
const peerNames = [...new Set(conditions.flatMap(({ peers }) => Object.keys(peers ?? {})))];
const rows = new Map();
let failures = 0;
for (const condition of conditions) {
  const { outcome, detail } = await outcomeOf(condition);
  if (outcome === "silent" || outcome === "unclear") failures += 1;
  if (options.all || outcome === "silent" || outcome === "unclear")
    console.log([outcome, condition.kind, condition.id, detail].join("\t"));
  const row = rows.get(condition.kind) ?? { conditions: 0, ours: {}, peers: {} };
  rows.set(condition.kind, row);
  row.conditions += 1;
  row.ours[outcome] = (row.ours[outcome] ?? 0) + 1;
  for (const [name, verdict] of Object.entries(condition.peers ?? {})) {
    row.peers[name] ??= {};
    row.peers[name][verdict] = (row.peers[name][verdict] ?? 0) + 1;
  }
}

/** "9 right, 1 refused": only what there is. */
const inWords = (counts, order) =>
  order
    .filter((name) => counts?.[name] > 0)
    .map((name) => `${counts[name]} ${name}`)
    .join(", ") || "–";
console.log(`| kind | conditions | medgemma-local | ${peerNames.join(" | ")} |`);
console.log(`| --- | --- | --- |${" --- |".repeat(peerNames.length)}`);
const total = { conditions: 0, ours: {}, peers: {} };
const add = (to, from) => Object.entries(from).forEach(([name, count]) => (to[name] = (to[name] ?? 0) + count));
const print = (kind, row) =>
  console.log(
    `| ${kind} | ${row.conditions} | ${inWords(row.ours, outcomes)} | ${peerNames.map((name) => inWords(row.peers[name], ["right", "warned", "refused", "wrong"])).join(" | ")} |`
  );
for (const [kind, row] of rows) {
  print(kind, row);
  total.conditions += row.conditions;
  add(total.ours, row.ours);
  for (const [name, counts] of Object.entries(row.peers)) add((total.peers[name] ??= {}), counts);
}
print("all", total);
process.exitCode = failures > 0 ? 1 : 0;
