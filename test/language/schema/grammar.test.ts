import type { Llama, LlamaGrammar } from "node-llama-cpp";
import { beforeAll, describe, expect, it } from "vitest";
import { MedGemmaError } from "../../../src/errors.js";
import { startLlama } from "../../../src/language/llama.js";
import { compileJsonSchema } from "../../../src/language/schema/compile-schema.js";
import { others, pydantic, suite, zod, type SchemaCase } from "./cases.js";

let llama: Llama;
beforeAll(async () => {
  ({ llama } = await startLlama("off"));
});

/** Whether llama.cpp takes a whole text for an answer; the error where the schema is refused. */
async function tester(schema: object): Promise<((text: string) => boolean) | MedGemmaError> {
  try {
    const { grammar } = await compileJsonSchema(schema, { isCheckedLater: false });
    const compiled = (await llama.createGrammar({ grammar })) as LlamaGrammar & { _testText(text: string): boolean };
    return (text) => compiled._testText(text);
  } catch (error) {
    if (error instanceof MedGemmaError) return error;
    throw error;
  }
}

async function taken(schema: object, values: readonly unknown[]): Promise<unknown[]> {
  const takes = await tester(schema);
  if (typeof takes !== "function") throw takes;
  return values.filter((value) => takes(JSON.stringify(value)));
}

async function refusal(schema: object): Promise<string> {
  const result = await tester(schema);
  if (typeof result === "function") return "no refusal";
  expect(result.code).toBe("SCHEMA_INVALID");
  return result.message;
}

