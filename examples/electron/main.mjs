// The main process: a window, the process of the model, and what they say to each other.
import { fileURLToPath } from "node:url";
import { app, BrowserWindow, ipcMain, utilityProcess } from "electron";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

app.whenReady().then(async () => {
  // never `await` it at the top: it waits for this file to end
  const window = new BrowserWindow({
    width: 720,
    height: 760,
    webPreferences: { preload: file("preload.cjs"), contextIsolation: true, nodeIntegration: false, sandbox: true }
  });
  window.webContents.setWindowOpenHandler(() => ({ action: "deny" }));
  window.webContents.on("will-navigate", (event) => event.preventDefault());
  const tell = (message) => window.isDestroyed() || window.webContents.send("model", message);
  await window.loadFile(file("page/index.html"));

  // A crash or a lack of memory ends that process, not the app. It gets the files that users choose as bytes.
  const model = utilityProcess.fork(file("model.mjs"), [app.commandLine.getSwitchValue("model") || "demo"]);
  let isRunning = true;
  model.on("message", tell);
  model.once("exit", (code) => {
    isRunning = false;
    if (window.isDestroyed()) app.quit();
    else tell({ ended: `The process of the model ended with code ${code}.` });
  });
  ipcMain.on("ask", (_event, id, question, image) => model.postMessage({ id, question, image }));
  ipcMain.on("stop", () => model.postMessage({ stop: true }));
  app.on("window-all-closed", () => (isRunning ? model.postMessage({ quit: true }) : app.quit()));
});
