import { describe, expect, it } from "vitest";
import { locateBoxes } from "../../src/chat/locate-boxes.js";

const square = { width: 1000, height: 1000, fit: "pad" } as const;
const wide = { width: 400, height: 300, fit: "pad" } as const;

const entry = (box: readonly unknown[], label = "circle") => JSON.stringify({ box_2d: box, label });
const circle = entry([100, 200, 300, 400]);
const cross = entry([500, 600, 700, 800], "cross");
const labelsOf = (answer: string) => locateBoxes(answer, [square]).boxes.map(({ label }) => label);
const reasonsOf = (answer: string) => locateBoxes(answer, [square]).rejectedBoxes.map(({ reason }) => reason);

describe("boxes are found in an answer", () => {
  it.each([
    ["as a bare list", `[${circle},${cross}]`],
    ["in a fence", `\`\`\`json\n[\n  ${circle},\n  ${cross}\n]\n\`\`\``],
    ["in a fence without an end", `\`\`\`json\n[${circle}, ${cross}]`],
    ["between sentences", `I see {two} things: [${circle}, ${cross}]. A 5" film, isn't it {?`],
    ["in an object of a schema", `{"findings": [${circle}, ${cross}], "note": "in the lung"}`],
    ["one list each", `The circle: [${circle}]\nThe cross: [${cross}]`],
    ["without a list", `${circle}, ${cross}`],
    [
      "with the label in front",
      `[{"label": "circle", "box_2d": [100, 200, 300, 400]}, {"label":"cross","box_2d":[500,600,700,800]}]`
    ],
    ["with more in an entry", `[{"box_2d":[100,200,300,400],"more":{"size":[3]},"label":"circle"},${cross}]`]
  ])("%s", (_how, answer) => {
    const { boxes, rejectedBoxes } = locateBoxes(answer, [square]);
    expect(rejectedBoxes).toEqual([]);
    expect(boxes).toEqual([
      { label: "circle", box: { x: 200, y: 100, width: 200, height: 200 }, box2d: [100, 200, 300, 400], image: 0 },
      { label: "cross", box: { x: 600, y: 500, width: 200, height: 200 }, box2d: [500, 600, 700, 800], image: 0 }
    ]);
  });

  it.each([
    "[]",
    "```json\n[]\n```",
    "The circle is at the top left.",
    "",
    '{"findings": []}',
    "Its label: circle {1}"
  ])("nothing in %j, and nothing is wrong with it", (answer) => {
    expect(locateBoxes(answer, [square])).toEqual({ boxes: [], rejectedBoxes: [] });
  });

  it("with any label: braces, quotes, markup, none, a number", () => {
    const labels = ['a {b} "c" ] }', '5" } wide', "<script>", "x".repeat(10_000), "\\"];
    expect(labelsOf(`[${labels.map((label) => entry([1, 2, 3, 4], label)).join()}]`)).toEqual(labels);
    expect(labelsOf('[{"label":"a { b","box_2d":[1,2,3,4]}]')).toEqual(["a { b"]);
    expect(labelsOf('{"box_2d":[1,2,3,4]} {"box_2d":[1,2,3,4],"label":7}')).toEqual(["", "7"]);
  });
});

describe("what cannot be read is told, and what can is kept", () => {
  it.each([
    ["cut off in a box", `[${circle},{"box_2d":[500,6`, "cut off"],
    ["cut off in a label", `[${circle},{"box_2d":[500,600,700,800],"label":"cr`, "cut off"],
    ["cut off in the key", `[${circle},{"bo`, "cut off"],
    ["cut off behind a comma", `[${circle},`, "cut off"],
    ["cut off behind an entry", `[${circle}`, "cut off"],
    ["single quotes", `[${circle},{'box_2d': [1, 2, 3, 4], 'label': 'cross'}]`, "not JSON"],
    ["NaN", `[${circle},{"box_2d":[NaN,2,3,4],"label":"cross"}]`, "not JSON"],
    ["no braces", `[${circle}] and "box_2d": [1,2,3,4]`, "not in a JSON object"],
    ["no box", `[${circle},{"label":"cross"}]`, "no box_2d"],
    ["a box of another name", `[${circle},{"bbox_2d":[1,2,3,4],"label":"cross"}]`, "no box_2d"],
    ["two boxes", `[${circle},{"box_2d":[1,2,3,4],"label":"a","box_2d":[5,6,7,8]}]`, "more than one box_2d"],
    ["three numbers", `[${circle},${entry([1, 2, 3])}]`, "four whole numbers"],
    ["texts", `[${circle},${entry(["1", "2", "3", "4"])}]`, "four whole numbers"],
    ["fractions", `[${circle},${entry([0.1, 0.2, 0.3, 0.4])}]`, "four whole numbers"],
    ["null", `[${circle},${entry([null, 2, 3, 4])}]`, "four whole numbers"],
    ["infinity", `[${circle},{"box_2d":[1,2,1e999,4],"label":"a"}]`, "four whole numbers"],
    ["an object", `[${circle},{"box_2d":{"y0":1},"label":"a"}]`, "four whole numbers"],
    ["below 0", `[${circle},${entry([-1, 2, 3, 4])}]`, "within 0 and 1000"],
    ["over 1000", `[${circle},${entry([1, 2, 3, 1001])}]`, "within 0 and 1000"],
    ["upside down", `[${circle},${entry([300, 2, 100, 4])}]`, "y1 = 100 is not below its upper edge y0 = 300"],
    ["no height", `[${circle},${entry([300, 2, 300, 4])}]`, "y1 = 300"],
    ["mirrored", `[${circle},${entry([1, 400, 3, 200])}]`, "x1 = 200 is not right of its left edge x0 = 400"]
  ])("%s", (_what, answer, words) => {
    expect(labelsOf(answer)).toEqual(["circle"]);
    expect(reasonsOf(answer)).toEqual([expect.stringContaining(words)]);
  });

  it("when nothing else is there", () => {
    for (const answer of ["[", '[{"bo', '```json\n[{"box_2d": [1, 2', '{"box_2d": [1'])
      expect(reasonsOf(answer), answer).toEqual([expect.stringContaining("cut off")]);
  });

  it("in the middle, and what follows is read", () => {
    const answer = `[{"box_2d":[1,2,3,4], ${circle}]`;
    expect(labelsOf(answer)).toEqual(["circle"]);
    expect(reasonsOf(answer)).toEqual([expect.stringContaining("cut off")]);
  });

  it("with its text, not longer than 200 characters", () => {
    const long = entry([1, 2, 3], "x".repeat(10_000));
    const [short, cut] = locateBoxes(`[${entry([1, 2, 3])}, ${long}]`, [square]).rejectedBoxes;
    expect(short?.text).toBe(entry([1, 2, 3]));
    expect(cut?.text).toHaveLength(200);
    expect(long.startsWith(cut?.text.slice(0, -1) ?? "?")).toBe(true);
  });

  it("before the test is given up, even where a model repeats itself to the end of its 8192 tokens", () => {
    for (const part of ["{", "[{", '{"', '{"box_2d":', '{"label":"', "[[", '"{', "box_2d:", ",{"])
      expect(locateBoxes(part.repeat(4_000), [square]).boxes, part).toEqual([]);
  });
});