describe("the grammar of a schema", () => {
  it("takes no value that the JSON-Schema-Test-Suite calls invalid", async () => {
    const wrong: [string, unknown][] = [];
    let grammars = 0;
    for (const { place, schema, invalid = [] } of suite.filter((_, index) => index % 3 === 0)) {
      const takes = await tester(schema);
      if (typeof takes !== "function") continue;
      grammars += 1;
      for (const value of invalid) if (takes(JSON.stringify(value))) wrong.push([place, value]);
    }
    expect(wrong).toEqual([]);
    expect(grammars).toBeGreaterThan(40);
  });

  it.each([
    ["pydantic", pydantic],
    ["zod", zod],
    ["other libraries", others]
  ] satisfies [string, SchemaCase[]][])("exists for what %s writes", async (_, cases) => {
    const failed: string[] = [];
    for (const { place, schema } of cases) if (typeof (await tester(schema)) !== "function") failed.push(place);
    expect(failed).toEqual([]);
  });

  it("intersects the keywords beside each other", async () => {
    const bool = { type: "boolean" };
    const withB = { properties: { b: { const: 1 } }, required: ["b"] };
    const withC = { properties: { c: { const: 2 } }, required: ["c"] };
    expect(
      await taken({ type: "object", properties: { a: bool }, anyOf: [withB, withC] }, [
        { a: true, b: 1 },
        { a: true, c: 2 },
        { a: true },
        { b: 1 }
      ])
    ).toEqual([
      { a: true, b: 1 },
      { a: true, c: 2 }
    ]);
    expect(
      await taken({ $defs: { s: { type: "string", maxLength: 5 } }, $ref: "#/$defs/s", minLength: 2, maxLength: 3 }, [
        "a",
        "ab",
        "abc",
        "abcd"
      ])
    ).toEqual(["ab", "abc"]);
    expect(
      await taken(
        {
          type: "integer",
          allOf: [{ minimum: 3 }, { exclusiveMaximum: 7 }],
          anyOf: [{ maximum: 4 }, { const: 6 }, { const: 9 }]
        },
        [2, 3, 4, 5, 6, 7, 9]
      )
    ).toEqual([3, 4, 6]);
    expect(
      await taken({ enum: ["a", 1, null, true, [1], { x: 1 }], type: ["string", "array", "object"], not: undefined }, [
        "a",
        1,
        null,
        true,
        [1],
        { x: 1 }
      ])
    ).toEqual(["a", [1], { x: 1 }]);
    expect(
      await taken({ maxLength: 2, anyOf: [{ type: "string" }, { type: "null" }] }, [null, "ab", "abc", 1])
    ).toEqual([null, "ab"]);
    expect(await taken({ oneOf: [{ enum: ["a", "b"] }, { enum: ["b", "c"] }] }, ["a", "b", "c"])).toEqual(["a", "c"]);
    expect(
      await taken(
        {
          type: "array",
          prefixItems: [{ enum: [1, 2] }],
          items: bool,
          allOf: [{ prefixItems: [{ enum: [2, 3] }], maxItems: 2 }]
        },
        [[1], [2], [2, true], [2, true, true]]
      )
    ).toEqual([[2], [2, true]]);
  });

  it("writes a list without repetitions in the order of its choices", async () => {
    const set = { type: "array", items: { enum: ["d", "a", "c", "b"] }, uniqueItems: true };
    const whole = ["d", "a", "c", "b"];
    expect(await taken(set, [[], ["a"], ["b"], ["d", "c"], whole, ["a", "a"], ["b", "a"], ["e"]])).toEqual([
      [],
      ["a"],
      ["b"],
      ["d", "c"],
      whole
    ]);
    expect(await taken({ ...set, minItems: 2, maxItems: 3 }, [[], ["a"], ["d", "a"], ["d", "c", "b"], whole])).toEqual([
      ["d", "a"],
      ["d", "c", "b"]
    ]);
    expect(await taken({ ...set, minItems: 4 }, [["d", "a", "c"], whole])).toEqual([whole]);
    expect(
      await taken({ allOf: [{ items: { type: "boolean" }, type: "array" }, { uniqueItems: true }] }, [
        [true],
        [true, false],
        [false, true],
        [true, true]
      ])
    ).toHaveLength(2);
    expect(
      await taken({ type: "array", items: { type: "string" }, uniqueItems: true, maxItems: 1 }, [[], ["x"], ["x", "y"]])
    ).toEqual([[], ["x"]]);
    expect(
      await taken(
        {
          type: "array",
          items: { enum: Array.from({ length: 100 }, (_, index) => index) },
          uniqueItems: true,
          minItems: 3,
          maxItems: 5
        },
        [
          [1, 50, 99],
          [1, 50],
          [0, 1, 2, 3, 4, 5],
          [7, 7, 8]
        ]
      )
    ).toEqual([[1, 50, 99]]);
  });

  it("leaves out what would contain itself, and nothing else", async () => {
    const list = { type: "object", properties: { value: { enum: [1] }, next: { $ref: "#" } }, required: ["value"] };
    expect(await taken(list, [{ value: 1 }, { value: 1, next: { value: 1 } }, { next: { value: 1 } }, {}])).toEqual([
      { value: 1 },
      { value: 1, next: { value: 1 } }
    ]);
    const tree = {
      $ref: "#/$defs/t",
      $defs: {
        t: {
          type: "object",
          properties: { left: { $ref: "#/$defs/t" }, right: { $ref: "#/$defs/t" } },
          additionalProperties: false
        }
      }
    };
    const trees = [{}, { left: {} }, { right: {} }, { left: { right: {} }, right: {} }, { other: {} }];
    expect(await taken(tree, trees)).toEqual(trees.slice(0, 4));
    expect(
      await taken({ type: "array", items: { $ref: "#" }, maxItems: 2 }, [[], [[]], [[], [[]]], [[], [], []]])
    ).toEqual([[], [[]], [[], [[]]]]);
  });

  it("has other properties than the named ones only under other names", async () => {
    const schema = {
      type: "object",
      properties: { ab: { const: 1 }, é: { const: 2 } },
      required: ["ab", "é"],
      additionalProperties: { type: "boolean" }
    };
    const base = { ab: 1, é: 2 };
    expect(await taken(schema, [base, { ...base, a: true, abc: false, "": true }, { ...base, x: 1 }])).toEqual([
      base,
      { ...base, a: true, abc: false, "": true }
    ]);
    const takes = (await tester(schema)) as (text: string) => boolean;
    for (const key of ["ab", "é", "\\u0061b"])
      expect([key, takes(`{"ab":1,"é":2,"${key}":true}`)]).toEqual([key, false]);
    const counted = { type: "object", additionalProperties: { type: "boolean" }, minProperties: 1, maxProperties: 2 };
    expect(await taken(counted, [{}, { a: true }, { a: true, b: false }, { a: true, b: true, c: true }])).toEqual([
      { a: true },
      { a: true, b: false }
    ]);
  });

  it("takes any JSON where nothing is asked", async () => {
    const values = [null, true, -1.5, 'a\u0000\n"\\é', [1, ["x"]], { a: { b: [] } }, {}];
    for (const schema of [
      {},
      { title: "T", description: "D", "x-a": 1, readOnly: true, $comment: "c" },
      { then: false, maxContains: 0 },
      { if: false },
      { type: ["object", "array", "string", "number", "boolean", "null"] }
    ]) {
      expect(await taken(schema, values)).toEqual(values);
    }
    const inner = { type: "object", properties: { a: true, b: {} }, required: ["a"] };
    expect(
      await taken(
        inner,
        values.map((a) => ({ a, b: 1 }))
      )
    ).toHaveLength(values.length);
  });

  it("writes every constant as JSON has it", async () => {
    const constants = [
      "a\u0000b",
      "\u001f\u007f",
      'line\r\n\t"quoted" \\',
      "\u{1f600}",
      "\u2028",
      1e16,
      2 ** 63,
      -1e21,
      5e-324,
      0.1,
      [],
      {},
      { a: [null] },
      "",
      "]",
      "^-"
    ];
    expect(await taken({ enum: constants }, [...constants, "a", 1])).toEqual(constants);
  });
});

