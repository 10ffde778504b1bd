import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadMedGemma, prepareImage, type Chat, type MedGemma, type SquareImage } from "../../src/index.js";
import { temporaryFolder } from "../cli/run-cli.js";
import { after, film } from "../demo-model.js";
import { pattern } from "../pattern.js";

const folder = temporaryFolder();
let medgemma: MedGemma;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off" });
});
afterAll(async () => await medgemma.dispose());

/** The demo film is 280 × 224 pixels: bars of 28 pixels above and below. The cross is at 112..151 across and 90..127 down. */
const cross = { x: 110, y: 88, width: 42, height: 42 };

/** A schema with one answer only: this box, whatever the model would say. */
function forced(box: readonly number[], label = "a"): object {
  const numbers = {
    type: "array",
    prefixItems: box.map((edge) => ({ enum: [edge] })),
    items: { enum: [0] },
    minItems: 4,
    maxItems: 4
  };
  return {
    type: "array",
    items: { type: "object", properties: { box_2d: numbers, label: { enum: [label] } } },
    minItems: 1,
    maxItems: 1
  };
}

/** The images of the first question, as the model saw them. */
function squaresOf({ turns: [first] }: Chat): SquareImage[] {
  const parts = first?.role === "user" && typeof first.content !== "string" ? first.content : [];
  return parts.flatMap((part) => (typeof part === "string" ? [] : [part.image as SquareImage]));
}

describe("Answer.boxes", () => {
  it("are in pixels of the picture, near what is there", async () => {
    await using chat = await medgemma.createChat();
    const { boxes, rejectedBoxes } = await chat.ask("Where is the cross?", { images: [film] });
    expect(rejectedBoxes).toEqual([]);
    expect(boxes).toMatchObject([{ label: "cross", image: 0 }]);
    const { box, box2d } = boxes?.[0] ?? {};
    expect(Math.abs((box?.x ?? 0) - cross.x)).toBeLessThan(15);
    expect(Math.abs((box?.y ?? 0) - cross.y)).toBeLessThan(15);
    expect(box?.y).toBeCloseTo((280 * (box2d?.[0] ?? 0)) / 1000 - 28, 1);
  });

  it("are there by default when the answer holds a box_2d, and otherwise when asked for", async () => {
    await using chat = await medgemma.createChat();
    const asked = await chat.ask("Describe the image.", { images: [film], boxes: true });
    expect(asked).toMatchObject({ boxes: [], rejectedBoxes: [] });
    expect(await chat.ask("Is there a cross?")).not.toHaveProperty("boxes");
    await chat.reset();
    const unwanted = await chat.ask("Where is the cross?", { images: [film], boxes: false });
    expect(unwanted.text).toContain("box_2d");
    expect(unwanted).not.toHaveProperty("boxes");
    expect(unwanted).not.toHaveProperty("rejectedBoxes");
  });

  it("follow the fit", async () => {
    const boxFor = async (fit: "pad" | "stretch" | "crops") => {
      await using chat = await medgemma.createChat();
      const { boxes } = await chat.ask("Where?", { images: [film], fit, schema: forced([500, 100, 600, 200]) });
      return boxes?.[0]?.box;
    };
    expect(await boxFor("pad")).toEqual({ x: 28, y: 112, width: 28, height: 28 });
    expect(await boxFor("crops")).toEqual({ x: 28, y: 112, width: 28, height: 28 });
    expect(await boxFor("stretch")).toEqual({ x: 28, y: 112, width: 28, height: 22.4 });
  });

  it("that are impossible are told, with the reason", async () => {
    await using chat = await medgemma.createChat();
    const { boxes, rejectedBoxes, text } = await chat.ask("Where?", {
      images: [film],
      schema: forced([0, 0, 100, 1000])
    });
    expect(boxes).toEqual([]);
    expect(rejectedBoxes).toEqual([
      { reason: expect.stringContaining("black bars") as string, text: text.trim().slice(1, -1).trim() }
    ]);
  });

  it("that are cut off are told", async () => {
    await using chat = await medgemma.createChat();
    const { boxes, rejectedBoxes, stopReason } = await chat.ask("Where is the cross?", {
      images: [film],
      maxTokens: 14
    });
    expect({ boxes, stopReason }).toEqual({ boxes: [], stopReason: "maxTokens" });
    expect(rejectedBoxes).toMatchObject([{ reason: expect.stringContaining("cut off") as string }]);
  });

  it("mean the last images of the conversation where a question has none, after a save as well", async () => {
    await using chat = await medgemma.createChat();
    await chat.ask("Describe the image.", { images: [after] });
    await chat.ask("Describe the image.", { images: [film], fit: "stretch" });
    const question = { schema: forced([500, 0, 1000, 1000]) };
    const lowerHalf = { x: 0, y: 112, width: 280, height: 112 };
    const path = join(folder, "boxes.json");
    await chat.save(path);
    expect((await chat.ask("Where?", question)).boxes).toMatchObject([{ image: 0, box: lowerHalf }]);
    await using loaded = await medgemma.loadChat(path);
    expect((await loaded.ask("Where?", question)).boxes).toMatchObject([{ box: lowerHalf }]);
    expect((await loaded.regenerate(question)).boxes).toMatchObject([{ box: lowerHalf }]);
  });

  it("are not guessed to be on one of several images", async () => {
    await using chat = await medgemma.createChat();
    const { boxes, rejectedBoxes } = await chat.ask("Where?", {
      images: [film, after],
      schema: forced([0, 0, 900, 900])
    });
    expect(boxes).toEqual([]);
    expect(rejectedBoxes).toMatchObject([{ reason: expect.stringContaining("which of the 2 images") as string }]);
  });

  it("must be asked for with true or false", async () => {
    await using chat = await medgemma.createChat();
    await expect(chat.ask("x", { boxes: "yes" as unknown as boolean })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("boxes") as string
    });
  });
});

