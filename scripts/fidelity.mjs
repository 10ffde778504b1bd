// How much a quantised model pair loses against its original. Run `npm run build` first.
//
//   node scripts/fidelity.mjs --reference TEXT.gguf,MMPROJ.gguf --candidate TEXT.gguf,MMPROJ.gguf [--candidate …]
//       [--conversations FILE.jsonl] [--gpu off] [--json]
//
// The reference answers first: the logits of every position of some conversations go into a temporary file (a gigabyte for
// a thousand positions of MedGemma). Then each candidate is compared with it:
//   KL       mean Kullback-Leibler divergence of the next-token distributions, reference to candidate, in nats
//   top-1    share of positions at which both find the same token likeliest
//   image    smallest and mean cosine between the image tokens, none without a projector
// Conversations are one JSON object a line, as scripts/reference/conversations.py writes them; without, a small built-in set.
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadParts } from "../dist/loading/load.js";
import { promptOf } from "../dist/chat/transcript.js";

const films = ["film.png", "before.png", "after.png"].map((name) =>
  fileURLToPath(new URL(`../models/demo/examples/${name}`, import.meta.url))
);
const builtIn = [
  { user: [{ image: films[0] }, "Describe the image."] },
  { user: [{ image: films[1] }, { image: films[2] }, "What changed?"] },
  { user: ["Look:", { image: films[2] }, "Is there anything unusual at the top left?"] },
  {
    system: "You are an expert radiologist.",
    user: [{ image: films[0] }, "How many shapes are there? Answer with a number."]
  },
  { user: ["What is the difference between a systolic and a diastolic blood pressure?"] },
  {
    user: [
      "A 54-year-old man has had chest pain on exertion for two weeks. Name three possible causes and how to tell them apart."
    ]
  },
  { system: "Answer in JSON.", user: ['Extract name and dose from: "Metoprolol 47.5 mg, one tablet in the morning."'] },
  { user: ["The film shows two bright shapes and one dark shape. The dark shape lies in the middle. ".repeat(6)] }
].map(({ system = null, user }) => ({ system, turns: [{ user, model: null }] }));

const { values: options } = parseArgs({
  options: {
    reference: { type: "string" },
    candidate: { type: "string", multiple: true },
    conversations: { type: "string" },
    gpu: { type: "string", default: "off" },
    json: { type: "boolean", default: false }
  }
});
if (options.reference === undefined || options.candidate === undefined) {
  console.error("usage: node scripts/fidelity.mjs --reference TEXT.gguf,MMPROJ.gguf --candidate TEXT.gguf,MMPROJ.gguf");
  process.exit(2);
}

const conversations =
  options.conversations === undefined
    ? builtIn
    : readFileSync(options.conversations, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));

/** Puts every conversation to a pair; one without a projector gets the texts alone. */
async function run(pair, onConversation) {
  const [text, mmproj] = pair.split(",");
  const { parts } = await loadParts(text, { mmproj, gpu: options.gpu, contextSize: 4096 });
  for (const [index, { system, turns }] of conversations.entries()) {
    if (process.stderr.isTTY)
      process.stderr.write(`\r\u001b[2K${basename(text)}: ${index + 1} of ${conversations.length}`);
    const shown =
      parts.vision !== null
        ? turns
        : turns.map(({ user, model }) => ({ user: user.filter((part) => typeof part === "string"), model }));
    const { tokens, images } = await promptOf(parts, { system, turns: shown }, options.conversations ?? "");
    const logits = await parts.language.readLogits(tokens);
    const rows = [...logits.entries()].sort(([a], [b]) => a - b).map(([, row]) => row);
    onConversation({
      rows,
      images: images.map(({ data, hiddenSize }) => ({ data: new Float32Array(data), hiddenSize }))
    });
  }
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[2K");
  await parts.vision?.dispose();
  await parts.language.dispose();
}

/** Log-probabilities, in double precision: a vocabulary has hundreds of thousands of entries. */
function logSoftmax(logits) {
  let largest = -Infinity;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  const shift = largest + Math.log(sum);
  return { shift, best: logits.indexOf(largest) };
}

/** KL divergence in nats, and whether both find the same token likeliest. */
function compareRows(reference, candidate) {
  const p = logSoftmax(reference);
  const q = logSoftmax(candidate);
  let divergence = 0;
  for (let i = 0; i < reference.length; i += 1) {
    const logP = reference[i] - p.shift;
    divergence += Math.exp(logP) * (logP - (candidate[i] - q.shift));
  }
  return { divergence: Math.max(0, divergence), isSame: p.best === q.best };
}

/** Cosine of every image token. */
function cosines(reference, candidate, hiddenSize) {
  const found = [];
  for (let at = 0; at < reference.length; at += hiddenSize) {
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = at; i < at + hiddenSize; i += 1) {
      ab += reference[i] * candidate[i];
      aa += reference[i] ** 2;
      bb += candidate[i] ** 2;
    }
    found.push(ab / Math.sqrt(aa * bb));
  }
  return found;
}

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

const folder = mkdtempSync(join(tmpdir(), "medgemma-fidelity-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const file = openSync(join(folder, "logits.f32"), "w+");

const originals = [];
await run(options.reference, ({ rows, images }) => {
  for (const row of rows) writeSync(file, new Uint8Array(row.buffer));
  originals.push({ count: rows.length, vocabulary: rows[0].length, images });
});

const reports = [];
for (const pair of options.candidate) {
  const report = { divergences: [], same: [], cosines: [] };
  let offset = 0;
  let index = 0;
  await run(pair, ({ rows, images }) => {
    const original = originals[index];
    index += 1;
    if (rows.length !== original.count || rows[0].length !== original.vocabulary)
      throw new Error(`${pair} has another vocabulary than the reference.`);
    for (const row of rows) {
      const expected = new Float32Array(row.length);
      readSync(file, new Uint8Array(expected.buffer), 0, expected.byteLength, offset);
      offset += expected.byteLength;
      const { divergence, isSame } = compareRows(expected, row);
      report.divergences.push(divergence);
      report.same.push(isSame ? 1 : 0);
    }
    for (const [nth, { data, hiddenSize }] of images.entries())
      report.cosines.push(...cosines(original.images[nth].data, data, hiddenSize));
  });
  reports.push({
    candidate: pair,
    positions: report.same.length,
    meanDivergence: mean(report.divergences),
    largestDivergence: report.divergences.reduce((a, b) => Math.max(a, b), 0),
    topOneAgreement: mean(report.same),
    imageTokens: report.cosines.length,
    smallestCosine: report.cosines.length === 0 ? null : report.cosines.reduce((a, b) => Math.min(a, b), 1),
    meanCosine: report.cosines.length === 0 ? null : mean(report.cosines)
  });
}
closeSync(file);

if (options.json) console.log(JSON.stringify({ reference: options.reference, candidates: reports }));
else {
  console.log("| candidate | positions | mean KL (nats) | largest KL | top-1 | image cosine, smallest | mean |");
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  for (const r of reports) {
    const name = r.candidate
      .split(",")
      .map((path) => basename(path))
      .join(", ");
    const cosine = r.smallestCosine === null ? ["–", "–"] : [r.smallestCosine.toFixed(6), r.meanCosine.toFixed(6)];
    const cells = [
      name,
      r.positions,
      r.meanDivergence.toExponential(1),
      r.largestDivergence.toExponential(1),
      `${(r.topOneAgreement * 100).toFixed(1)} %`,
      ...cosine
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
