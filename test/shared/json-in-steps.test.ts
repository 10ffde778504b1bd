import { describe, expect, it } from "vitest";
import { parseJsonInSteps } from "../../src/shared/json-in-steps.js";
import { runSteps } from "../../src/shared/time-slices.js";

const parse = (text: string): unknown => runSteps(parseJsonInSteps(Buffer.from(text)));
const outcome = (run: () => unknown): unknown => {
  try {
    return { value: run() };
  } catch (error) {
    return (error as Error).name;
  }
};
/** More than is parsed at once. */
const long = "x".repeat(100_000);

describe("parseJsonInSteps", () => {
  it.each([
    [
      "texts with quotes, backslashes and brackets",
      { a: [long, '"]},{[":\\', "\\", '\\"', long], 'k"{:': { b: long } }
    ],
    ["levels below each other", [[[[[long], { a: { b: { c: [long, 1, null, true, -1.5e3] } } }]]]]],
    ["many small ones", Array.from({ length: 20_000 }, (_, index) => ({ index, text: `ä€😀${index}` }))],
    ["empty ones beside a long one", { a: {}, b: [], c: long, "": "" }]
  ])("gives what JSON.parse gives: %s", (_, value) => {
    for (const space of [0, 1, 7]) expect(parse(` \n\t${JSON.stringify(value, null, space)}\r\n `)).toEqual(value);
  });

  it("keeps the last of two members of one name, and __proto__ as a member", () => {
    const text = `{"a":1,"a":"${long}","__proto__":{"b":1}}`;
    expect(Object.entries(parse(text) as object)).toEqual(Object.entries(JSON.parse(text) as object));
  });

  it("refuses what JSON.parse refuses: long documents with one byte changed, left out or put in", () => {
    const text = JSON.stringify({ a: [1, "two", { three: null }], long, b: { c: [[]], d: '\\"' } });
    const without = text.replace(long, "");
    const place = without.indexOf('"long":"') + 8;
    for (let at = 0; at < without.length; at += 1) {
      for (const put of ["", ",", ":", '"', "]", "}", "[", "{", "\\", "0", " "]) {
        for (const cut of [0, 1]) {
          const changed = without.slice(0, at) + put + without.slice(at + cut);
          const grown = at <= place ? changed : changed.slice(0, place) + long + changed.slice(place);
          const document = at <= place ? `${changed.slice(0, -1)},"long":"${long}"${changed.slice(-1)}` : grown;
          expect(
            outcome(() => parse(document)),
            document.replace(long, "…")
          ).toEqual(outcome(() => JSON.parse(document)));
        }
      }
    }
  });

  it("yields often, however the document is made", () => {
    for (const value of [
      Array.from({ length: 100_000 }, (_, index) => index),
      { a: { b: Array.from({ length: 300 }, () => long.slice(0, 50_000)) } }
    ]) {
      const text = Buffer.from(JSON.stringify(value));
      let yields = 0;
      for (const _ of parseJsonInSteps(text)) yields += 1;
      expect(yields).toBeGreaterThan(200);
    }
  });
});