describe("boxes are brought to the pixels of the picture", () => {
  const boxOf = (
    box: readonly number[],
    image: { readonly width: number; readonly height: number; readonly fit: "pad" | "stretch" | "crops" }
  ) => {
    const { boxes, rejectedBoxes } = locateBoxes(entry(box), [image]);
    return boxes[0]?.box ?? rejectedBoxes[0]?.reason;
  };

  it("of a wide picture on its padded square", () => {
    // The square is 400 pixels, the bars are 50: 200 of 1000 is 80, less 50 is 30.
    expect(boxOf([200, 100, 500, 350], wide)).toEqual({ x: 40, y: 30, width: 100, height: 120 });
    expect(boxOf([200, 100, 500, 350], { ...wide, fit: "crops" })).toEqual({ x: 40, y: 30, width: 100, height: 120 });
  });

  it("of a tall picture on its padded square; the odd pixel of the bars is on the far side", () => {
    expect(boxOf([0, 500, 1000, 600], { width: 299, height: 1000, fit: "pad" })).toEqual({
      x: 150,
      y: 0,
      width: 100,
      height: 1000
    });
    expect(boxOf([500, 0, 600, 1000], { width: 1000, height: 299, fit: "pad" })).toEqual({
      x: 0,
      y: 150,
      width: 1000,
      height: 100
    });
  });

  it("of a squeezed picture", () => {
    expect(boxOf([200, 100, 500, 350], { ...wide, fit: "stretch" })).toEqual({ x: 40, y: 60, width: 100, height: 90 });
  });

  it("in hundredths of a pixel", () => {
    expect(boxOf([1, 1, 2, 2], { width: 3333, height: 3333, fit: "pad" })).toEqual({
      x: 3.33,
      y: 3.33,
      width: 3.33,
      height: 3.33
    });
  });

  it("cut off where they reach into the bars", () => {
    expect(boxOf([0, 0, 1000, 1000], wide)).toEqual({ x: 0, y: 0, width: 400, height: 300 });
    expect(boxOf([100, 900, 200, 1000], wide)).toEqual({ x: 360, y: 0, width: 40, height: 30 });
  });

  it("and refused where they lie in the bars", () => {
    for (const box of [
      [0, 0, 125, 1000],
      [875, 0, 1000, 1000],
      [10, 10, 20, 20]
    ])
      expect(boxOf(box, wide), String(box)).toContain("black bars");
    const tall = { width: 300, height: 400, fit: "pad" } as const;
    for (const box of [
      [0, 0, 1000, 125],
      [0, 875, 1000, 1000]
    ])
      expect(boxOf(box, tall), String(box)).toContain("black bars");
    expect(boxOf([10, 10, 20, 20], { ...wide, fit: "stretch" })).toEqual({ x: 4, y: 3, width: 4, height: 3 });
  });
});

describe("of several images", () => {
  const second = (image: unknown) => JSON.stringify([{ box_2d: [0, 0, 500, 500], label: "a", image }]);

  it("an entry says which one it means", () => {
    const { boxes } = locateBoxes(second(2), [square, wide]);
    expect(boxes).toMatchObject([{ image: 1, box: { x: 0, y: 0, width: 200, height: 150 } }]);
  });

  it.each([
    [`[${circle}]`, "which of the 2 images"],
    [second(0), "a number from 1 to 2"],
    [second(3), "a number from 1 to 2"],
    [second("first"), "a number from 1 to 2"]
  ])("or is not placed by guess: %s", (answer, words) => {
    expect(locateBoxes(answer, [square, wide])).toMatchObject({
      boxes: [],
      rejectedBoxes: [{ reason: expect.stringContaining(words) as string }]
    });
  });

  it("or there is none", () => {
    expect(locateBoxes(`[${circle}]`, [])).toMatchObject({
      boxes: [],
      rejectedBoxes: [{ reason: expect.stringContaining("no image") as string }]
    });
  });
});