describe("a pattern", () => {
  it.each([
    ["^[A-Z]{3}-\\d{2}$", {}, ["ABC-12"], ["ABC-1", "abc-12", "xABC-12"]],
    ["^(?:a|bc)+x?$", {}, ["a", "bcax"], ["x", "ab"]],
    ["ct", {}, ["ct", "my ct here"], ["mr"]],
    ["^CT", { maxLength: 4 }, ["CT", "CTab"], ["CTabc", "MR"]],
    ["^[a-z]+$", { minLength: 2, maxLength: 3 }, ["ab", "abc"], ["a", "abcd", "AB"]],
    ["^[^a-z\\s]$|^no$", {}, ["A", "é", '"', "\\", "no"], ["a", " ", "AB", "xno"]],
    ["^\\w\\.\\S{1,2}\\n$", {}, ["a.bc\n"], ["a.bc", "é.b\n"]],
    ["^.$", {}, ["x", "\t"], ["\n", "xx", ""]]
  ])("%s with %o", async (pattern, more, right, wrong) => {
    expect(await taken({ type: "string", pattern, ...more }, [...right, ...wrong])).toEqual(right);
  });

  it.each([
    ["date", ["2024-02-29", "2023-12-31", "2000-02-29"], ["2023-02-29", "2023-04-31", "2023-13-01", "1900-02-29"]],
    ["time", ["12:30:00Z", "23:59:59.125+02:00"], ["24:00:00Z", "12:30:00"]],
    ["date-time", ["2024-02-29T12:30:00Z"], ["2024-02-30T12:30:00Z", "2024-02-29"]],
    ["uuid", ["2eb8aa08-aa98-11ea-b4aa-73b441d16380"], ["2eb8aa08", "zeb8aa08-aa98-11ea-b4aa-73b441d16380"]],
    ["ipv4", ["127.0.0.1", "255.255.255.255"], ["256.0.0.1", "1.2.3"]],
    ["email", ["a.b@example.org"], ["a@b", "@example.org", "a..b@example.org"]],
    ["duration", ["P3D", "PT30M"], ["P", "3D"]],
    ["uri", ["https://example.org/a"], ["example", "https://"]],
    ["password", ["anything"], []]
  ])("of the format %s", async (format, right, wrong) => {
    expect(await taken({ type: "string", format }, [...right, ...wrong])).toEqual(right);
  });

  it("that a grammar cannot say is refused, with the reason", async () => {
    expect(await refusal({ type: "string", pattern: "^(?!a)b" })).toMatch(
      /at \$, the pattern cannot be enforced: it has a lookahead/
    );
    expect(await refusal({ type: "string", pattern: "^(a)\\1$" })).toMatch(/a reference back/);
    expect(await refusal({ type: "string", pattern: "^a+b+$", maxLength: 9 })).toMatch(/different lengths/);
    expect(await refusal({ type: "string", pattern: "(" })).toMatch(/not a regular expression/);
  });
});

describe("a number with bounds of any kind", () => {
  it.each([
    [{ minimum: 0.25, maximum: 0.5 }, [0.25, 0.3, 0.5], [0.2, 0.24, 0.51, 1]],
    [{ exclusiveMinimum: 0, maximum: 2 }, [0.1, 0.000001, 1, 1.5, 2], [0, 2.1, -1]],
    [{ exclusiveMinimum: 0.5, exclusiveMaximum: 0.75 }, [0.51, 0.74, 0.7, 0.6], [0.5, 0.75, 0.76, 0.49]],
    [{ minimum: -1.5, exclusiveMaximum: 10 }, [-1.5, -0.1, 0, 9.99], [-1.6, 10, 10.1]],
    [{ minimum: 9.95, maximum: 100.05 }, [9.95, 9.99, 10, 55.5, 100, 100.05], [9.9, 100.06, 101]],
    [{ exclusiveMaximum: -2.5 }, [-2.6, -3, -100], [-2.5, -2, 0]],
    [{ type: "integer", exclusiveMinimum: 0.5, maximum: 3.5 }, [1, 2, 3], [0, 4, 1.5]],
    [{ type: "integer", minimum: 0, maximum: 20, multipleOf: 5 }, [0, 5, 10, 15, 20], [1, 25]],
    [{ minimum: 0, maximum: 0.3, multipleOf: 0.1 }, [0, 0.1, 0.2], [0.15, 0.4]]
  ])("%o", async (bounds, right, wrong) => {
    expect(await taken({ type: "number", ...bounds }, [...right, ...wrong])).toEqual(right);
  });
});

