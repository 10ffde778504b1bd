// Asks a worker thread about a picture and prints the answer as it comes.
import { Worker } from "node:worker_threads";
import { parseArgs } from "node:util";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { model: { type: "string", default: "demo" }, question: { type: "string", default: "Describe the image." } }
});
const [image] = positionals;
if (image === undefined) {
  console.error("Usage: node main.mjs PICTURE [--question TEXT] [--model NAME]");
  process.exit(2);
}

const worker = new Worker(new URL("worker.mjs", import.meta.url), { workerData: { model: values.model } });
worker.on("error", ({ code, message }) => {
  console.error(`${code}: ${message}`);
  process.exitCode = 1;
});
worker.on("message", ({ isLoaded, text, isDone, error }) => {
  if (isLoaded) worker.postMessage({ id: 1, question: values.question, image });
  if (text !== undefined) process.stdout.write(text);
  if (!isDone) return;
  if (error !== undefined) {
    console.error(error);
    process.exitCode = 1;
  } else process.stdout.write("\n");
  worker.postMessage({ quit: true });
});
