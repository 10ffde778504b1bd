// Whether a model answers about DICOM files as about PNG files with the same pixels after windowing. Run `npm run build` first.
//
//   python scripts/demo/scenes.py --seed 811 --count 60 --out build/scenes
//   python scripts/reference/dicom_scenes.py --scenes build/scenes --out build/scenes-dicom
//   node bench/dicom-scenes.mjs --scenes build/scenes --dicom build/scenes-dicom [--model demo] [--mmproj PATH] [--gpu off]
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { loadMedGemma } from "../dist/index.js";

const { values: options } = parseArgs({
  options: {
    scenes: { type: "string" },
    dicom: { type: "string" },
    model: { type: "string", default: "demo" },
    mmproj: { type: "string" },
    gpu: { type: "string", default: "off" }
  }
});
if (options.scenes === undefined || options.dicom === undefined) throw new Error("--scenes and --dicom are needed");

/** As scripts/reference/dicom_scenes.py names them; the window that fits is the second of its file. */
const variants = { mono1: undefined, "12bit": undefined, j2k: undefined, window: 2 };

const scenes = readFileSync(join(options.scenes, "scenes.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));
// Nothing is kept, so that every picture is encoded from its own pixels.
const medgemma = await loadMedGemma(options.model, {
  mmproj: options.mmproj,
  gpu: options.gpu,
  imageCache: { maxBytes: 0 }
});

async function converse({ system, turns }, images, window) {
  const chat = await medgemma.createChat({ system: system ?? undefined });
  const answers = [];
  for (const [index, { user }] of turns.entries())
    answers.push(await chat.ask(user, index === 0 ? { images, window } : {}));
  await chat.dispose();
  return {
    text: answers.map(({ text }) => text),
    tokens: answers
      .map(({ tokens }) => tokens)
      .flat()
      .join(" "),
    pixels: answers[0].images.map(({ sha256 }) => sha256).join(" ")
  };
}

const counts = Object.fromEntries(Object.keys(variants).map((name) => [name, { samePixels: 0, sameTokens: 0 }]));
let right = 0;
for (const scene of scenes) {
  const expected = await converse(
    scene,
    scene.images.map((name) => join(options.scenes, name))
  );
  if (expected.text.every((text, index) => text === scene.turns[index].expected)) right += 1;
  for (const [name, window] of Object.entries(variants)) {
    const answer = await converse(
      scene,
      scene.images.map((image) => join(options.dicom, `${basename(image, ".png")}.${name}.dcm`)),
      window
    );
    if (answer.pixels === expected.pixels) counts[name].samePixels += 1;
    if (answer.tokens === expected.tokens) counts[name].sameTokens += 1;
    else
      console.log(
        `${scene.images.join(" ")} ${name}: ${answer.text.join(" | ")}; of the PNG file ${expected.text.join(" | ")}`
      );
  }
}
await medgemma.dispose();
console.log(`${scenes.length} scenes; of the PNG files ${right} are answered exactly as the scene says`);
for (const [name, { samePixels, sameTokens }] of Object.entries(counts))
  console.log(`${name.padEnd(8)} same pixels ${samePixels}, same answers ${sameTokens} of ${scenes.length}`);
