/**
 * What Electron gives a utility process of a packed app, for plain Node: its version, `process.parentPort`, and `dlopen`, which
 * opens a path inside app.asar in app.asar.unpacked where a file lies there. Loaded by --require, in child processes too.
 */
const { EventEmitter } = require("node:events");
const { existsSync } = require("node:fs");

Object.defineProperty(process, "versions", {
  value: Object.freeze({ ...process.versions, electron: "0.0.0-stand-in" })
});

const parentPort = new EventEmitter();
parentPort.postMessage = (message) => process.send(message);
parentPort.on("newListener", (name) => {
  if (name === "message" && parentPort.listenerCount("message") === 0)
    process.on("message", (data) => parentPort.emit("message", { data, ports: [] }));
});
process.parentPort = parentPort;

const { dlopen } = process;
process.dlopen = (module, path, ...rest) => {
  const unpacked = path.replace(/app\.asar(?=[\\/])/, "app.asar.unpacked");
  return dlopen(module, existsSync(unpacked) ? unpacked : path, ...rest);
};
