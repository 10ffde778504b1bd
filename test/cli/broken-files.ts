/** Files that a program must survive, made by code from nothing or from the demo model. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";

const demo = fileURLToPath(new URL("../../models/demo/", import.meta.url));
export const demoText = join(demo, "medgemma-demo-F32.gguf");
export const demoProjector = join(demo, "mmproj-F32.gguf");

/** A gray PNG; `claimed` is the size that its header says. */
export function png(
  side: number,
  claimed: { readonly width: number; readonly height: number } = { width: side, height: side }
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(claimed.width, 0);
  header.writeUInt32BE(claimed.height, 4);
  header.writeUInt8(8, 8); // bits a sample; colour type 0 is gray
  const rows = Buffer.alloc(side * (side + 1), 90);
  for (let row = 0; row < side; row += 1) rows[row * (side + 1)] = 0; // filter: none
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0))
  ]);
}

/** Writes them all into a folder and names them. */
export function brokenFiles(folder: string) {
  const at = (name: string, content: Uint8Array | string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const whole = png(64);
  mkdirSync(join(folder, "directory.png"));
  mkdirSync(join(folder, "text-only"));
  const unreadable = at("unreadable.png", whole);
  chmodSync(unreadable, 0);
  return {
    good: at("good.png", whole),
    missing: join(folder, "missing.png"),
    empty: at("empty.png", ""),
    truncated: at("truncated.png", whole.subarray(0, whole.length - 40)),
    textCalledPng: at("text.png", "This is no picture.\n"),
    hugeHeader: at("huge.png", png(64, { width: 60_000, height: 60_000 })),
    directory: join(folder, "directory.png"),
    // root reads every file; the memory of the process is a "file" that not even root reads from its beginning
    unreadable: process.getuid?.() === 0 && process.platform === "linux" ? "/proc/self/mem" : unreadable,
    truncatedModel: at("truncated.gguf", readFileSync(demoText).subarray(0, 1_000_000)),
    otherWidth: at("other-width-mmproj.gguf", withOtherWidth(readFileSync(demoProjector))),
    textOnlyModel: at("text-only/model.gguf", readFileSync(demoText))
  };
}

/**
 * The projector with tokens of half the width: the key and the shape of the last tensor changed, the data now longer
 * than needed.
 */
function withOtherWidth(file: Buffer): Buffer {
  const key = Buffer.from("clip.vision.projection_dim");
  const value = file.indexOf(key) + key.length + 4; // behind the value's type
  const width = file.readUInt32LE(value);
  file.writeUInt32LE(width / 2, value);
  const tensor = Buffer.from("mm.input_projection.weight");
  const sizes = file.indexOf(tensor) + tensor.length + 4; // behind the number of dimensions
  for (const at of [sizes, sizes + 8])
    if (file.readBigUInt64LE(at) === BigInt(width)) file.writeBigUInt64LE(BigInt(width / 2), at);
  return file;
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([frame, body, check]);
}
