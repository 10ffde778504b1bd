import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { loadMedGemma, MedGemmaError, type AskOptions, type MedGemma } from "../../src/index.js";
import { film } from "../demo-model.js";

let medgemma: MedGemma;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off" });
});
afterAll(async () => await medgemma.dispose());

const shortText = z.string().max(12);
const coordinate = z.int().min(0).max(1000);

/** Each bounded in every text and list, so that enough tokens are always enough. */
const schemas = {
  findings: z.object({
    findings: z
      .array(
        z.object({
          name: shortText,
          side: z.enum(["left", "right", "both"]),
          certain: z.boolean(),
          size: z.number().min(0).max(40).nullable()
        })
      )
      .max(3),
    impression: shortText
  }),
  boxes: z
    .array(z.object({ box_2d: z.tuple([coordinate, coordinate, coordinate, coordinate]), label: shortText }))
    .min(1)
    .max(2),
  numbers: z.object({
    whole: z.int(),
    any: z.number(),
    share: z.number().min(0).max(1),
    below: z.int().min(-120).max(-7),
    around: z.number().min(-3).max(2),
    positive: z.int().positive().max(4095),
    percents: z.array(z.int().min(95).max(105)).min(3).max(3)
  }),
  union: z.object({
    when: z.union([z.literal("never"), z.int().min(1900).max(2100), z.null()]),
    what: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("normal") }),
      z.object({ kind: z.literal("other"), note: shortText })
    ]),
    deep: z.object({ er: z.object({ grid: z.array(z.array(z.boolean()).max(2)).max(2) }) })
  }),
  word: shortText
} as const;

type Outcome = "value" | "refused";

/** Asks once: a value that zod accepts of a text that is whole JSON, or the one error, and no trace of it. */
async function askOnce(schema: z.ZodType, options: AskOptions & { readonly asJson: boolean }): Promise<Outcome> {
  const { asJson, ...askOptions } = options;
  await using chat = await medgemma.createChat();
  try {
    const answer = await chat.ask("How many shapes are there?", {
      ...askOptions,
      images: [film],
      schema: asJson ? z.toJSONSchema(schema, { io: "input" }) : schema
    });
    const parsed = JSON.parse(answer.text) as unknown;
    expect(schema.safeParse(parsed)).toMatchObject({ success: true });
    expect(answer.value).toEqual(parsed);
    expect(answer.text).toBe(answer.text.trimEnd());
    return "value";
  } catch (error) {
    if (!(error instanceof MedGemmaError)) throw error;
    expect(error.code).toBe("SCHEMA_INVALID");
    expect(error.message).toMatch(/cut off after \d+ tokens|No JSON was started within \d+ tokens/);
    expect(chat.turns).toEqual([]);
    return "refused";
  }
}

describe("in 100 of 100 runs an answer by schema", () => {
  const limits = [1, 4, 12, 40, 900];
  const runs = Array.from({ length: 100 }, (_, index) => {
    const name = (Object.keys(schemas) as (keyof typeof schemas)[])[index % 5] ?? "word";
    const maxTokens = limits[Math.floor(index / 5) % 5] ?? 900;
    const think = Math.floor(index / 25) % 2 === 1;
    return {
      name,
      maxTokens,
      think,
      temperature: [0, 1, 3, 10][Math.floor(index / 25)] ?? 0,
      seed: index,
      asJson: index % 2 === 1
    };
  });

  it("is whole and valid, or SCHEMA_INVALID when the limit cut it", async () => {
    const outcomes = { value: 0, refused: 0 };
    for (const { name, ...options } of runs) {
      const outcome = await askOnce(schemas[name], options);
      outcomes[outcome] += 1;
      if (options.maxTokens === 900) expect({ name, options, outcome }).toMatchObject({ outcome: "value" });
      if (options.maxTokens === 1) expect(outcome).toBe("refused");
    }
    expect(outcomes.value + outcomes.refused).toBe(100);
    expect(outcomes.value).toBeGreaterThan(25);
    expect(outcomes.refused).toBeGreaterThan(25);
  }, 300_000);

  it("reaches both ends of its bounds and no further", async () => {
    const schema = z.object({ digits: z.array(z.int().min(-2).max(11)).min(60).max(60) });
    const seen = new Set<number>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      await using chat = await medgemma.createChat();
      const { value } = await chat.ask("Count.", { schema, temperature: 10, seed, maxTokens: 2000 });
      for (const digit of value?.digits ?? []) seen.add(digit);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });
});