describe("a schema that no answer can be held to is refused before a token is made", () => {
  it.each([
    [{ type: "integer", const: "x" }, /const breaks the keywords/],
    [{ type: "string", enum: [1, 2] }, /every value of enum breaks/],
    [{ enum: [7, 9], maximum: 5 }, /every value of enum breaks/],
    [{ type: "string", format: "date", maxLength: 4 }, /no text of that length follows/],
    [{ type: "array", minItems: 3, maxItems: 1 }, /at \$, minItems 3 is above maxItems 1/],
    [
      { type: "object", properties: { a: { type: "string", minLength: 5, maxLength: 2 } } },
      /at \$\.properties\.a, minLength 5 is above maxLength 2/
    ],
    [
      { type: "array", items: { type: "integer", minimum: 4.2, maximum: 4.8 } },
      /at \$\.items, no integer lies between/
    ],
    [
      { type: "object", properties: { a: {} }, additionalProperties: false, minProperties: 2 },
      /minProperties 2 is above the 1/
    ],
    [
      { type: "object", required: ["a", "b"], properties: { a: {}, b: {} }, maxProperties: 1 },
      /more properties are required/
    ],
    [{ type: "object", properties: { a: { $ref: "#" } }, required: ["a"] }, /no finite value can follow it/],
    [{ $ref: "#" }, /defined by itself/],
    [{ allOf: [{ type: "string" }, { type: "null" }] }, /contradict each other/],
    [
      {
        type: "object",
        required: ["a"],
        properties: { a: { type: "string" } },
        allOf: [{ properties: { a: { type: "null" } } }]
      },
      /both this and/
    ],
    [{ type: "integer", minimum: 1e16 }, /beyond ±999999999999999/],
    [{ oneOf: [{ type: "integer" }, { type: "number" }] }, /choices 0 and 1 of oneOf at once; use anyOf/],
    [
      {
        oneOf: [
          { type: "object", properties: { a: {} } },
          { type: "object", properties: { b: {} } }
        ]
      },
      /of oneOf at once/
    ],
    [{ type: "object", patternProperties: { a: {} } }, /"patternProperties" cannot be enforced\. /],
    [{ type: "string", maxLenght: 3 }, /"maxLenght" cannot be enforced \(did you mean "maxLength"\?\)/],
    [{ $ref: "other.json" }, /\$ref must point to a part of the schema itself/],
    [
      { type: "array", items: { enum: ["a", "b"] }, uniqueItems: true, minItems: 3 },
      /minItems 3 is above the 2 different items/
    ],
    [
      { type: "array", items: { type: "string" }, uniqueItems: true },
      /"uniqueItems" can be enforced only for items from a list/
    ],
    [{ type: "array", items: { enum: [{ x: 1 }, { x: 2 }] }, uniqueItems: true }, /"uniqueItems" can be enforced only/],
    [
      { type: "array", prefixItems: [{ const: 1 }, { enum: [1, 2] }], uniqueItems: true },
      /"uniqueItems" can be enforced only/
    ],
    [{ type: "strng" }, /at \$\.type, it must be equal to one of the allowed values/]
  ])("%o", async (schema, message) => {
    expect(await refusal(schema)).toMatch(message);
  });

  it("with all that is wrong and where, at once", async () => {
    const schema = {
      type: "object",
      properties: {
        a: { type: "array", uniqueItems: true },
        b: { not: {} },
        c: { type: "string", format: "ipv6" },
        d: { type: "string", pattern: "(?=x)" }
      },
      patternProperties: { x: {} },
      required: ["z"]
    };
    const message = await refusal(schema);
    for (const part of [
      '$, the keyword "patternProperties"',
      '$.properties.a, "uniqueItems" can be enforced only for items from a list',
      '$.properties.b, the keyword "not"',
      '$.properties.c, the format "ipv6"',
      '$, the required "z" has no schema',
      "$.properties.d, the pattern cannot be enforced"
    ])
      expect(message).toContain(part);
  });

  it("or with INVALID_ARGUMENT where it is not JSON at all", async () => {
    const circle: { properties: Record<string, unknown> } = { properties: {} };
    circle.properties.self = circle;
    let deep: object = { type: "boolean" };
    for (let depth = 0; depth < 5000; depth += 1) deep = { type: "array", items: deep };
    for (const schema of [circle, deep, { type: "integer", maximum: Infinity }, { const: 1n }])
      expect(await tester(schema)).toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
