import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadMedGemma, prepareImage, type MedGemma } from "../../src/index.js";
import { after, before, film, readScenes } from "../demo-model.js";

let medgemma: MedGemma;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off" });
});
afterAll(async () => await medgemma.dispose());

const describing =
  "A small bright circle at the middle left. A small dark cross at the middle center. A small bright triangle at the bottom right.";

describe("the answers are those of transformers", () => {
  it.each(readScenes().map((scene, index) => [`${scene.kind} ${index}`, scene] as const))(
    "%s",
    async (_name, scene) => {
      await using chat = await medgemma.createChat({ system: scene.system ?? undefined });
      const answers: string[] = [];
      for (const [index, { user }] of scene.turns.entries()) {
        answers.push((await chat.ask(user, { images: index === 0 ? scene.images : [] })).text);
      }
      expect(answers).toEqual(scene.transformers);
    }
  );
});

describe("DICOM versions of a scene, made with pydicom, are answered as its PNG file", () => {
  const scenes = readScenes().filter(({ images }) =>
    ["00004-0", "00005-0"].some((name) => images[0]?.endsWith(`${name}.png`))
  );
  const variants = [["mono1"], ["12bit"], ["j2k"], ["window", 2]] as const; // of two windows the second fits
  it.each(
    scenes.flatMap((scene) => variants.map(([variant, window]) => [scene.kind, variant, window, scene] as const))
  )("%s, %s", async (_kind, variant, window, scene) => {
    await using chat = await medgemma.createChat({ system: scene.system ?? undefined });
    const [png = ""] = scene.images;
    const dicom = png.replace("/scenes/", "/scenes-dicom/").replace(".png", `.${variant}.dcm`);
    const { sha256 } = await prepareImage(png, { side: 224 });
    const answers: string[] = [];
    for (const [index, { user }] of scene.turns.entries()) {
      const { text, images } = await chat.ask(user, index === 0 ? { images: [dicom], window } : {});
      if (index === 0) expect(images[0]?.sha256).toBe(sha256);
      answers.push(text);
    }
    expect(answers).toEqual(scene.transformers);
  });
});

describe("ask", () => {
  it("tells what it did", async () => {
    await using chat = await medgemma.createChat();
    const answer = await chat.ask("Describe the image.", { images: [film] });
    expect(answer.text).toBe(describing);
    expect(answer).toMatchObject({
      thought: null,
      stopReason: "end",
      images: [{ source: film, width: 280, height: 224, tokens: 16 }]
    });
    expect(answer.usage).toMatchObject({ imageTokens: 16, completionTokens: answer.tokens.length });
    expect(answer.usage.promptTokens).toBeGreaterThan(16);
    const { loadMs, encodeMs, prefillMs, firstTokenMs, decodeMs, tokensPerSecond } = answer.timings;
    for (const time of [loadMs, prefillMs, decodeMs, tokensPerSecond]) expect(time).toBeGreaterThan(0);
    expect(firstTokenMs).toBeGreaterThanOrEqual(prefillMs + encodeMs);
  });

  it("streams the text that the whole answer has", async () => {
    await using chat = await medgemma.createChat();
    const reply = chat.ask("Describe the image.", { images: [film] });
    const pieces: string[] = [];
    for await (const { kind, text } of reply) {
      expect(kind).toBe("text");
      pieces.push(text);
    }
    expect(pieces.length).toBeGreaterThan(10);
    expect(pieces.join("")).toBe((await reply).text);
  });

  it("may be iterated late and twice", async () => {
    await using chat = await medgemma.createChat();
    const reply = chat.ask("Describe the image.", { images: [film] });
    await reply;
    for (let round = 0; round < 2; round += 1) {
      let text = "";
      for await (const chunk of reply) text += chunk.text;
      expect(text).toBe(describing);
    }
  });

  it("reports every layer of every image, then the prompt, then the answer", async () => {
    await using chat = await medgemma.createChat();
    const stages: string[] = [];
    await chat.ask("What changed? Compare.", {
      images: [before, after],
      onProgress: (progress) =>
        stages.push(
          progress.stage === "encode"
            ? `${progress.image}/${progress.images} ${progress.layer}/${progress.layers}`
            : progress.stage
        )
    });
    expect(stages).toEqual([
      "1/2 1/4",
      "1/2 2/4",
      "1/2 3/4",
      "1/2 4/4",
      "2/2 1/4",
      "2/2 2/4",
      "2/2 3/4",
      "2/2 4/4",
      "prefill",
      "generate"
    ]);
  });

  it("encodes a picture once, whatever it is called", async () => {
    await using one = await medgemma.createChat();
    await using other = await medgemma.createChat();
    await one.ask("Describe the image.", { images: [after] });
    const again = await other.ask("Describe the image.", { images: [after] });
    expect(again.images).toMatchObject([{ cached: true, encodeMs: 0 }]);
    const stretched = await other.ask("Describe the image.", { images: [film], fit: "stretch" });
    expect(stretched.images).toMatchObject([{ cached: false }]);
  });

  it("sees the order of the images", async () => {
    await using chat = await medgemma.createChat();
    const vanished = await chat.ask("What changed?", { images: [before, after] });
    await chat.reset();
    const appeared = await chat.ask("What changed?", { images: [after, before] });
    expect(vanished.text).toBe("A small dark cross vanished from the middle left.");
    expect(appeared.text).toBe("A small dark cross appeared at the middle left.");
  });

  it("answers the same with more threads", async () => {
    await using threaded = await loadMedGemma("demo", { gpu: "off", threads: 2 });
    await using chat = await threaded.createChat();
    expect((await chat.ask("Describe the image.", { images: [film] })).text).toBe(describing);
  });

  it("stops at the token limit and says so", async () => {
    await using chat = await medgemma.createChat();
    const { tokens, stopReason, text } = await chat.ask("Describe the image.", { images: [film], maxTokens: 5 });
    expect(tokens).toHaveLength(5);
    expect(stopReason).toBe("maxTokens");
    expect(describing.startsWith(text)).toBe(true);
  });

  it("answers the same for a seed, and not always the same for others", async () => {
    const sample = async (seed: number) => {
      await using chat = await medgemma.createChat();
      return (await chat.ask("Tell me anything", { temperature: 8, seed, maxTokens: 40 })).text;
    };
    expect(await sample(1)).toBe(await sample(1));
    expect(new Set(await Promise.all([1, 2, 3, 4, 5, 6].map(sample))).size).toBeGreaterThan(1);
  });
});

