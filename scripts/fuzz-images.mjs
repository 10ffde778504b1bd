// Feeds damaged files to decodeImage, readSeries and readSlide (as built in dist/) and counts what comes back. Every input must give
// pictures or one MedGemmaError of images within the time limit, and none may spoil the next: whole files are decoded in between.
//
//     node scripts/fuzz-images.mjs [N=1000] [--kind dicom|series|dicom-slide|nifti|picture|slide] [--from FIRST] [--limit-ms 10000]
//
// N inputs, spread over the kinds. Input k of a kind is made from its seeds and the number k alone, so `1 --kind dicom --from k`
// runs it again.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { gunzipSync, gzipSync } from "node:zlib";
import sharp from "sharp";
import { decodeImage, readSeries, readSlide } from "../dist/index.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kind: { type: "string" },
    from: { type: "string", default: "0" },
    "limit-ms": { type: "string", default: "10000" }
  }
});
const count = Number(positionals[0] ?? 1000);
const first = Number(options.from);
const limit = Number(options["limit-ms"]);
const allowed = new Set(["IMAGE_UNREADABLE", "IMAGE_TOO_LARGE", "INVALID_ARGUMENT"]);

const fixtures = (folder, ending) => {
  const url = new URL(`../test/fixtures/${folder}/`, import.meta.url);
  const names = readdirSync(url)
    .filter((name) => ending.test(name))
    .sort();
  return names.map((name) => ({ name, bytes: readFileSync(new URL(name, url)) }));
};

/** Decoding is synchronous in parts, so that only another thread notices one without end. */
const progress = new Int32Array(new SharedArrayBuffer(4));
const watchdog = new Worker(
  `const { workerData: { progress, limit, pid } } = require("node:worker_threads");
   let last = -1;
   setInterval(() => {
     const now = Atomics.load(progress, 0);
     if (now === last && now >= 0) {
       require("node:fs").writeSync(2, "input " + now + " (counted over all kinds) takes longer than the limit\\n");
       process.kill(pid, "SIGKILL");
     }
     last = now;
   }, limit);`,
  { eval: true, workerData: { progress, limit, pid: process.pid } }
);
watchdog.unref();

function randomNumbers(seed) {
  let state = seed + 0x9e3779b9;
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    const mixed = Math.imul(state ^ (state >>> 13), 0x297a2d39);
    return ((mixed ^ (mixed >>> 16)) >>> 0) % below;
  };
}

/** Numbers at which sizes and signs turn. */
const extremes = [
  0, 1, 2, 7, 8, 9, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff
];

/** Of any file. `others` are the seeds of its kind. */
const mutations = [
  (bytes, random) => (bytes[random(bytes.length)] ^= 1 << random(8)),
  (bytes, random) => (bytes[random(bytes.length)] = random(256)),
  (bytes, random) => bytes.writeUInt16LE(extremes[random(12)] & 0xffff, random(bytes.length - 1)),
  (bytes, random) => bytes.writeUInt32LE(extremes[random(16)], random(bytes.length - 3)),
  (bytes, random) => bytes.writeUInt16BE(extremes[random(12)] & 0xffff, random(bytes.length - 1)),
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => {
    const at = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(16))]);
  },
  (bytes, random) => {
    const at = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - 1 - random(64)))]);
  },
  (bytes, random, others) => {
    const other = others[random(others.length)].bytes;
    return Buffer.concat([bytes.subarray(0, random(bytes.length)), other.subarray(random(other.length))]);
  }
];

/** Attributes of the image: group 0028 in little-endian order, with the value where explicit files have it. */
function changeImagePixel(bytes, random) {
  const places = [];
  for (
    let at = bytes.indexOf("\x28\x00", 0, "latin1");
    at >= 0 && places.length < 64;
    at = bytes.indexOf("\x28\x00", at + 1, "latin1")
  )
    places.push(at);
  const at = places[random(Math.max(1, places.length))];
  if (at !== undefined && at + 10 <= bytes.length) bytes.writeUInt16LE(extremes[random(12)] & 0xffff, at + 8);
}

/** Sizes, types, places of voxels and matrices: 16, 32 or 64 bits, in either order. */
function changeNiftiHeader(bytes, random) {
  const at = 2 * random(Math.min(bytes.length - 8, 544) / 2);
  const value = extremes[random(16)];
  const order = random(2) === 0 ? "LE" : "BE";
  const writes = [
    () => bytes[`writeUInt16${order}`](value & 0xffff, at),
    () => bytes[`writeUInt32${order}`](value, at),
    () => bytes[`writeBigUInt64${order}`](BigInt(value), at),
    () => bytes[`writeFloat${order}`]([0, -1, Number.NaN, Infinity, 1e30, 0.5][random(6)], at)
  ];
  writes[random(4)]();
}

