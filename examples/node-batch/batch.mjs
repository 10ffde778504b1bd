// A folder of pictures → JSON lines, one a picture. Run it again and it goes on where it was stopped.
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadMedGemma, MedGemmaError } from "medgemma-local";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { model: { type: "string", default: "demo" }, question: { type: "string", default: "Describe the image." } }
});
const [folder, output] = positionals;
if (folder === undefined || output === undefined) {
  console.error("Usage: node batch.mjs FOLDER OUTPUT.jsonl [--model NAME] [--question TEXT]");
  process.exit(2);
}

const isPicture = /\.(png|jpe?g|webp|tiff?|gif|dcm)$/i;
const pictures = (await readdir(folder)).filter((name) => isPicture.test(name)).sort();

const file = await open(output, "a+");
const written = await file.readFile("utf8");
const whole = written.slice(0, written.lastIndexOf("\n") + 1); // a line that a power cut left half written goes
await file.truncate(Buffer.byteLength(whole));
const done = new Set(
  whole
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line).file)
);

const stop = new AbortController();
process.on("SIGINT", () => stop.abort()); // not `once`: a package of node-llama-cpp ends the process when nobody else listens

const medgemma = await loadMedGemma(values.model, { signal: stop.signal }).catch(giveUp);
for (const [index, name] of pictures.entries()) {
  if (done.has(name)) continue;
  console.error(`${index + 1}/${pictures.length} ${name}`);
  const line = await answer(name);
  if (line === null) break;
  await file.appendFile(`${JSON.stringify({ file: name, ...line })}\n`);
}
await medgemma.dispose();
await file.close();
if (stop.signal.aborted) process.exitCode = 130;

/** null when it was stopped. */
async function answer(name) {
  const chat = await medgemma.createChat(); // a new one for each picture: the answers do not depend on each other
  try {
    const { text, tokens, images, stopReason } = await chat.ask(values.question, {
      images: [join(folder, name)],
      signal: stop.signal
    });
    return stopReason === "aborted" ? null : { text, tokens: tokens.length, sha256: images[0].sha256 };
  } catch (error) {
    if (stop.signal.aborted) return null;
    // A picture that cannot be used is noted; anything else (no memory, a full disk) would fail again for the next one.
    if (error instanceof MedGemmaError && error.code.startsWith("IMAGE_")) return { error: error.code };
    throw error;
  } finally {
    await chat.dispose();
  }
}

function giveUp(error) {
  console.error(`${error.code}: ${error.message}`);
  process.exit(error.code === "ABORTED" ? 130 : 1);
}
