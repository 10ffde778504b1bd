// The thread that owns the model. One question at a time: { id, question, image } → { id, text }… → { id, isDone, error? }
import { parentPort, workerData } from "node:worker_threads";
import { loadMedGemma } from "medgemma-local";

const medgemma = await loadMedGemma(workerData.model);
parentPort.postMessage({ isLoaded: true });

parentPort.on("message", async ({ id, question, image, quit }) => {
  if (quit) {
    await medgemma.dispose();
    parentPort.close(); // nothing keeps the thread any more
    return;
  }
  try {
    const chat = await medgemma.createChat();
    for await (const { kind, text } of chat.ask(question, { images: [image] })) {
      if (kind === "text") parentPort.postMessage({ id, text });
    }
    await chat.dispose();
    parentPort.postMessage({ id, isDone: true });
  } catch ({ code, message }) {
    parentPort.postMessage({ id, isDone: true, error: `${code}: ${message}` }); // an Error would lose its code on the way
  }
});