/** An entry of a directory (TIFF 6.0, 2): its tag, type, count or value. */
function changeTiffEntry(bytes, random) {
  const isLittleEndian = bytes[0] === 0x49;
  if (bytes.length < 16 || (bytes[2] !== 42 && bytes[3] !== 42)) return;
  const directory = isLittleEndian ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4);
  const at = directory + 2 + 12 * random(20) + [0, 2, 4, 8][random(4)];
  if (at + 4 > bytes.length) return;
  if (random(2) === 0) bytes.writeUInt32LE(extremes[random(16)], at);
  else bytes.writeUInt16LE(random(2) === 0 ? random(400) : extremes[random(12)] & 0xffff, at);
}

/** The same in any directory of a slide, BigTIFF included, and the numbers that say where its tiles lie. */
function changeSlideEntry(bytes, random) {
  const isLittleEndian = bytes[0] === 0x49;
  const isBig = bytes[isLittleEndian ? 2 : 3] === 43;
  const order = isLittleEndian ? "LE" : "BE";
  const pointer = (at) => (isBig ? Number(bytes[`readBigUInt64${order}`](at)) : bytes[`readUInt32${order}`](at));
  let directory = pointer(isBig ? 8 : 4);
  try {
    for (let left = random(4); left > 0; left -= 1) {
      const next = isBig
        ? pointer(directory + 8 + 20 * pointer(directory))
        : pointer(directory + 2 + 12 * bytes[`readUInt16${order}`](directory));
      if (next !== 0) directory = next;
    }
    const entry = directory + (isBig ? 8 + 20 * random(20) : 2 + 12 * random(20));
    const at = random(4) === 0 ? pointer(entry + (isBig ? 12 : 8)) : entry + [0, 2, 4, isBig ? 12 : 8][random(4)];
    if (random(2) === 0) bytes[`writeUInt32${order}`](extremes[random(16)], at);
    else bytes[`writeUInt16${order}`](random(2) === 0 ? random(400) : extremes[random(12)] & 0xffff, at);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // Another change has made its directories point elsewhere.
  }
}

/** The upper halves of places in a Hamamatsu NDPI, which stand behind each directory. */
function changeNdpiPlace(bytes, random) {
  if (!isNdpi(bytes)) return changeSlideEntry(bytes, random);
  try {
    let directory = bytes.readUInt32LE(4);
    for (let left = random(4); left > 0; left -= 1) {
      const next = bytes.readUInt32LE(directory + 2 + 12 * bytes.readUInt16LE(directory));
      if (next !== 0) directory = next;
    }
    const entries = bytes.readUInt16LE(directory);
    bytes.writeUInt32LE(extremes[random(16)], directory + 2 + 12 * entries + 4 * random(entries + 2));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // Another change has made its directories point elsewhere.
  }
}

const isNdpi = (bytes) => bytes.includes("Hamamatsu");

/** A number of the XML that a slide is described by. */
function changeXmlNumber(bytes, random) {
  const start = bytes.indexOf("<", random(bytes.length), "latin1");
  const at = start < 0 ? -1 : bytes.indexOf('="', start, "latin1");
  if (at < 0 || at + 12 > bytes.length) return;
  const end = bytes.indexOf('"', at + 2, "latin1");
  if (end < 0 || end > at + 24) return;
  bytes.write(["0", "1", "-1", "9", "1e9", "", "x"][random(7)].padEnd(end - at - 2), at + 2, end - at - 2, "latin1");
}

/** Compressed again, or every input would only be a wrong checksum. */
const withGzip = (change) => (bytes, random, others) => {
  if (bytes[0] !== 0x1f || random(4) === 0) return change(bytes, random, others);
  let inner;
  try {
    inner = gunzipSync(bytes, { maxOutputLength: 2 ** 20 });
  } catch {
    return bytes;
  }
  if (inner.length < 16) return bytes;
  const changed = change(inner, random, others);
  return gzipSync(Buffer.isBuffer(changed) ? changed : inner);
};

