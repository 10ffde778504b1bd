import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeFileAtomically } from "../../src/shared/write-file.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-write-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const newPath = () => join(folder, `file-${(count += 1)}`);
const read = (path: string) => readFileSync(path, "utf8");
const modeOf = (path: string) => statSync(path).mode & 0o7777;
const leftovers = () => readdirSync(folder).filter((name) => name.endsWith(".partial"));

describe.skipIf(process.platform === "win32")("a file is written as the shell would", () => {
  it("new, with the user's own permissions", async () => {
    const path = newPath();
    const before = process.umask(0o027);
    await writeFileAtomically(path, "new").finally(() => process.umask(before));
    expect([read(path), modeOf(path)]).toEqual(["new", 0o640]);
  });

  it.each([0o600, 0o640, 0o666, 0o755])("over another, whose permissions %o it keeps", async (mode) => {
    const path = newPath();
    writeFileSync(path, "old");
    chmodSync(path, mode);
    await writeFileAtomically(path, "new");
    expect([read(path), modeOf(path)]).toEqual(["new", mode]);
  });

  it("for its owner alone, whatever was there and whatever the umask says", async () => {
    const path = newPath();
    writeFileSync(path, "old");
    chmodSync(path, 0o666);
    const before = process.umask(0);
    await writeFileAtomically(path, "new", { mode: 0o600 }).finally(() => process.umask(before));
    expect([read(path), modeOf(path)]).toEqual(["new", 0o600]);
  });

  it("behind a link, a link to a link, and a link to nothing yet", async () => {
    const [target, link, second] = [newPath(), newPath(), newPath()];
    symlinkSync(target, link);
    symlinkSync(link, second);
    await writeFileAtomically(link, "one");
    expect([readlinkSync(link), read(target)]).toEqual([target, "one"]);
    await writeFileAtomically(second, "two");
    expect([readlinkSync(second), read(target)]).toEqual([link, "two"]);
  });

  it("under all names of a file that has several", async () => {
    const [one, other] = [newPath(), newPath()];
    writeFileSync(one, "a longer old text");
    linkSync(one, other);
    await writeFileAtomically(one, "new");
    expect(read(other)).toBe("new");
  });

  it("into a pipe", async () => {
    const path = newPath();
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    const reader = spawn("cat", [path]);
    const content = new Promise<string>((resolve) => {
      let text = "";
      reader.stdout.on("data", (chunk: Buffer) => (text += chunk.toString())).on("end", () => resolve(text));
    });
    await writeFileAtomically(path, "through");
    expect([await content, lstatSync(path).isFIFO()]).toEqual(["through", true]);
  });

  it("into a device", async () => {
    await writeFileAtomically("/dev/null", "nothing");
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it.runIf(process.platform === "linux")("into a device that is full, with DISK_FULL", async () => {
    await expect(writeFileAtomically("/dev/full", "x")).rejects.toMatchObject({ code: "DISK_FULL" });
  });

  it("not into a folder, nor into links in a circle", async () => {
    const link = newPath();
    symlinkSync(link, link);
    await expect(writeFileAtomically(folder, "x")).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
    await expect(writeFileAtomically(link, "x")).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
  });

  it("and leaves no half file behind", () => {
    expect(leftovers()).toEqual([]);
  });
});
