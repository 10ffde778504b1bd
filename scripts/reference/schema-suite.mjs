// node scripts/reference/schema-suite.mjs CLONE > test/fixtures/schemas/suite.json
// The cases of a clone of json-schema-org/JSON-Schema-Test-Suite (MIT) that need no other document, as one list of
// { place, schema, valid, invalid }.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(process.argv[2] ?? ".", "tests");
const chosen = {
  "draft2020-12":
    /^(additionalProperties|allOf|anyOf|boolean_schema|const|contains|default|defs|dependentRequired|enum|exclusive|format|if-then-else|infinite-loop|items|max|min|multipleOf|not|oneOf|pattern|prefixItems|properties|propertyNames|ref|required|type|unevaluated|uniqueItems)/,
  draft7: /^(additionalItems|definitions|items|ref|dependencies)/
};
const cases = [];
for (const [draft, names] of Object.entries(chosen)) {
  for (const file of readdirSync(join(folder, draft)).filter(
    (name) => name.endsWith(".json") && names.test(name) && name !== "refRemote.json"
  )) {
    for (const { description, schema, tests } of JSON.parse(readFileSync(join(folder, draft, file), "utf8"))) {
      const text = JSON.stringify(schema);
      if (/"\$(ref|dynamicRef)":"(?!#)/.test(text) || /"\$id"/.test(text) || text.length > 1500) continue;
      const instances = (isValid) =>
        tests
          .filter(({ valid, data }) => valid === isValid && JSON.stringify(data).length < 400)
          .map(({ data }) => data);
      const said = draft === "draft7" ? { $schema: "http://json-schema.org/draft-07/schema#", ...schema } : schema;
      cases.push({
        place: `${draft}/${file}: ${description}`,
        schema: typeof schema === "boolean" ? schema : said,
        valid: instances(true),
        invalid: instances(false)
      });
    }
  }
}
console.log(`[\n${cases.map((one) => JSON.stringify(one)).join(",\n")}\n]`);