/** Pictures of every format, TIFF in all that libvips writes. */
async function pictures() {
  const width = 48;
  const height = 40;
  const rgb = Buffer.from(
    Uint8Array.from({ length: width * height * 3 }, (_none, index) => (index * 7 + (index >> 6) * 13) & 0xff)
  );
  const picture = () => sharp(rgb, { raw: { width, height, channels: 3 } });
  const tiffs = [
    { compression: "none" },
    { compression: "lzw", predictor: "horizontal" },
    { compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16 },
    { compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16, pyramid: true, bigtiff: true },
    { compression: "jpeg", tile: true, tileWidth: 16, tileHeight: 16, pyramid: true },
    { compression: "jpeg", quality: 80 },
    { compression: "packbits" },
    { compression: "webp" }
  ];
  const made = [];
  for (const [index, tiff] of tiffs.entries()) {
    made.push({ name: `${index}.tiff`, bytes: await picture().tiff(tiff).toBuffer() });
    made.push({
      name: `${index}-gray.tiff`,
      bytes: await picture()
        .toColourspace(index % 2 === 0 ? "b-w" : "grey16")
        .tiff({ ...tiff, compression: ["jpeg", "webp"].includes(tiff.compression) ? "lzw" : tiff.compression })
        .toBuffer()
    });
  }
  for (const format of ["png", "jpeg", "webp", "gif", "avif"])
    made.push({ name: format, bytes: await picture().toFormat(format).toBuffer() });
  const endings = /\.(?:png|jpg|tiff?|webp|gif|avif|bmp|p[bgp]m|jp2|j2k|jxl)$/;
  return [...made, ...fixtures("images", endings), ...fixtures("pictures", endings)];
}

const scratch = mkdtempSync(join(tmpdir(), "medgemma-fuzz-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

async function decodeNifti(bytes, number = 1) {
  const path = join(scratch, "volume");
  writeFileSync(path, bytes);
  const { slices } = await readSeries(path, {
    modality: number % 2 === 0 ? "CT" : "MR",
    index: number % 5 === 0 ? 2 : 1
  });
  return Buffer.concat(slices.map(({ rgb }) => rgb));
}

async function decodeSlide(bytes, number = 1) {
  const path = join(scratch, isNdpi(bytes) ? "slide.ndpi" : "slide");
  writeFileSync(path, bytes);
  const choice = number % 3 === 0 ? { magnification: 15 } : { level: number % 2 };
  const { patches, overview } = await readSlide(path, { ...choice, side: 32, patches: 20, overview: number % 4 === 0 });
  return Buffer.concat([...patches, ...(overview === null ? [] : [overview])].map(({ rgb }) => rgb));
}

/** A folder of its own: what lies beside a file of DICOM belongs to the slide. */
async function decodeDicomSlide(bytes, number = 1) {
  const folder = join(scratch, "dicom-slide");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "level.dcm"), bytes);
  const { patches } = await readSlide(number % 2 === 0 ? folder : join(folder, "level.dcm"), {
    level: 0,
    side: 32,
    patches: 20
  });
  return Buffer.concat(patches.map(({ rgb }) => rgb));
}

const slideFolders = ["slides", "slide-formats"];
const dicomSlideFolders = ["dicom-full", "dicom-sparse", "dicom-split"].map((name) => `slide-formats/${name}`);

const decodePicture = async (bytes, number = 1) =>
  (await decodeImage(bytes, number % 7 === 0 ? { window: "full" } : {})).rgb;

/** A volume number, or none; the odd inputs stand beside a whole slice. */
async function decodeSeries(bytes, number = 1) {
  const folder = join(scratch, "series");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "a"), bytes);
  if (number % 2 === 0) writeFileSync(join(folder, "b"), seriesSlice);
  else rmSync(join(folder, "b"), { force: true });
  const { slices } = await readSeries(folder, {
    index: number % 2 === 0 ? 1 : undefined,
    volume: [undefined, 1, 2][number % 3],
    join: number % 5 === 0,
    slices: 20
  });
  return Buffer.concat(slices.map(({ rgb }) => rgb));
}

/** Tags that only sequences and series have, with the length behind them. */
function changeSequence(bytes, random) {
  const tags = [
    "\xfe\xff\x00\xe0",
    "\xfe\xff\x0d\xe0",
    "\xfe\xff\xdd\xe0",
    "\x00\x52\x29\x92",
    "\x00\x52\x30\x92",
    "\x20\x00\x32\x00",
    "\x20\x00\x37\x00",
    "\x18\x00\x88\x00",
    "\x19\x00\x0a\x10",
    "\x28\x00\x30\x00",
    "\xe0\x7f\x10\x00"
  ];
  const tag = tags[random(tags.length)];
  let at = bytes.indexOf(tag, random(bytes.length), "latin1");
  if (at < 0) at = bytes.indexOf(tag, 0, "latin1");
  if (at < 0 || at + 12 > bytes.length) return;
  const change = [
    () => bytes.writeUInt32LE(extremes[random(16)], at + 4),
    () => bytes.writeUInt32LE(extremes[random(16)], at + 8),
    () => bytes.write(["UN", "SQ", "OB", "DS", "FD", "ZZ"][random(6)], at + 4, "latin1"),
    () => bytes.write(tags[random(tags.length)], at, "latin1"),
    () => bytes.writeUInt16LE(extremes[random(12)] & 0xffff, at + 6)
  ];
  change[random(change.length)]();
}

