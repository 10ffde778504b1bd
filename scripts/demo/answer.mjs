// Asks this package about a folder of scenes and writes the answers for evaluate.py: one JSON list of texts a line, one
// text a turn, in the order of scenes.jsonl. Run `npm run build` first.
//
//   node scripts/demo/answer.mjs --scenes DIR --out FILE [--model demo] [--mmproj PATH] [--gpu off]
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadMedGemma } from "../../dist/index.js";

const { values: options } = parseArgs({
  options: {
    scenes: { type: "string" },
    out: { type: "string" },
    model: { type: "string", default: "demo" },
    mmproj: { type: "string" },
    gpu: { type: "string", default: "off" }
  }
});
if (options.scenes === undefined || options.out === undefined) throw new Error("--scenes and --out are needed");

const scenes = readFileSync(join(options.scenes, "scenes.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));
const medgemma = await loadMedGemma(options.model, { mmproj: options.mmproj, gpu: options.gpu });
const lines = [];
for (const { images, system, turns } of scenes) {
  const chat = await medgemma.createChat({ system: system ?? undefined });
  const answers = [];
  for (const [index, { user }] of turns.entries()) {
    const { text } = await chat.ask(user, {
      images: index === 0 ? images.map((name) => join(options.scenes, name)) : []
    });
    answers.push(text);
  }
  await chat.dispose();
  lines.push(JSON.stringify(answers));
}
await medgemma.dispose();
writeFileSync(options.out, `${lines.join("\n")}\n`);
