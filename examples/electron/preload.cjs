// All that the page can reach. In a sandbox a preload script is CommonJS.
const { contextBridge, ipcRenderer } = require("electron");

contextBridge.exposeInMainWorld("medgemma", {
  ask: (id, question, image) => ipcRenderer.send("ask", id, question, image),
  stop: () => ipcRenderer.send("stop"),
  onMessage: (listener) => ipcRenderer.on("model", (_event, message) => listener(message))
});