describe("a thought", () => {
  it("is told apart from the answer, in the text and in the stream", async () => {
    await using chat = await medgemma.createChat();
    const reply = chat.ask("How many shapes are there?", { images: [film], think: true });
    const streamed = { thought: "", text: "" };
    for await (const { kind, text } of reply) streamed[kind] += text;
    const { text, thought } = await reply;
    expect(thought).toBe(describing);
    expect(text).toBe("There are three shapes.");
    expect(streamed).toEqual({ thought, text });
  });
});

describe("a thought that is too long", () => {
  it("is closed by force, and the answer follows", async () => {
    await using chat = await medgemma.createChat();
    const { thought, text, tokens, stopReason } = await chat.ask("How many shapes are there?", {
      images: [film],
      think: true,
      thoughtBudget: 8
    });
    expect(describing.startsWith(thought ?? "?")).toBe(true);
    expect((thought ?? "").length).toBeLessThan(40);
    expect(text).not.toBe("");
    expect(stopReason).toBe("end");
    expect(new Set(tokens).size).toBeGreaterThan(5);
  });

  it("leaves room for an object", async () => {
    await using chat = await medgemma.createChat();
    const schema = { type: "object", properties: { count: { enum: [0, 1, 2, 3] } } };
    const { thought, value } = await chat.ask("How many shapes are there?", {
      images: [film],
      schema,
      think: true,
      maxTokens: 30
    });
    expect(describing.startsWith(thought ?? "?")).toBe(true);
    expect(value).toHaveProperty("count");
  });
});

describe("a JSON schema", () => {
  const schema = {
    type: "object",
    properties: { count: { enum: [0, 1, 2, 3] }, note: { type: "string", maxLength: 10 } }
  };

  it("is followed, and the value is parsed", async () => {
    await using chat = await medgemma.createChat();
    const { text, value } = await chat.ask("How many shapes are there?", { images: [film], schema });
    expect(value).toEqual(JSON.parse(text));
    expect(Object.keys(value as object)).toEqual(["count", "note"]);
  });

  it("is followed after a thought", async () => {
    await using chat = await medgemma.createChat();
    const { text, value, thought } = await chat.ask("How many shapes are there?", {
      images: [film],
      schema,
      think: true
    });
    expect(thought).toBe(describing);
    expect(value).toEqual(JSON.parse(text));
  });

  it("is an error when the answer is cut off", async () => {
    await using chat = await medgemma.createChat();
    await expect(chat.ask("Count.", { schema, maxTokens: 2 })).rejects.toMatchObject({ code: "SCHEMA_INVALID" });
    expect(chat.turns).toEqual([]);
  });

  it.each([
    [{ $ref: "#/$defs/nothing" }, "at $, $ref"],
    [{ type: "strnig" }, "at $.type, it must be"],
    [{ type: "object", properties: { age: { type: "integer", multipleOf: 2 } } }, 'at $.properties.age, "multipleOf"'],
    [{ type: "integer", minimum: 3, maximum: 2 }, "at $, no integer lies between its bounds"],
    [{ type: "array", items: { type: "string", pattern: "^(?=a)" } }, "at $.items, the pattern cannot be enforced"],
    [{ oneOf: [{ type: "null" }, { enum: [] }] }, "at $.oneOf[1], every value of enum"],
    [{ type: "string", format: "ipv6" }, 'the format "ipv6" cannot be enforced'],
    [{ type: "object", properties: [] }, "at $.properties, it must be object"]
  ])("is an error when it cannot be enforced: %j", async (schema, words) => {
    await using chat = await medgemma.createChat();
    const reply = chat.ask("Count.", { schema });
    await expect(reply).rejects.toMatchObject({
      code: "SCHEMA_INVALID",
      message: expect.stringContaining(words) as string
    });
  });

  it("may use every keyword that is enforced", async () => {
    const all = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "All",
      type: "object",
      required: ["kind"],
      properties: {
        kind: { const: "film" },
        dark: { type: "boolean" },
        count: { oneOf: [{ enum: [1, 2] }, { type: "null" }] },
        note: { $ref: "#/$defs/note" },
        pair: { type: "array", prefixItems: [{ enum: [1] }], items: { enum: [2] }, minItems: 2, maxItems: 2 }
      },
      $defs: { note: { type: "string", maxLength: 8, description: "a word" } }
    };
    await using chat = await medgemma.createChat();
    const { value } = await chat.ask("Count.", { schema: all, maxTokens: 200 });
    expect(value).toMatchObject({ kind: "film", pair: [1, 2] });
  });
});
