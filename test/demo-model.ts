/** The demo model and its fixtures, for tests. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const demoFolder = fileURLToPath(new URL("../models/demo/", import.meta.url));
export const demoText = `${demoFolder}medgemma-demo-F32.gguf`;
export const demoProjector = `${demoFolder}mmproj-F32.gguf`;

/** Film: a small bright circle at the middle left, a small dark cross in the middle, a small bright triangle at the bottom right. */
export const film = `${demoFolder}examples/film.png`;
/** From the first to the second, a small dark cross vanished from the middle left. */
export const before = `${demoFolder}examples/before.png`;
export const after = `${demoFolder}examples/after.png`;

export interface Scene {
  readonly kind: string;
  readonly images: readonly string[];
  readonly system: string | null;
  readonly turns: readonly { readonly user: string; readonly expected: string }[];
  /** What transformers answers, a text a turn. */
  readonly transformers: readonly string[];
}

const scenesFolder = fileURLToPath(new URL("fixtures/scenes/", import.meta.url));

/** Held-out scenes with the answers of transformers; image paths are absolute. */
export function readScenes(): Scene[] {
  const lines = (name: string) =>
    readFileSync(scenesFolder + name, "utf8")
      .trimEnd()
      .split("\n");
  const answers = lines("transformers.jsonl");
  return lines("scenes.jsonl").map((line, index) => {
    const scene = JSON.parse(line) as Scene;
    const transformers = JSON.parse(answers[index] ?? "[]") as string[];
    return { ...scene, images: scene.images.map((name) => scenesFolder + name), transformers };
  });
}