const oddDicom = [...fixtures("dicom", /\.dcm$/), ...fixtures("dicom-odd", /\.dcm$/)];
const seriesFolders = ["enhanced", "film", "mosaic", "reversed", "tilted", "two"].flatMap((folder) =>
  fixtures(`series/${folder}`, /\.dcm$/)
);
const seriesSeeds = [...seriesFolders, ...oddDicom.filter(({ name }) => /enhanced|groups|frames|ct/.test(name))];
const seriesSlice = fixtures("series/reversed", /^01\.dcm$/)[0].bytes;

const kinds = {
  series: {
    seeds: seriesSeeds,
    mutations: [...mutations, changeImagePixel, changeSequence, changeSequence, changeSequence],
    decode: decodeSeries,
    whole: "volume.dcm"
  },
  dicom: {
    seeds: oddDicom,
    mutations: [...mutations, changeImagePixel, changeSequence, changeSequence],
    decode: async (bytes) => (await decodeImage(bytes)).rgb,
    whole: "mono2-12-j2k.dcm"
  },
  nifti: {
    seeds: fixtures("nifti", /\.nii/),
    mutations: [...mutations, changeNiftiHeader, changeNiftiHeader, changeNiftiHeader].map(withGzip),
    decode: decodeNifti,
    whole: "ct-las.nii.gz"
  },
  picture: {
    seeds: await pictures(),
    mutations: [...mutations, changeTiffEntry, changeTiffEntry, changeTiffEntry],
    decode: decodePicture,
    whole: "4.tiff"
  },
  "dicom-slide": {
    seeds: dicomSlideFolders.flatMap((folder) => fixtures(folder, /\.dcm$/)),
    mutations: [...mutations, changeImagePixel, changeImagePixel],
    decode: decodeDicomSlide,
    whole: "level.dcm"
  },
  slide: {
    seeds: slideFolders.flatMap((folder) => fixtures(folder, /\.(?:tiff?|svs|scn|ndpi|bif)$/)),
    mutations: [...mutations, changeSlideEntry, changeSlideEntry, changeSlideEntry, changeNdpiPlace, changeXmlNumber],
    decode: decodeSlide,
    whole: "subifds-deflate.ome.tif"
  }
};

function inputOf({ seeds, mutations }, number) {
  const random = randomNumbers(number);
  let bytes = Buffer.from(seeds[random(seeds.length)].bytes);
  for (let left = 1 + random(4); left > 0 && bytes.length > 16; left -= 1) {
    const changed = mutations[random(mutations.length)](bytes, random, seeds);
    if (Buffer.isBuffer(changed)) bytes = Buffer.from(changed);
  }
  return bytes;
}

const hash = async ({ seeds, decode, whole }) =>
  createHash("sha256")
    .update(await decode(seeds.find(({ name }) => name === whole).bytes))
    .digest("hex");

let ran = 0;

async function fuzz(name, inputs) {
  const kind = kinds[name];
  const expected = await hash(kind);
  const counts = {};
  let slowest = { ms: 0, number: -1 };
  let failures = 0;
  for (let number = first; number < first + inputs; number += 1, ran += 1) {
    const input = inputOf(kind, number);
    Atomics.store(progress, 0, ran);
    const started = performance.now();
    let outcome;
    try {
      await kind.decode(input, number);
      outcome = "decoded";
    } catch (error) {
      outcome = error.code ?? error.name;
      if (!allowed.has(error.code) || error.message.includes("SECRET") || error.message.includes("\n")) {
        failures += 1;
        console.log(`${name} ${number}: ${error.stack}`);
      }
    }
    const ms = performance.now() - started;
    if (ms > slowest.ms) slowest = { ms: Math.round(ms), number };
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (number % 50 === 0 && (await hash(kind)) !== expected) {
      failures += 1;
      console.log(`after ${name} ${number}, a whole file is decoded wrongly`);
    }
  }
  Atomics.store(progress, 0, -1);
  console.log(
    JSON.stringify({
      kind: name,
      inputs,
      ...counts,
      failures,
      slowest,
      maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024)
    })
  );
  return failures;
}

const names = options.kind === undefined ? Object.keys(kinds) : [options.kind];
let failures = 0;
for (const [index, name] of names.entries())
  failures += await fuzz(name, Math.floor(count / names.length) + (index < count % names.length ? 1 : 0));
process.exitCode = failures > 0 ? 1 : 0;
