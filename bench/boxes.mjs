// How well a model locates: mean overlap with the truth, in pixels of the original pictures, for every way of making a
// square. Run `npm run build` first.
//
//   python scripts/reference/boxes.py --seed 701 --count 100 --out build/boxes
//   node bench/boxes.mjs --scenes build/boxes [--model demo] [--mmproj PATH] [--gpu off] [--fit pad --fit crops] [--show 3]
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadMedGemma } from "../dist/index.js";

const { values: options } = parseArgs({
  options: {
    scenes: { type: "string" },
    model: { type: "string", default: "demo" },
    mmproj: { type: "string" },
    gpu: { type: "string", default: "off" },
    fit: { type: "string", multiple: true, default: ["pad", "stretch", "crops"] },
    show: { type: "string", default: "0" }
  }
});
if (options.scenes === undefined) throw new Error("--scenes is needed");

/** Intersection over union. */
function overlap(one, other) {
  const shared = (edge, length) =>
    Math.max(0, Math.min(one[edge] + one[length], other[edge] + other[length]) - Math.max(one[edge], other[edge]));
  const both = shared("x", "width") * shared("y", "height");
  return both / (one.width * one.height + other.width * other.height - both);
}

const scenes = readFileSync(join(options.scenes, "boxes.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));
const medgemma = await loadMedGemma(options.model, { mmproj: options.mmproj, gpu: options.gpu });
for (const fit of options.fit) {
  const overlaps = { all: [], square: [], long: [] };
  let located = 0;
  let rejected = 0;
  let cropped = 0;
  let shown = 0;
  for (const { image, question, box } of scenes) {
    const chat = await medgemma.createChat();
    const { text, boxes, rejectedBoxes, images } = await chat.ask(question, {
      images: [join(options.scenes, image)],
      fit,
      boxes: true,
      maxTokens: 100
    });
    await chat.dispose();
    const [first] = images;
    // Exactly one thing was asked for: no box or several are no answer.
    const score = boxes.length === 1 ? overlap(boxes[0].box, box) : 0;
    if (boxes.length === 1) located += 1;
    if (rejectedBoxes.length > 0) rejected += 1;
    if (first.crops?.length > 0) cropped += 1;
    overlaps.all.push(score);
    overlaps[first.width === first.height ? "square" : "long"].push(score);
    if (score < 0.3 && shown++ < Number(options.show))
      console.log(`  ${image} ${first.width}×${first.height} ${question} ${JSON.stringify(box)}: ${text}`);
  }
  const mean = (scores) =>
    scores.length === 0 ? "–" : (scores.reduce((sum, one) => sum + one, 0) / scores.length).toFixed(3);
  console.log(
    `${fit.padEnd(8)} mean IoU ${mean(overlaps.all)} over ${scenes.length} (square ${mean(overlaps.square)}, others ${mean(overlaps.long)}); ` +
      `one box in ${located}, rejected in ${rejected}, with crops ${cropped}`
  );
}
await medgemma.dispose();
