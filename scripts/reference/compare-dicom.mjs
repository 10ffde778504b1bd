// Compares src/dicom (as built in dist/) with pictures that pydicom made, and prints the largest difference of each.
//
//     node scripts/reference/compare-dicom.mjs PICTURES.json [--all]
//
// PICTURES.json is a list of {file, frame, window, lossy, expected: PNG, or error: what pydicom said}, paths relative to it.
// Exits with 1 when a lossless picture differs by more than 1 level, or a lossy one by more than 3.
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import sharp from "sharp";
import { readDicomPicture } from "../../dist/dicom/read-dicom.js";

const [table, all] = process.argv.slice(2);
const folder = dirname(resolve(table));
const counts = {
  equal: 0,
  "within 1": 0,
  "within 3": 0,
  over: 0,
  "refused here": 0,
  "refused by pydicom": 0,
  "refused by both": 0
};

for (const row of JSON.parse(readFileSync(table, "utf8"))) {
  const name = `${basename(row.file)}${row.frame > 1 ? ` frame ${row.frame}` : ""}${row.window === undefined ? "" : ` ${JSON.stringify(row.window)}`}`;
  let picture = null;
  let refusal = "";
  try {
    picture = await readDicomPicture(readFileSync(resolve(folder, row.file)), basename(row.file), {
      frame: row.frame,
      window: row.window
    });
  } catch (error) {
    refusal = `${error.code}: ${error.message}`;
  }
  let verdict;
  let detail = refusal;
  if (row.error !== undefined) {
    verdict = picture === null ? "refused by both" : "refused by pydicom";
    detail = `${row.error} | ${refusal}`;
  } else if (picture === null) {
    verdict = "refused here";
  } else {
    const expected = await sharp(resolve(folder, row.expected)).toColourspace("srgb").raw().toBuffer();
    let most = expected.length === picture.rgb.length ? 0 : 255;
    picture.rgb.forEach((level, index) => (most = Math.max(most, Math.abs(level - expected[index]))));
    verdict = most === 0 ? "equal" : most === 1 ? "within 1" : most <= 3 && row.lossy ? "within 3" : "over";
    detail = `${most} ${picture.notes.join(", ")}`;
  }
  counts[verdict] += 1;
  if (all === "--all" || (verdict !== "equal" && verdict !== "refused by both"))
    console.log([verdict, name, row.kind ?? "", row.syntax ?? "", detail].join("\t"));
}
console.log(JSON.stringify(counts));
process.exitCode = counts.over > 0 ? 1 : 0;
