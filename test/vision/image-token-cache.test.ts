import { describe, expect, it } from "vitest";
import { ImageTokenCache } from "../../src/vision/image-token-cache.js";

const entry = (key: string, numbers = 4) => ({
  key,
  data: new Float32Array(numbers),
  tokenCount: 1,
  hiddenSize: numbers
});

describe("the cache of image tokens", () => {
  it("gives back what was added, and nothing for another key", () => {
    const cache = new ImageTokenCache(1000);
    const a = entry("a");
    cache.add(a);
    expect(cache.get("a")).toBe(a);
    expect(cache.get("b")).toBeUndefined();
  });

  it("drops what was not used for longest when it is full", () => {
    const cache = new ImageTokenCache(48); // three entries of 16 bytes
    for (const key of ["a", "b", "c"]) cache.add(entry(key));
    cache.get("a");
    cache.add(entry("d"));
    expect(["a", "b", "c", "d"].filter((key) => cache.get(key) !== undefined)).toEqual(["a", "c", "d"]);
  });

  it("does not count an entry twice, and refuses one that is too large", () => {
    const cache = new ImageTokenCache(48);
    for (let round = 0; round < 5; round += 1) cache.add(entry("a"));
    cache.add(entry("b"));
    cache.add(entry("huge", 100));
    expect(["a", "b", "huge"].filter((key) => cache.get(key) !== undefined)).toEqual(["a", "b"]);
  });

  it("is empty after clear, and can be filled again", () => {
    const cache = new ImageTokenCache(16);
    cache.add(entry("a"));
    cache.clear();
    expect(cache.get("a")).toBeUndefined();
    cache.add(entry("b"));
    expect(cache.get("b")).toBeDefined();
  });
});
