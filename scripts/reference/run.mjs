// Puts conversations to this package and writes what it computes, for compare.py. Run `npm run build` first.
//
//   node scripts/reference/run.mjs --conversations DIR/conversations.jsonl --out FILE [--model demo] [--mmproj PATH]
//       [--gpu off] [--tokens 64]
//
// FILE gets one JSON object a line: {"ids": […, -1 for an image token], "greedy": […]}; FILE.logits the logits of every
// position that is no image token, float32, in the order of the lines.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadParts } from "../../dist/loading/load.js";
import { greedyTokens, promptOf } from "../../dist/chat/transcript.js";

const { values: options } = parseArgs({
  options: {
    conversations: { type: "string" },
    out: { type: "string" },
    model: { type: "string", default: "demo" },
    mmproj: { type: "string" },
    gpu: { type: "string", default: "off" },
    tokens: { type: "string", default: "64" }
  }
});
if (options.conversations === undefined || options.out === undefined)
  throw new Error("--conversations and --out are needed");

const { parts } = await loadParts(options.model, { mmproj: options.mmproj, gpu: options.gpu });
const logitsFile = openSync(`${options.out}.logits`, "w");
const lines = [];
for (const line of readFileSync(options.conversations, "utf8").trimEnd().split("\n")) {
  const { tokens: prompt } = await promptOf(parts, JSON.parse(line), options.conversations);
  const greedy = await greedyTokens(parts, prompt, Number(options.tokens));
  const logits = await parts.language.readLogits(prompt);
  for (const row of [...logits.entries()].sort(([a], [b]) => a - b))
    writeSync(logitsFile, new Uint8Array(row[1].buffer));
  lines.push(JSON.stringify({ ids: prompt.map((id) => (id >= 2 ** 30 ? -1 : id)), greedy }));
}
closeSync(logitsFile);
writeFileSync(options.out, `${lines.join("\n")}\n`);
await parts.vision?.dispose();
await parts.language.dispose();
