// The utility process that owns the model: { id, question, image } → { id, text }… → { id, isDone, stopReason | error }.
// { stop } ends the answer, { quit } the process, also while the model is loading.
import { loadMedGemma } from "medgemma-local";

const { parentPort } = process; // Electron's, of a utility process
const describe = ({ code, message }) => (code === undefined ? message : `${code}: ${message}`);

const quit = new AbortController();
let stop = new AbortController();

const loading = loadMedGemma(process.argv[2], { signal: quit.signal });
loading.then(
  ({ model: { id, gpu } }) => parentPort.postMessage({ isLoaded: true, model: id, gpu }),
  (error) => quit.signal.aborted || parentPort.postMessage({ failed: describe(error) })
);

parentPort.on("message", async ({ data }) => {
  if (data.quit || data.stop) stop.abort();
  if (data.quit) {
    quit.abort();
    await loading.then(
      (medgemma) => medgemma.dispose(),
      () => undefined
    );
    process.exit();
  }
  if (data.question !== undefined) parentPort.postMessage({ id: data.id, isDone: true, ...(await answer(data)) });
});

async function answer({ id, question, image }) {
  stop.abort(); // one question at a time
  stop = new AbortController();
  const { signal } = stop;
  try {
    // A page that somebody took over must not make this process read files by their names.
    if (!(image instanceof Uint8Array)) throw new TypeError("The picture must come as bytes.");
    const chat = await (await loading).createChat();
    try {
      const reply = chat.ask(question, { images: [image], signal });
      for await (const { kind, text } of reply) if (kind === "text") parentPort.postMessage({ id, text });
      return { stopReason: (await reply).stopReason };
    } finally {
      await chat.dispose();
    }
  } catch (error) {
    return signal.aborted ? { stopReason: "aborted" } : { error: describe(error) };
  }
}
