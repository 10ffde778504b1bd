import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { prepareImage } from "../../src/image/prepare.js";
import { loadAddon } from "../../src/native/load-addon.js";
import { VisionModel, type ImageCacheOptions } from "../../src/vision/vision-model.js";
import { temporaryFolder } from "../cli/run-cli.js";
import { after, before, demoProjector, film } from "../demo-model.js";

const folder = temporaryFolder();
const loaded: VisionModel[] = [];
afterAll(async () => {
  for (const model of loaded) await model.dispose();
});

async function load(cache?: ImageCacheOptions): Promise<VisionModel> {
  const model = await VisionModel.load(loadAddon(), demoProjector, { gpu: false, threads: 1, cache });
  loaded.push(model);
  return model;
}
const square = async (path: string) => await prepareImage(path, { side: 224 });

describe("the same image", () => {
  it("is encoded once, and says so", async () => {
    const model = await load();
    const image = await square(film);
    const first = await model.encode(image);
    const second = await model.encode(image);
    expect([first.cached, second.cached]).toEqual([false, true]);
    expect(first.encodeMs).toBeGreaterThan(0);
    expect(second.encodeMs).toBe(0);
    expect(second.tokens).toBe(first.tokens);
  });

  it("is encoded once when it is asked for twice at a time", async () => {
    const model = await load();
    const image = await square(film);
    const results = await Promise.all([
      model.encode(image),
      model.encode(image),
      model.encode(await square(before)),
      model.encode(image)
    ]);
    expect(results.map(({ cached }) => cached)).toEqual([false, true, false, true]);
  });

  it("is encoded for those who wait when the first is stopped, and a waiter can be stopped", async () => {
    const model = await load();
    const image = await square(film);
    const controller = new AbortController();
    const stopped = model.encode(image, { signal: controller.signal });
    const waiting = model.encode(image);
    const alsoStopped = model.encode(image, { signal: controller.signal });
    controller.abort();
    await expect(stopped).rejects.toMatchObject({ code: "ABORTED" });
    await expect(alsoStopped).rejects.toMatchObject({ code: "ABORTED" });
    expect((await waiting).cached).toBe(false);
  });

  it("is waited for, and so is the tower: each says it, but the first and whoever finds the tokens", async () => {
    const model = await load();
    const [image, other] = [await square(film), await square(before)];
    const heard: string[] = [];
    const encode = async (name: string, shown: typeof image) =>
      await model.encode(shown, { onWaiting: () => heard.push(name) });
    await Promise.all([encode("first", image), encode("same", image), encode("other", other)]);
    await encode("known", image);
    expect(heard).toEqual(["same", "other"]);
  });

  it("is encoded again when nothing may be kept", async () => {
    const model = await load({ maxBytes: 0 });
    const image = await square(film);
    await model.encode(image);
    expect((await model.encode(image)).cached).toBe(false);
  });

  it("is known to the next process from disk, when that was asked for", async () => {
    const path = join(folder, "tokens");
    const image = await square(film);
    const first = await (await load({ folder: path })).encode(image);
    const second = await (await load({ folder: path })).encode(image);
    expect([first.cached, second.cached]).toEqual([false, true]);
    expect(second.encodeMs).toBe(0);
    expect(second.tokens.data).toEqual(first.tokens.data);
    const [file = ""] = readdirSync(path);
    writeFileSync(join(path, file), "damaged");
    expect((await (await load({ folder: path })).encode(image)).cached).toBe(false);
    expect((await (await load({ folder: path })).encode(image)).cached).toBe(true);
  });

  it("is answered although the disk takes nothing, with one warning", async () => {
    const path = join(folder, "vanishing");
    const model = await load({ folder: path });
    rmSync(path, { recursive: true });
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on("warning", listen);
    await model.encode(await square(film));
    await model.encode(await square(after));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", listen);
    expect(warnings.filter(({ name }) => name === "MedGemmaWarning").map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Image tokens are not kept on disk\. .*vanishing/)
    ]);
  });
});
