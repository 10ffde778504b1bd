import type { LlamaGrammar } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadParts } from "../../src/loading/load.js";
import type { ModelParts } from "../../src/chat/encode-images.js";

let parts: ModelParts;
beforeAll(async () => {
  ({ parts } = await loadParts("demo", { gpu: "off" }));
});
afterAll(async () => {
  await parts.language.dispose();
  await parts.vision?.dispose();
});

/** Whether llama.cpp takes the whole text for an answer. */
async function tester(schema: object): Promise<(text: string) => boolean> {
  const { grammar } = await parts.language.compileSchema(schema);
  return (text) => (grammar as LlamaGrammar & { _testText(text: string): boolean })._testText(text);
}

describe("the grammar of a number", () => {
  it.each([
    [0, 0],
    [0, 1000],
    [1, 9],
    [7, 7],
    [8, 12],
    [95, 105],
    [99, 1000],
    [100, 1299],
    [-3, 2],
    [-120, -7],
    [-1000, 1000],
    [-10, 0]
  ])("takes the integers from %i to %i and no others", async (minimum, maximum) => {
    const takes = await tester({ type: "integer", minimum, maximum });
    for (let number = -1310; number <= 1310; number += 1)
      expect([number, takes(String(number))]).toEqual([number, number >= minimum && number <= maximum]);
    for (const text of ["-0", "00", "01", "1.0", "1e2", "+1", ""]) expect([text, takes(text)]).toEqual([text, false]);
  });

  it.each([
    [0, 1],
    [-3, 2],
    [2, 40],
    [-9, -2],
    [0, 0]
  ])("takes decimals from %i to %i and no others", async (minimum, maximum) => {
    const takes = await tester({ type: "number", minimum, maximum });
    for (let hundredths = -1100; hundredths <= 4200; hundredths += 7) {
      const number = hundredths / 100;
      if (number === 0) continue; // "0.00" is written in several ways
      expect([number, takes(String(number))]).toEqual([number, number >= minimum && number <= maximum]);
    }
    expect([minimum, maximum].map((end) => takes(String(end)))).toEqual([true, true]);
  });

  it("without bounds takes what JavaScript reads exactly", async () => {
    const [whole, any] = [await tester({ type: "integer" }), await tester({ type: ["number", "null"] })];
    for (const text of ["0", "7", "-12", "999999999999999"]) expect([whole(text), any(text)]).toEqual([true, true]);
    for (const text of ["1e5", "5e-3", "1e999", "1234567890123456", "0x1", "NaN", ".5", "1."])
      expect([text, whole(text), any(text)]).toEqual([text, false, false]);
    expect([any("0.125"), any("-0.5"), any("null"), whole("0.5"), whole("null")]).toEqual([
      true,
      true,
      true,
      false,
      false
    ]);
  });

  it("counts exclusive bounds of integers, and bounds beyond all digits as none", async () => {
    const takes = await tester({ type: "integer", exclusiveMinimum: 0, exclusiveMaximum: 4.5 });
    expect([0, 1, 4, 5].map((number) => takes(String(number)))).toEqual([false, true, true, false]);
    const wide = await tester({ type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });
    expect([wide("-5"), wide("123456789012345"), wide("1.5")]).toEqual([true, true, false]);
  });
});

describe("the grammar of a text", () => {
  it("has room for as many characters as JavaScript counts", async () => {
    const takes = await tester({ type: "string", maxLength: 3 });
    for (const text of ['"abc"', '"äß…"', '"\\u00e9\\n"', '""']) expect([text, takes(text)]).toEqual([text, true]);
    for (const text of ['"abcd"', '"😀"', '"a', '"\u0000"']) expect([text, takes(text)]).toEqual([text, false]);
  });
});

describe("the grammar of an object", () => {
  it("ends with it", async () => {
    const takes = await tester({ type: "object", properties: { a: { anyOf: [{ const: 1 }, { enum: ["x", null] }] } } });
    for (const text of ['{"a": 1}', '{"a":"x"}', '{ "a":null }']) expect([text, takes(text)]).toEqual([text, true]);
    for (const text of ['{"a": 2}', "{}", '{"a": 1}\n\n\n\n', '{"a": 1} '])
      expect([text, takes(text)]).toEqual([text, false]);
  });

  it("has closed tuples", async () => {
    const takes = await tester({ type: "array", prefixItems: [{ enum: [1] }, { type: "boolean" }], items: false });
    expect(["[1,true]", "[1]", "[1,true,1]"].map(takes)).toEqual([true, false, false]);
  });
});
