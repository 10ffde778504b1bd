import { describe, expect, it } from "vitest";
import { escapePath, findDroppedImages, type FileTest } from "../../src/cli/chat/dropped-images.js";

const images = new Set(["/a/scan.png", "/a/my scan.png", "scan.png", "C:\\x\\scan.png", "C:\\my x\\scan.png", "/a/Bild\u202fvier.png", "/a/b'c.png", "/a/(1).png"]);
const test: FileTest = (path) => (images.has(path) ? "image" : path === "/a/notes.txt" ? "other" : "missing");

describe("findDroppedImages", () => {
  it.each([
    ["/a/scan.png", ["/a/scan.png"], ""],
    ["/a/my scan.png", ["/a/my scan.png"], ""],
    ["'/a/my scan.png'", ["/a/my scan.png"], ""],
    ['"/a/my scan.png" ', ["/a/my scan.png"], ""],
    ["/a/my\\ scan.png", ["/a/my scan.png"], ""],
    ["/a/b\\'c.png /a/\\(1\\).png", ["/a/b'c.png", "/a/(1).png"], ""],
    ["file:///a/my%20scan.png", ["/a/my scan.png"], ""],
    ["/a/Bild\u202fvier.png", ["/a/Bild\u202fvier.png"], ""],
    ["C:\\x\\scan.png", ["C:\\x\\scan.png"], ""],
    ['"C:\\my x\\scan.png"', ["C:\\my x\\scan.png"], ""],
    ["Describe /a/scan.png", ["/a/scan.png"], "Describe"],
    ["What is in scan.png?", ["scan.png"], "What is in?"],
    ["Compare /a/scan.png and '/a/my scan.png', please.", ["/a/scan.png", "/a/my scan.png"], "Compare and, please."],
    ["/a/scan.png\nDescribe the image.", ["/a/scan.png"], "Describe the image."],
    ["Read /a/notes.txt", [], "Read /a/notes.txt"],
    ["It's a cat's eye", [], "It's a cat's eye"],
    ["no path here", [], "no path here"]
  ])("%j", (line, paths, text) => {
    expect(findDroppedImages(line, test)).toEqual({ paths, text, missing: [] });
  });

  it("tells a mistyped image name from plain words", () => {
    expect(findDroppedImages("Describe /a/scna.png", test).missing).toEqual(["/a/scna.png"]);
    expect(findDroppedImages("What is scna.png?", test).missing).toEqual(["scna.png"]);
    expect(findDroppedImages("What is a .png file?", test).missing).toEqual([]);
  });

  it("reads back every path that escapePath wrote", () => {
    for (const path of images) {
      if (path.startsWith("C:")) continue;
      expect(findDroppedImages(`${escapePath(path)} ok`, test).paths).toEqual([path]);
    }
  });
});
