import { chmodSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ImageTokenStore } from "../../src/vision/image-token-store.js";
import { temporaryFolder } from "../cli/run-cli.js";

const folder = temporaryFolder();
const projector = join(folder, "projector");
const otherProjector = join(folder, "other");
writeFileSync(projector, "one");
writeFileSync(otherProjector, "two");

const tokens = (key: string) => ({
  key,
  data: Float32Array.from({ length: 12 }, (_, index) => index / 3),
  tokenCount: 3,
  hiddenSize: 4
});
const fileBytes = 80 + 12 * 4;
let stores = 0;

/** A store in a folder of its own. */
async function newStore(maxBytes = 1e6) {
  stores += 1;
  const path = join(folder, `store${stores}`, "deep");
  const store = await ImageTokenStore.open(path, maxBytes, projector);
  return { path, store, files: () => readdirSync(path).map((name) => join(path, name)) };
}

describe("image tokens on disk", () => {
  it.skipIf(process.platform === "win32").each([
    [0o777, "Others can write"],
    [0o775, "Others can write"],
    [0o757, "Others can write"]
  ])("are not kept in a folder with the permissions %o, where others could plant some", async (mode, words) => {
    const { path } = await newStore();
    chmodSync(path, mode);
    await expect(ImageTokenStore.open(path, 1e6, projector)).rejects.toMatchObject({
      code: "FILE_UNUSABLE",
      message: expect.stringContaining(words) as string
    });
  });

  it("come back as they were, from another run too, for their key alone", async () => {
    const { path, store } = await newStore();
    await store.write(tokens("a"));
    expect(await store.read("a")).toEqual(tokens("a"));
    expect(await store.read("b")).toBeUndefined();
    const again = await ImageTokenStore.open(path, 1e6, projector);
    expect(await again.read("a")).toEqual(tokens("a"));
  });

  it("are not those of another projector", async () => {
    const { path, store } = await newStore();
    await store.write(tokens("a"));
    const other = await ImageTokenStore.open(path, 1e6, otherProjector);
    expect(await other.read("a")).toBeUndefined();
  });

  it.runIf(process.platform !== "win32")("are for their owner only, and no half files stay behind", async () => {
    const { path, store, files } = await newStore();
    await store.write(tokens("a"));
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(files().map((file) => statSync(file).mode & 0o077)).toEqual([0]);
    expect(files()[0]).toMatch(/[0-9a-f]{64}\.imagetokens$/);
  });

  it.each([
    ["cut off", (file: string) => truncateSync(file, fileBytes - 4)],
    ["empty", (file: string) => truncateSync(file, 0)],
    ["longer", (file: string) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(4)]))],
    ...[0, 4, 8, 12, 16, 48, 80, fileBytes - 1].map((offset): [string, (file: string) => void] => [
      `changed at byte ${offset}`,
      (file) => {
        const bytes = readFileSync(file);
        bytes[offset] = (bytes[offset] ?? 0) ^ 1;
        writeFileSync(file, bytes);
      }
    ])
  ])("that are %s are deleted, not believed", async (_name, damage) => {
    const { store, files } = await newStore();
    await store.write(tokens("a"));
    damage(files()[0] ?? "");
    expect(await store.read("a")).toBeUndefined();
    expect(files()).toEqual([]);
    await store.write(tokens("a"));
    expect(await store.read("a")).toEqual(tokens("a"));
  });

  it("stay within the limit, and those used last stay", async () => {
    const { store, files } = await newStore(3 * fileBytes);
    const old = new Date(Date.now() - 60_000);
    for (const key of ["a", "b", "c"]) await store.write(tokens(key));
    for (const file of files()) utimesSync(file, old, old);
    await store.read("a");
    await store.write(tokens("d"));
    await store.write(tokens("e"));
    const left = [];
    for (const key of ["a", "b", "c", "d", "e"]) if ((await store.read(key)) !== undefined) left.push(key);
    expect(left).toEqual(["a", "d", "e"]);
  });

  it("need a folder that can be made", async () => {
    await expect(ImageTokenStore.open(join(projector, "below-a-file"), 1, projector)).rejects.toMatchObject({
      code: "FILE_UNUSABLE"
    });
  });
});
