import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { drawBoxes, type DecodedImage, type DrawnBox } from "../../src/index.js";
import { pattern } from "../pattern.js";

const plain = (width: number, height: number, level: number): DecodedImage => ({
  source: "plain",
  width,
  height,
  rgb: new Uint8Array(width * height * 3).fill(level)
});
const box = { x: 50, y: 60, width: 80, height: 70 };

async function draw(image: DecodedImage, ...boxes: DrawnBox[]) {
  const png = await drawBoxes(image, boxes);
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  const changed: (readonly [number, number])[] = [];
  for (let y = 0; y < info.height; y += 1) {
    for (let x = 0; x < info.width; x += 1)
      if (at(x, y).some((value, channel) => value !== image.rgb[(y * info.width + x) * 3 + channel]))
        changed.push([x, y]);
  }
  const brightness = (x: number, y: number) => Math.max(...at(x, y));
  return { info, at, changed, brightness };
}

describe("a drawing", () => {
  it("has the pixels of the picture, at its size, but for lines around the boxes", async () => {
    const image = pattern(301, 200);
    const { info, changed } = await draw(image, { label: "", box });
    expect(info).toMatchObject({ width: 301, height: 200, channels: 3 });
    const isOutside = ([x, y]: readonly [number, number]) => x < 48 || x >= 132 || y < 58 || y >= 132;
    const isInside = ([x, y]: readonly [number, number]) => x >= 50 && x < 130 && y >= 60 && y < 130;
    expect(changed.filter(isOutside)).toEqual([]);
    expect(changed.filter(isInside)).toEqual([]);
    const edges = [
      changed.some(([x, y]) => x < 50 && y === 100),
      changed.some(([x, y]) => x >= 130 && y === 100),
      changed.some(([x, y]) => y < 60 && x === 90),
      changed.some(([x, y]) => y >= 130 && x === 90)
    ];
    expect(edges).toEqual([true, true, true, true]);
  });

  it("without boxes is the picture itself", async () => {
    expect((await draw(pattern(40, 30))).changed).toEqual([]);
  });

  it.each([0, 128, 255])("stands out on a ground of %i", async (level) => {
    const image = plain(900, 700, level);
    const { at, changed } = await draw(image, { label: "", box: { x: 300, y: 300, width: 200, height: 200 } });
    const across = changed.filter(([, y]) => y === 400).map(([x, y]) => at(x, y));
    const contrast = across.map((pixel) => Math.max(...pixel.map((value) => Math.abs(value - level))));
    expect(Math.max(...contrast)).toBeGreaterThan(100);
  });

  it.each([0, 128, 255])("has a label that is read on a ground of %i: light letters, dark rim", async (level) => {
    const { changed, brightness } = await draw(plain(900, 700, level), {
      label: "nodule",
      box: { x: 300, y: 300, width: 200, height: 200 }
    });
    const label = changed.filter(([, y]) => y < 290);
    expect(label.length).toBeGreaterThan(300);
    expect(Math.max(...label.map(([x, y]) => brightness(x, y)))).toBeGreaterThan(200);
    if (level > 0) expect(Math.min(...label.map(([x, y]) => brightness(x, y)))).toBeLessThan(60);
  });

  it("has lines that are thicker on a larger picture", async () => {
    const widthOf = async (side: number) =>
      (
        await draw(plain(side, side, 128), {
          label: "",
          box: { x: side / 4, y: side / 4, width: side / 2, height: side / 2 }
        })
      ).changed.filter(([x, y]) => y === side / 2 && x < side / 2).length;
    const small = await widthOf(400);
    expect(small).toBeGreaterThanOrEqual(1);
    expect(await widthOf(2000)).toBeGreaterThan(3 * small);
  });

  it("keeps what is at an edge on the picture, its label as well", async () => {
    const image = plain(400, 300, 128);
    for (const edge of [
      { x: 0, y: 0, width: 60, height: 50 },
      { x: 340, y: 250, width: 60, height: 50 },
      { x: 0, y: 0, width: 400, height: 300 }
    ]) {
      const lines = await draw(image, { label: "", box: edge });
      const middle = Math.round(edge.y + edge.height / 2);
      expect(lines.changed.filter(([x, y]) => y === middle && x < edge.x + 4).length).toBeGreaterThan(0);
      expect(lines.changed.filter(([x, y]) => y === middle && x > edge.x + edge.width - 5).length).toBeGreaterThan(0);
      const labelled = await draw(image, { label: "nodule", box: edge });
      expect(labelled.changed.length).toBeGreaterThan(lines.changed.length + 100);
    }
  });

  it("draws a label of any kind as text", async () => {
    const image = plain(600, 300, 128);
    const labels = [
      "<script>alert(1)</script>",
      "</text></svg>",
      "a & b &amp; c",
      "x".repeat(10_000),
      "\u0000\u0007\ud800\ufffe",
      "\u202eevil",
      "病変 👩‍⚕️",
      "]]>",
      "a\nb"
    ];
    for (const label of labels) {
      const { info, changed } = await draw(image, { label, box });
      expect(info).toMatchObject({ width: 600, height: 300 });
      expect(changed.length, label).toBeGreaterThan(100);
    }
    // Markup that is no markup takes the room of its letters.
    const lettersOf = async (label: string) => (await draw(image, { label, box })).changed.length;
    expect(await lettersOf("<b>nodule</b>")).toBeGreaterThan((await lettersOf("nodule")) + 100);
  });

  it("cuts a long label, so that its end is on the picture", async () => {
    const { changed } = await draw(plain(600, 300, 128), {
      label: "m".repeat(10_000),
      box: { x: 500, y: 100, width: 50, height: 50 }
    });
    const label = changed.filter(([, y]) => y < 95);
    expect(Math.min(...label.map(([x]) => x))).toBeLessThan(30);
    expect(new Set(label.map(([, y]) => y)).size).toBeLessThan(30); // one line
  });

  it("has one colour for each label", async () => {
    const colourOf = async (...labels: string[]) => {
      const boxes = labels.map((label, index) => ({
        label,
        box: { x: 100 + 250 * index, y: 200, width: 100, height: 100 }
      }));
      const { at } = await draw(plain(900, 700, 0), ...boxes);
      return labels.map((_, index) =>
        [97, 98, 99, 100]
          .map((x) => at(x + 250 * index, 250))
          .reduce((one, other) => (Math.max(...other) > Math.max(...one) ? other : one))
          .map((value) => value > 128)
          .join()
      );
    };
    const [first, second, third] = await colourOf("a", "b", "a");
    expect(first).toBe(third);
    expect(first).not.toBe(second);
  });

  it("is refused on a strip that cannot be drawn on, and says so", async () => {
    const strip = plain(32_768, 1, 0);
    await expect(drawBoxes(strip, [{ label: "", box: { x: 0, y: 0, width: 1, height: 1 } }])).rejects.toMatchObject({
      code: "IMAGE_TOO_LARGE"
    });
  });

  it("is made on the longest strip that can be", async () => {
    const { info } = await draw(plain(32_767, 2, 0), { label: "a", box: { x: 5, y: 0, width: 100, height: 1 } });
    expect(info.width).toBe(32_767);
  });
});
