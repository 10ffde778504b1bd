/** Random bytes that are the same in every run: what is measured must not depend on chance, and no cache may know it. */
import { createCipheriv } from "node:crypto";

/** The key stream of AES-128 in counter mode, with the seed (0 to 2^32 - 1) as its key. */
export function noise(seed: number, length: number): Uint8Array {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
