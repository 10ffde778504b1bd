/** examples/electron, as far as it goes without Electron: its model process in the layout of a packed app, its page and preload script as text. */
import { mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../cli/run-cli.js";
import { film } from "../demo-model.js";
import {
  exampleFolder,
  isNative,
  packages,
  packApp,
  startModel,
  unpackedFolders,
  type ModelProcess
} from "./packed-app.js";

const root = join(exampleFolder, "..", "..");
const folder = temporaryFolder();
const resources = packApp(folder);
const picture = new Uint8Array(readFileSync(film));
const question = "Describe the image.";
const filmText =
  "A small bright circle at the middle left. A small dark cross at the middle center. A small bright triangle at the bottom right.";

describe("the model process of a packed app", () => {
  let model: ModelProcess;
  const textOf = (id: number) =>
    model.messages.flatMap((message) => (message.id === id && message.text !== undefined ? [message.text] : []));
  async function ask(id: number, image: unknown, text: unknown = question) {
    model.child.send({ id, question: text, image });
    return await model.message((message) => message.id === id && message.isDone === true);
  }

  beforeAll(() => {
    model = startModel(resources, "demo");
  });
  afterAll(() => model.child.kill());

  it("loads the demo model", async () => {
    expect(await model.message(({ isLoaded }) => isLoaded === true)).toMatchObject({ model: "demo" });
  });

  it("streams the answer about a picture that comes as bytes", async () => {
    expect(await ask(1, picture)).toEqual({ id: 1, isDone: true, stopReason: "end" });
    expect(textOf(1).join("")).toBe(filmText);
    expect(textOf(1).length).toBeGreaterThan(3);
  });

  it("stops in the middle, and answers the next question", async () => {
    model.child.once("message", () => model.child.send({ stop: true })); // with the first piece
    expect(await ask(2, picture)).toMatchObject({ stopReason: "aborted" });
    expect(filmText.startsWith(textOf(2).join(""))).toBe(true);
    expect(textOf(2).join("").length).toBeLessThan(filmText.length);
    await ask(3, picture);
    expect(textOf(3).join("")).toBe(filmText);
  });

  it("says in one line what is wrong with a file, and goes on", async () => {
    expect((await ask(4, picture.subarray(0, 300))).error).toMatch(/^IMAGE_UNREADABLE: [^\n]+$/);
    expect((await ask(5, new TextEncoder().encode("no picture"))).error).toMatch(/^IMAGE_UNREADABLE: [^\n]+$/);
    expect((await ask(6, film)).error).toBe("The picture must come as bytes.");
    expect((await ask(7, picture, 7)).error).toMatch(/^INVALID_ARGUMENT: [^\n]+$/);
    expect(await ask(8, picture)).toMatchObject({ stopReason: "end" });
  });

  it("ends when it is told to, in the middle of an answer too", async () => {
    model.child.send({ id: 9, question, image: picture });
    await model.message(({ id }) => id === 9);
    model.child.send({ quit: true });
    expect(await model.ended).toEqual({ code: 0, stderr: "" });
  });
});

describe("the model process", () => {
  it("ends when it is told to while it loads", async () => {
    const model = startModel(resources, "demo");
    model.child.send({ quit: true });
    expect(await model.ended).toEqual({ code: 0, stderr: "" });
    expect(model.messages).toEqual([]);
  });

  it("says in one line that a model is not there", async () => {
    const model = startModel(resources, "nope");
    expect((await model.message(({ failed }) => failed !== undefined)).failed).toMatch(/^MODEL_NOT_FOUND: [^\n]+$/);
    model.child.send({ quit: true });
    expect((await model.ended).code).toBe(0);
  });
});

describe("asarUnpack", () => {
  const native = packApp(folder, "native");

  it("is enough with sharp's own binaries", async () => {
    const model = startModel(native, "demo");
    model.child.send({ id: 1, question, image: picture });
    expect(await model.message(({ isDone }) => isDone === true)).toMatchObject({ stopReason: "end" });
    model.child.send({ quit: true });
    expect(await model.ended).toMatchObject({ code: 0 });
  });

  it.each(unpackedFolders)("needs %s", async (unpacked) => {
    const [there, away] = [join(native, "app.asar.unpacked", unpacked), join(native, "away")];
    renameSync(there, away);
    try {
      const model = startModel(native, "demo");
      model.child.send({ id: 1, question, image: picture });
      const said = await Promise.race([
        model.message(({ isDone, failed }) => isDone === true || failed !== undefined),
        model.ended
      ]);
      model.child.kill();
      expect(said).not.toMatchObject({ stopReason: "end" });
      await model.ended;
    } finally {
      mkdirSync(join(there, ".."), { recursive: true });
      renameSync(away, there);
    }
  });

  it("names every package with native files, but one that copies files for node-llama-cpp's downloads", () => {
    const holders = packages().filter((path) =>
      readdirSync(join(root, path), { recursive: true, encoding: "utf8" }).some(
        (name) => !name.includes("node_modules") && isNative(name)
      )
    );
    const packed = holders.filter((path) => !unpackedFolders.some((unpacked) => `${path}/`.startsWith(unpacked)));
    expect(holders.length).toBeGreaterThan(2);
    expect(packed.filter((path) => !path.startsWith("node_modules/@reflink/"))).toEqual([]);
  });
});

describe("the page", () => {
  const text = (name: string) => readFileSync(join(exampleFolder, name), "utf8");
  const html = text("page/index.html");

  it("is isolated, in a sandbox, without Node, and goes nowhere else", () => {
    const main = text("main.mjs");
    expect(main).toMatch(/contextIsolation: true, nodeIntegration: false, sandbox: true/);
    expect(main).toMatch(/setWindowOpenHandler\(\(\) => \(\{ action: "deny" \}\)\)/);
    expect(main).toMatch(/"will-navigate", \(event\) => event\.preventDefault\(\)/);
    expect(main).not.toMatch(/medgemma-local|webSecurity|allowRunningInsecureContent|loadURL/);
  });

  it("allows scripts and styles of its own alone, and no connection", () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? "";
    const directives = policy.split("; ").map((directive) => directive.split(" "));
    expect(Object.fromEntries(directives.map(([name = "", ...sources]) => [name, sources]))).toEqual({
      "default-src": ["'none'"],
      "script-src": ["'self'"],
      "style-src": ["'self'"],
      "img-src": ["blob:"],
      "base-uri": ["'none'"],
      "form-action": ["'none'"]
    });
    // Inline, they would be refused.
    expect(html).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
  });

  it("names nothing on a network", () => {
    for (const name of readdirSync(join(exampleFolder, "page")))
      expect(text(`page/${name}`)).not.toMatch(/\w+:\/\/|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|EventSource/);
  });

  it("reaches three functions through the preload script, and none of Electron's", () => {
    const preload = text("preload.cjs");
    const exposed: [string, Record<string, (...args: unknown[]) => unknown>][] = [];
    const calls: unknown[][] = [];
    const heard: unknown[] = [];
    let emit: (event: unknown, message: unknown) => void = () => undefined;
    const electron = {
      contextBridge: {
        exposeInMainWorld: (name: string, api: Record<string, (...args: unknown[]) => unknown>) =>
          exposed.push([name, api])
      },
      ipcRenderer: {
        send: (...args: unknown[]) => calls.push(args),
        on: (_name: string, listener: typeof emit) => (emit = listener)
      }
    };
    const required: string[] = [];
    const require = (name: string) => {
      required.push(name);
      return electron;
    };
    runInNewContext(preload, { require }); // as Electron runs it
    expect(required).toEqual(["electron"]);
    expect(exposed.map(([name, api]) => [name, Object.keys(api)])).toEqual([
      ["medgemma", ["ask", "stop", "onMessage"]]
    ]);
    const [, api] = exposed[0] ?? ["", {}];
    api.ask?.(1, question, picture, "more");
    api.stop?.("more");
    api.onMessage?.((...args: unknown[]) => heard.push(args));
    emit({ sender: "of Electron" }, { id: 1 });
    expect(calls).toEqual([["ask", 1, question, picture], ["stop"]]);
    expect(heard).toEqual([[{ id: 1 }]]);
  });
});
