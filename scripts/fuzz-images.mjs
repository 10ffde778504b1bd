// Feeds damaged DICOM files to decodeImage (as built in dist/) and counts what comes back. Every input must give a picture or
// one MedGemmaError of images within the time limit, and none may spoil the next: a whole file is decoded in between.
//
//     node scripts/fuzz-images.mjs [N=1000] [--from FIRST] [--limit-ms 5000]
//
// Input k is made from the fixtures and the number k alone, so `1 --from k` runs it again.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { decodeImage } from "../dist/index.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { from: { type: "string", default: "0" }, "limit-ms": { type: "string", default: "5000" } }
});
const count = Number(positionals[0] ?? 1000);
const first = Number(options.from);
const limit = Number(options["limit-ms"]);
const allowed = new Set(["IMAGE_UNREADABLE", "IMAGE_TOO_LARGE", "INVALID_ARGUMENT"]);

const folder = new URL("../test/fixtures/dicom/", import.meta.url);
const seeds = readdirSync(folder).filter((name) => name.endsWith(".dcm")).sort();
const files = seeds.map((name) => readFileSync(new URL(name, folder)));

/** Decoding is synchronous in parts, so that only another thread notices one without end. */
const progress = new Int32Array(new SharedArrayBuffer(4));
const watchdog = new Worker(
  `const { workerData: { progress, limit, pid } } = require("node:worker_threads");
   let last = -1;
   setInterval(() => {
     const now = Atomics.load(progress, 0);
     if (now === last && now >= 0) {
       require("node:fs").writeSync(2, "input " + now + " takes longer than the limit\\n");
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
const extremes = [0, 1, 2, 7, 8, 9, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

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
  (bytes, random) => {
    const other = files[random(files.length)];
    return Buffer.concat([bytes.subarray(0, random(bytes.length)), other.subarray(random(other.length))]);
  },
  // Attributes of the image: group 0028 in little-endian order, with the value where explicit files have it.
  (bytes, random) => {
    const places = [];
    for (let at = bytes.indexOf("\x28\x00", 0, "latin1"); at >= 0 && places.length < 64; at = bytes.indexOf("\x28\x00", at + 1, "latin1")) places.push(at);
    const at = places[random(Math.max(1, places.length))];
    if (at !== undefined && at + 10 <= bytes.length) bytes.writeUInt16LE(extremes[random(12)] & 0xffff, at + 8);
  }
];

function inputOf(number) {
  const random = randomNumbers(number);
  let bytes = Buffer.from(files[random(files.length)]);
  for (let left = 1 + random(4); left > 0 && bytes.length > 16; left -= 1) {
    const changed = mutations[random(mutations.length)](bytes, random);
    if (Buffer.isBuffer(changed)) bytes = Buffer.from(changed);
  }
  return bytes;
}

const whole = files[seeds.indexOf("mono2-12-j2k.dcm")];
const hash = async () => createHash("sha256").update((await decodeImage(whole)).rgb).digest("hex");
const expected = await hash();
const counts = {};
let slowest = { ms: 0, number: -1 };
let failures = 0;
for (let number = first; number < first + count; number += 1) {
  Atomics.store(progress, 0, number);
  const started = performance.now();
  let outcome;
  try {
    await decodeImage(inputOf(number));
    outcome = "decoded";
  } catch (error) {
    outcome = error.code ?? error.name;
    if (!allowed.has(error.code) || error.message.includes("SECRET") || error.message.includes("\n")) {
      failures += 1;
      console.log(`input ${number}: ${error.stack}`);
    }
  }
  const ms = performance.now() - started;
  if (ms > slowest.ms) slowest = { ms: Math.round(ms), number };
  counts[outcome] = (counts[outcome] ?? 0) + 1;
  if (number % 50 === 0 && (await hash()) !== expected) {
    failures += 1;
    console.log(`after input ${number}, a whole file is decoded wrongly`);
  }
}
Atomics.store(progress, 0, -1);
console.log(JSON.stringify({ inputs: count, ...counts, failures, slowest, maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024) }));
process.exitCode = failures > 0 ? 1 : 0;
