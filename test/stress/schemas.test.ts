import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadMedGemma, MedGemmaError, type MedGemma } from "../../src/index.js";
import { endless, others, pydantic, suite, zod } from "../language/schema/cases.js";

let medgemma: MedGemma;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off" });
});
afterAll(async () => await medgemma.dispose());

/** The schema as it was given; without the draft's address, and without `nullable` where OpenAPI gives it no meaning, which ajv throws at. */
function judgeOf(schema: object): (value: unknown) => boolean {
  const text = JSON.stringify(schema);
  const ajv = new (text.includes("draft-07") || text.includes('"items":[') ? Ajv : Ajv2020)({
    strict: false,
    logger: false,
    validateSchema: false
  });
  formats.default(ajv);
  const validate = ajv.compile(
    JSON.parse(text, function (this: object, name, value: unknown) {
      return name === "$schema" || (name === "nullable" && !("type" in this)) ? undefined : value;
    }) as object
  );
  return (value) => validate(value);
}

it("gives no value that ajv refuses, for 400 schemas, and refuses a schema before the first token", async () => {
  const answered = new Set<string>();
  const cut = new Set<string>();
  let refused = 0;
  const wrong: unknown[] = [];
  const cases = [...pydantic, ...zod, ...others, ...suite];
  expect(cases.length).toBeGreaterThan(390);
  for (const { place, schema } of cases) {
    for (const seed of [0, 1, 2]) {
      await using chat = await medgemma.createChat();
      const stages = new Set<string>();
      try {
        const { value, text } = await chat.ask("List the findings.", {
          schema,
          seed,
          temperature: seed * 2,
          maxTokens: 300,
          onProgress: ({ stage }) => stages.add(stage)
        });
        if (!judgeOf(schema)(value) || JSON.stringify(JSON.parse(text)) !== JSON.stringify(value))
          wrong.push([place, value]);
        answered.add(place);
      } catch (error) {
        if (!(error instanceof MedGemmaError) || error.code !== "SCHEMA_INVALID") throw error;
        const isCut = error.message.includes("cut off after");
        if (stages.size > 0 && !(isCut && (endless.has(place) || place.startsWith("draft"))))
          wrong.push([place, error.message]);
        if (isCut) cut.add(place);
        else refused += 1;
        if (stages.size === 0) break;
      }
    }
  }
  expect(wrong).toEqual([]);
  console.log(
    `${cases.length} schemas: ${answered.size} answered, ${refused} refused before a token, ${cases.length - answered.size - refused} only cut; ${cut.size} cut with some seed`
  );
});
