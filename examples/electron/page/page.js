// The page knows `window.medgemma` of the preload script, and nothing of Node.
const [picture, file, preview, name, form, question, ask, stop, answer, status] = [
  "picture",
  "file",
  "preview",
  "name",
  "form",
  "question",
  "ask",
  "stop",
  "answer",
  "status"
].map((id) => document.getElementById(id));
let isLoaded = false;
let chosen;
let id = 0; // of the last question
let isAnswering = false;

function show() {
  ask.disabled = !isLoaded || chosen === undefined || isAnswering;
  stop.disabled = !isAnswering;
}

function choose([image]) {
  if (image === undefined) return;
  chosen = image;
  name.textContent = image.name;
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(image);
  preview.hidden = false;
  show();
}
preview.addEventListener("error", () => (preview.hidden = true)); // DICOM, say: the model reads it, a browser does not
file.addEventListener("change", () => choose(file.files));

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  picture.classList.add("over");
});
document.addEventListener("dragleave", () => picture.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  picture.classList.remove("over");
  choose(event.dataTransfer.files);
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (ask.disabled) return;
  isAnswering = true;
  show();
  answer.textContent = "";
  status.textContent = "Looking…";
  try {
    const bytes = new Uint8Array(await chosen.arrayBuffer());
    window.medgemma.ask(++id, question.value, bytes);
  } catch {
    isAnswering = false;
    show();
    status.textContent = `${chosen.name} cannot be read.`; // a folder, or a file that is gone
  }
});
stop.addEventListener("click", () => window.medgemma.stop());

window.medgemma.onMessage((message) => {
  if (message.isLoaded) {
    isLoaded = true;
    status.textContent = `${message.model} on ${message.gpu === "off" ? "the CPU" : message.gpu}`;
  } else if (message.failed !== undefined || message.ended !== undefined) {
    [isLoaded, isAnswering] = [false, false];
    status.textContent = message.failed ?? message.ended;
  } else if (message.id === id) {
    if (message.text !== undefined) answer.append(message.text);
    if (message.isDone) {
      isAnswering = false;
      status.textContent = message.error ?? (message.stopReason === "aborted" ? "Stopped" : "");
    }
  }
  show();
});
