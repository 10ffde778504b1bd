import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { prepareImage } from "../../src/index.js";
import { panAndScan } from "../../src/image/pan-and-scan.js";
import { pattern } from "../pattern.js";

interface Facts {
  readonly boxes: readonly {
    readonly width: number;
    readonly height: number;
    readonly crops: readonly (readonly [number, number, number, number])[];
  }[];
  readonly pixels: readonly {
    readonly width: number;
    readonly height: number;
    readonly side: number;
    readonly whole: string;
    readonly crops: readonly string[];
  }[];
}

const facts = JSON.parse(
  readFileSync(fileURLToPath(new URL("../fixtures/reference/crops.json", import.meta.url)), "utf8")
) as Facts;

describe("pan and scan is that of Gemma 3's processor", () => {
  it("crops every size as it does, those where its rules change among them", () => {
    expect(new Set(facts.boxes.map(({ crops }) => crops.length))).toEqual(new Set([0, 2, 3, 4]));
    for (const { width, height, crops } of facts.boxes) {
      const expected = crops.map(([x, y, cropWidth, cropHeight]) => ({ x, y, width: cropWidth, height: cropHeight }));
      expect(panAndScan(width, height), `${width} × ${height}`).toEqual(expected);
    }
  });

  it.each(facts.pixels.map((fact) => [`${fact.width} × ${fact.height} to ${fact.side}`, fact] as const))(
    "gives its bytes: %s",
    async (_name, fact) => {
      const { width, height, side } = fact;
      const image = await prepareImage(pattern(width, height), { side, fit: "crops" });
      expect(image).toMatchObject({ width, height, side, fit: "crops", sha256: fact.whole });
      expect(image.crops.map(({ sha256 }) => sha256)).toEqual(fact.crops);
      expect(image.crops.map(({ box }) => box)).toEqual(panAndScan(width, height));
      for (const { rgb, sha256 } of image.crops) expect(createHash("sha256").update(rgb).digest("hex")).toBe(sha256);
    }
  );

  it("happens only where it is asked for, and shows the whole picture as with padding", async () => {
    const long = pattern(640, 300);
    const [cropped, padded, stretched] = await Promise.all(
      (["crops", "pad", "stretch"] as const).map((fit) => prepareImage(long, { side: 56, fit }))
    );
    expect([cropped, padded, stretched].map((image) => image?.crops.length)).toEqual([2, 0, 0]);
    expect(cropped?.sha256).toBe(padded?.sha256);
    expect(cropped?.sha256).not.toBe(stretched?.sha256);
  });
});