describe("a text in JSON", () => {
  it("has no control tokens in it: the mark of a thought would end it halfway", async () => {
    const schema = z.string().min(40).max(60);
    for (let seed = 0; seed < 40; seed += 1) {
      await using chat = await medgemma.createChat();
      const { value, thought, stopReason } = await chat.ask("Tell me anything", {
        schema,
        temperature: 10,
        seed,
        maxTokens: 400
      });
      expect({ value: schema.safeParse(value).success, thought, stopReason }).toEqual({
        value: true,
        thought: null,
        stopReason: "end"
      });
      // Bytes that make no character would be several of these, but one to the grammar.
      expect(value).not.toContain("\u{fffd}");
    }
  });

  it("may hold characters that the vocabulary spells in bytes", async () => {
    const words = ["größer", "≥ 3 mm", "\u{20bb7}", "\u{10ffff}\u{800}\u{d7ff}\u{40000}"];
    const seen = new Set<string | undefined>();
    for (let seed = 0; seed < 24; seed += 1) {
      await using chat = await medgemma.createChat();
      seen.add((await chat.ask("Which?", { schema: z.enum(words), temperature: 10, seed })).value);
    }
    expect([...seen].sort()).toEqual([...words].sort());
  });
});

describe("a number that the limit cut", () => {
  it("is no answer, although its digits are a number", async () => {
    await using chat = await medgemma.createChat();
    const schema = { type: "integer", minimum: 100_000_000 };
    for (const maxTokens of [1, 2, 3]) {
      await expect(chat.ask("Count.", { schema, maxTokens })).rejects.toMatchObject({ code: "SCHEMA_INVALID" });
    }
    // Nine digits fit, but whether there would be a tenth nobody knows: it is an answer once the model ended it.
    const outcomes: string[] = [];
    for (let maxTokens = 4; maxTokens < 20; maxTokens += 1) {
      outcomes.push(
        await chat.ask("Count.", { schema, maxTokens }).then(
          ({ stopReason }) => stopReason,
          (error: unknown) => (error as MedGemmaError).code
        )
      );
    }
    expect(new Set(outcomes)).toEqual(new Set(["SCHEMA_INVALID", "end"]));
  });
});

describe("a schema of zod", () => {
  it("gives a value of its type, changed as it says", async () => {
    await using chat = await medgemma.createChat();
    const schema = z.object({ count: z.enum(["1", "2", "3"]).transform(Number), note: z.string().max(8).optional() });
    const { value, request } = await chat.ask("How many shapes are there?", { images: [film], schema });
    expectTypeOf(value).toEqualTypeOf<{ count: number; note?: string | undefined } | undefined>();
    expect(typeof value?.count).toBe("number");
    expect(request.schema).toMatchObject({ properties: { count: { enum: ["1", "2", "3"] } } });
    const again = await chat.regenerate({ schema: z.object({ dark: z.boolean() }) });
    expectTypeOf(again.value).toEqualTypeOf<{ dark: boolean } | undefined>();
    expect(typeof again.value?.dark).toBe("boolean");
    const { value: plain } = await chat.ask("Count.", { schema: { type: "boolean" } });
    expectTypeOf(plain).toEqualTypeOf<unknown>();
  });

  it("is an error where zod refuses what the grammar cannot enforce, without the answer's words", async () => {
    await using chat = await medgemma.createChat();
    const schema = z.object({
      list: z
        .array(
          z.object({
            id: z
              .string()
              .max(4)
              .regex(/^(?=a)b/)
          })
        )
        .min(1)
        .max(1)
    });
    const error: unknown = await chat.ask("Count.", { schema }).then(
      () => null,
      (one: unknown) => one
    );
    expect(error).toMatchObject({ code: "SCHEMA_INVALID", message: expect.stringContaining('"list.0.id"') as string });
    expect(chat.turns).toEqual([]);
  });

  it("is checked when its check takes time", async () => {
    await using chat = await medgemma.createChat();
    const schema = z.boolean().refine(async () => await Promise.resolve(false));
    await expect(chat.ask("Count.", { schema })).rejects.toMatchObject({
      code: "SCHEMA_INVALID",
      message: expect.stringContaining("refuses it") as string
    });
  });

  it("that has no JSON schema is refused", async () => {
    await using chat = await medgemma.createChat();
    await expect(chat.ask("When?", { schema: z.object({ at: z.date() }) })).rejects.toMatchObject({
      code: "SCHEMA_INVALID",
      message: expect.stringContaining("Date cannot be") as string
    });
    const { validate } = z.boolean()["~standard"];
    const old = { "~standard": { version: 1, vendor: "zod", validate } } as const;
    await expect(chat.ask("When?", { schema: old })).rejects.toMatchObject({
      code: "SCHEMA_INVALID",
      message: expect.stringContaining("since 4.2") as string
    });
  });
});