describe("a picture with crops", () => {
  const long = pattern(900, 300); // three crops
  const crops = [0, 300, 600].map((x) => ({ x, y: 0, width: 300, height: 300 }));

  it("has its crops and all tokens in the answer, and its own pixels as with padding", async () => {
    await using chat = await medgemma.createChat();
    const { images, usage } = await chat.ask("Describe the image.", { images: [long], fit: "crops" });
    const { sha256 } = await prepareImage(long, { side: 224 });
    expect(images).toMatchObject([{ width: 900, height: 300, sha256, crops, tokens: 64, cached: false }]);
    expect(images[0]?.encodeMs).toBeGreaterThan(0);
    expect(usage.imageTokens).toBe(64);
    expect(squaresOf(chat)).toMatchObject(images.map(({ source, sha256 }) => ({ source, sha256 })));
  });

  it("has every crop cached like any image", async () => {
    await using chat = await medgemma.createChat();
    const fresh = pattern(901, 300);
    await medgemma.encode([fresh], { fit: "crops" });
    expect((await chat.ask("Describe the image.", { images: [fresh], fit: "crops" })).images).toMatchObject([
      { cached: true, encodeMs: 0 }
    ]);
    expect((await chat.ask("Describe the image.", { images: [fresh] })).images).toMatchObject([{ cached: true }]);
  });

  it("is not in one that is nearly square, which is as with padding", async () => {
    await using chat = await medgemma.createChat();
    await using other = await medgemma.createChat();
    const cropped = await chat.ask("Describe the image.", { images: [film], fit: "crops" });
    const padded = await other.ask("Describe the image.", { images: [film] });
    expect(cropped.images).toMatchObject([{ crops: [], tokens: 16 }]);
    expect(padded.images[0]).not.toHaveProperty("crops");
    expect(cropped.tokens).toEqual(padded.tokens);
  });

  it("counts its layers once to the end", async () => {
    await using chat = await medgemma.createChat();
    const layers: string[] = [];
    const gradient = {
      source: "gradient",
      width: 902,
      height: 300,
      rgb: new Uint8Array(902 * 300 * 3).map((_, index) => ((index / 3) % 902) / 4)
    };
    await chat.ask("Describe the image.", {
      images: [gradient],
      fit: "crops",
      onProgress: (progress) =>
        progress.stage === "encode" &&
        layers.push(`${progress.image}/${progress.images} ${progress.layer}/${progress.layers}`)
    });
    expect(layers).toEqual(Array.from({ length: 16 }, (_, index) => `1/1 ${index + 1}/16`));
  });

  it("stays in the context: the second turn decodes only what is new", async () => {
    await using chat = await medgemma.createChat();
    const first = await chat.ask("Describe the image.", { images: [long], fit: "crops" });
    const { usage } = await chat.ask("Is there a cross?");
    expect(usage.reusedTokens).toBeGreaterThanOrEqual(first.usage.promptTokens + first.tokens.length - 1);
  });

  it("goes on after a save as if it had never ended, and in a fork", async () => {
    const path = join(folder, "crops.json");
    await using chat = await medgemma.createChat();
    await chat.ask(["Look:", { image: long }, "Describe the image."], { fit: "crops" });
    await chat.save(path);
    await using fork = await chat.fork();
    const next = await chat.ask("Is there a cross?");
    await using fresh = await loadMedGemma("demo", { gpu: "off" });
    await using loaded = await fresh.loadChat(path);
    expect(squaresOf(loaded)[0]?.crops.map(({ box }) => box)).toEqual(crops);
    const again = await loaded.ask("Is there a cross?");
    expect(again.usage).toMatchObject({ promptTokens: next.usage.promptTokens, imageTokens: 64 });
    expect(again.tokens).toEqual(next.tokens);
    expect((await fork.ask("Is there a cross?")).tokens).toEqual(next.tokens);
  });

  it("is refused in a file where a crop is damaged", async () => {
    const path = join(folder, "damaged.json");
    await using chat = await medgemma.createChat();
    await chat.ask("Describe the image.", { images: [long], fit: "crops" });
    for (const damage of [{ png: "" }, { x: null }, { png: 5 }]) {
      await chat.save(path);
      const saved = JSON.parse(readFileSync(path, "utf8")) as { turns: { content: { crops: object[] }[] }[] };
      Object.assign(saved.turns[0]?.content[0]?.crops[1] ?? {}, damage);
      writeFileSync(path, JSON.stringify(saved));
      await expect(medgemma.loadChat(path)).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
    }
  });

  it("loads from a file that was written before there were crops", async () => {
    const path = join(folder, "older.json");
    await using chat = await medgemma.createChat();
    await chat.ask("Describe the image.", { images: [film] });
    await chat.save(path);
    const older = JSON.parse(readFileSync(path, "utf8")) as {
      turns: { content: { fit?: string; crops?: unknown }[] }[];
    };
    delete older.turns[0]?.content[0]?.fit;
    delete older.turns[0]?.content[0]?.crops;
    writeFileSync(path, JSON.stringify(older));
    await using loaded = await medgemma.loadChat(path);
    expect(squaresOf(loaded)).toMatchObject([{ crops: [] }]);
  });

  it("gives the tokens of each crop from encode", async () => {
    const [encoded] = await medgemma.encode([long], { fit: "crops" });
    expect(encoded?.crops?.map(({ x, y, width, height }) => ({ x, y, width, height }))).toEqual(crops);
    const arrays = [encoded?.tokens, ...(encoded?.crops ?? []).map(({ tokens }) => tokens)];
    expect(arrays.map((tokens) => tokens?.length)).toEqual([16 * 192, 16 * 192, 16 * 192, 16 * 192]);
    expect(new Set(arrays.map((tokens) => String(tokens?.slice(0, 8)))).size).toBe(4);
    expect((await medgemma.encode([long]))[0]).not.toHaveProperty("crops");
  });
});
