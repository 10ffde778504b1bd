import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decodeImage } from "../../src/index.js";
import { dicom, dicomdir, folder } from "./fixtures.js";

const root = mkdtempSync(join(tmpdir(), "medgemma-dicom-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function folderWith(name: string, files: Readonly<Record<string, Buffer>>): string {
  const path = join(root, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(path, file, ".."), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return path;
}

describe("a folder", () => {
  it("with one image is that image", async () => {
    const path = folderWith("one", {
      "README.txt": Buffer.from("hello"),
      "a/b/IM0001": dicom("ct"),
      ".DS_Store": Buffer.alloc(9)
    });
    expect(await decodeImage(path)).toMatchObject({ source: join(path, "a/b/IM0001"), width: 48, height: 40 });
  });

  it("with a DICOMDIR and one image is that image", async () => {
    const path = folderWith("disc", { DICOMDIR: dicomdir("IM1"), IM1: dicom("ct") });
    expect((await decodeImage(path)).source).toBe(join(path, "IM1"));
  });

  it("with more says what it holds, and nothing of the patient", async () => {
    const other = Buffer.from(dicom("mono2-8-jpeg").toString("latin1").replace("1.2.3.4\0", "1.2.3.9\0"), "latin1");
    const path = folderWith("more", { "1": dicom("ct"), "2": dicom("ct"), "3": other, "4.png": Buffer.alloc(9) });
    await expect(decodeImage(path)).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: `${path} is a folder with 3 DICOM images in 2 series (CT 2, OT 1) and 1 picture, not an image file. Name a file in it, or take a series.`
    });
  });

  it("without an image says so", async () => {
    const path = folderWith("none", { "README.txt": Buffer.from("hello"), DICOMDIR: dicomdir() });
    await expect(decodeImage(path)).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: expect.stringContaining("with no image") as string
    });
  });
});

describe("a DICOMDIR", () => {
  it("with one image is that image", async () => {
    const path = folderWith("dir-one", {
      DICOMDIR: dicomdir("A\\B\\IM1"),
      "A/B/IM1": dicom("ct"),
      "other.dcm": dicom("ct")
    });
    expect(await decodeImage(join(path, "DICOMDIR"))).toMatchObject({ source: join(path, "A/B/IM1"), width: 48 });
  });

  it.each([
    ["more", dicomdir("IM1", "IM2"), "lists 2 images"],
    ["none", dicomdir(), "lists no images"],
    ["one outside of it", dicomdir("..\\ct.dcm"), "lists no images"],
    ["one from the root", dicomdir("/etc/passwd"), "lists no images"]
  ])("with %s is refused", async (name, content, message) => {
    const path = folderWith(`dir-${name}`, { DICOMDIR: content });
    await expect(decodeImage(join(path, "DICOMDIR"))).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: expect.stringContaining(message) as string
    });
  });

  it("that lists itself, or a file that is not there, is refused", async () => {
    const path = folderWith("dir-self", { DICOMDIR: dicomdir("DICOMDIR") });
    await expect(decodeImage(join(path, "DICOMDIR"))).rejects.toMatchObject({ code: "IMAGE_UNREADABLE" });
    writeFileSync(join(path, "DICOMDIR"), dicomdir("IM1"));
    await expect(decodeImage(join(path, "DICOMDIR"))).rejects.toMatchObject({
      code: "IMAGE_NOT_FOUND",
      message: expect.stringContaining("lists one image, which is not there") as string
    });
  });

  it("as bytes says what it is", async () => {
    await expect(decodeImage(dicomdir("IM1"))).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: expect.stringContaining("DICOMDIR") as string
    });
  });
});

describe("a file's name", () => {
  it("does not matter: DICOM is known by its content", async () => {
    const path = join(root, "scan.png");
    cpSync(`${folder}ct.dcm`, path);
    expect((await decodeImage(path)).notes?.[0]).toContain("window 40/400");
  });
});
