/** JSON schemas as people have them, and those of the JSON-Schema-Test-Suite with values that follow them or do not. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

export interface SchemaCase {
  readonly place: string;
  readonly schema: object;
  readonly valid?: readonly unknown[];
  readonly invalid?: readonly unknown[];
}

function read(name: string): SchemaCase[] {
  const path = fileURLToPath(new URL(`../../fixtures/schemas/${name}.json`, import.meta.url));
  return (JSON.parse(readFileSync(path, "utf8")) as SchemaCase[]).filter(({ schema }) => typeof schema === "object");
}

export const suite = read("suite");
export const pydantic = read("pydantic");

const short = z.string().max(12);

interface Category {
  name: string;
  subcategories: Category[];
}
const category: z.ZodType<Category> = z.object({
  name: z.enum(["a", "b"]),
  get subcategories() {
    return z.array(category).max(2);
  }
});

const models = {
  text: short,
  texts: z.array(short).min(1).max(3),
  literal: z.literal(["a", "b", 3]),
  nullable: z.object({ a: short.nullable(), b: z.boolean().optional() }),
  strict: z.strictObject({ a: z.boolean() }),
  loose: z.looseObject({ a: z.boolean() }),
  catchall: z.object({ a: z.boolean() }).catchall(z.int().min(0).max(9)),
  union: z.union([z.int().min(0).max(9), short, z.null()]),
  discriminated: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("a"), x: z.boolean() }),
    z.object({ kind: z.literal("b"), y: z.boolean() })
  ]),
  intersection: z.intersection(z.object({ a: z.boolean() }), z.object({ b: z.boolean() })),
  extended: z.object({ a: z.boolean() }).extend({ b: z.enum(["x", "y"]) }),
  tuple: z.tuple([z.boolean(), z.int().min(0).max(3)]),
  openTuple: z.tuple([z.boolean()], z.literal("x")),
  record: z.record(z.enum(["left", "right"]), z.int().min(0).max(9)),
  someRecord: z.partialRecord(z.enum(["left", "right"]), z.boolean()),
  freeRecord: z.record(z.string(), z.boolean()),
  positive: z.number().positive().max(3),
  between: z.number().min(0.25).lt(0.5),
  steps: z.int().min(0).max(40).multipleOf(10),
  described: z
    .object({
      a: z
        .boolean()
        .describe("What it is")
        .meta({ title: "A", examples: [true] })
    })
    .meta({ id: "described" }),
  defaulted: z.object({ a: z.boolean().default(true), b: z.int().min(0).max(2).prefault(1) }),
  email: z.email(),
  uuid: z.uuid(),
  date: z.iso.date(),
  datetime: z.iso.datetime(),
  ipv4: z.ipv4(),
  code: z.string().regex(/^[A-Z]{2}\d{1,3}$/),
  begins: z.string().startsWith("CT ").max(10),
  recursive: category,
  readonlyList: z.array(z.boolean()).max(2).readonly()
};

/** What zod 4 says as JSON schema. */
export const zod: SchemaCase[] = Object.entries(models).map(([place, model]) => ({
  place,
  schema: z.toJSONSchema(model, { io: "input" })
}));

/** Bounded in nothing, so that no limit is long enough for every answer. */
export const endless: ReadonlySet<string> = new Set([
  "Anything",
  "Loose",
  "Price",
  "Node",
  "Tree",
  "loose",
  "freeRecord",
  "catchall",
  "datetime",
  "email",
  "openTuple",
  "recursive"
]);

/** What other libraries write, in their words. */
export const others: SchemaCase[] = [
  {
    place: "zod-to-json-schema (zod 3)",
    schema: {
      $ref: "#/definitions/Report",
      definitions: {
        Report: {
          type: "object",
          properties: {
            grade: { type: "integer", minimum: 0, maximum: 3 },
            side: { type: "string", enum: ["left", "right"] },
            note: { type: ["string", "null"], maxLength: 9 }
          },
          required: ["grade", "side"],
          additionalProperties: false
        }
      },
      $schema: "http://json-schema.org/draft-07/schema#"
    }
  },
  {
    place: "zod 3 positive()",
    schema: {
      type: "object",
      properties: { n: { type: "number", exclusiveMinimum: 0, maximum: 9 }, again: { $ref: "#/properties/n" } },
      required: ["n", "again"],
      $schema: "http://json-schema.org/draft-07/schema#"
    }
  },
  {
    place: "valibot",
    schema: {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: {
        kind: { anyOf: [{ const: "a" }, { const: "b" }] },
        list: {
          type: "array",
          items: [{ type: "boolean" }, { type: "integer", minimum: 1, maximum: 4 }],
          minItems: 2,
          additionalItems: false
        }
      },
      required: ["kind", "list"]
    }
  },
  {
    place: "OpenAPI 3.0",
    schema: {
      type: "object",
      description: "A finding",
      required: ["id"],
      properties: {
        id: { type: "integer", format: "int32", readOnly: true },
        label: { type: "string", nullable: true, maxLength: 8, example: "mass" },
        side: { allOf: [{ $ref: "#/definitions/side" }], nullable: true }
      },
      definitions: { side: { type: "string", enum: ["l", "r"] } },
      "x-origin": "radiology"
    }
  },
  {
    place: "OpenAPI 3.0 inheritance",
    schema: {
      allOf: [
        { $ref: "#/$defs/Base" },
        { type: "object", required: ["b"], properties: { b: { type: "string", format: "date" } } }
      ],
      $defs: {
        Base: {
          type: "object",
          required: ["a"],
          properties: { a: { type: "boolean" } },
          discriminator: { propertyName: "a" }
        }
      }
    }
  },
  {
    place: "TypeBox",
    schema: {
      type: "object",
      properties: {
        a: {
          anyOf: [
            { const: "x", type: "string" },
            { const: "y", type: "string" }
          ]
        },
        b: {
          minItems: 2,
          maxItems: 2,
          type: "array",
          items: [{ type: "boolean" }, { type: "boolean" }],
          additionalItems: false
        }
      },
      required: ["a", "b"]
    }
  },
  { place: "by hand", schema: { properties: { a: { type: "boolean" }, b: { enum: ["one", null] } } } }
];
