import { homedir } from "node:os";
import { describe, expect, it } from "vitest";
import { findNamedFiles, pathsIn, type Disk } from "../../src/cli/chat/named-files.js";
import { escapePath } from "../../src/cli/chat/path-readings.js";
import { formatOfName } from "../../src/formats/formats.js";

/** Path → the name that tells its format; null: a file of no known format, "folder": a folder. */
const onDisk: Readonly<Record<string, string | null>> = {
  "/a": "folder", "/a/scan.png": "x.png", "/a/my scan.png": "x.png", "/a/b'c.png": "x.png", "/a/O'Brien.png": "x.png", "/a/(1).png": "x.png", "/a/Bild\u202fvier.png": "x.png",
  "/a/M\u00fcller.png": "x.png", "/a/it said.dcm": "x.dcm", "/a/IM000001": "x.dcm", "/a/CT 1": "folder", "/a/notes.txt": "x.txt", "/a/report.pdf": "x.pdf", "/a/brain.nii.gz": "x.nii.gz",
  "/a/biopsy.svs": "x.svs", "/a/Makefile": null, "scan.png": "x.png", "IM2": "x.dcm", README: null, "package.json": "x.json", src: "folder", "src/main": null, CT7: "folder", "C:\\x\\scan.png": "x.png",
  "C:\\my x\\scan.png": "x.png", "C:\\": "folder", "/a/a`b.png": "x.png", "/a/$5.png": "x.png", "/a/100%.png": "x.png", "/a/日本.png": "x.png"
};

function memoryDisk(options: { readonly isWindows?: boolean; readonly asked?: string[] } = {}): Disk {
  const { isWindows = false, asked = [] } = options;
  return {
    identify: (path) => {
      asked.push(path);
      const named = onDisk[path];
      if (named === undefined) return Promise.resolve({ kind: "missing" });
      return Promise.resolve(named === "folder" ? { kind: "folder" } : { kind: "file", format: named === null ? null : formatOfName(named) });
    },
    names: () => Promise.resolve(Object.keys(onDisk).filter((path) => !/[/\\]/.test(path))),
    holdsDicom: (path) => Promise.resolve(path === "CT7"),
    isWindows
  };
}

/** "PNG /a/scan.png", "missing /a/x.dcm" … and what is left of the message. */
async function found(message: string, disk = memoryDisk()): Promise<readonly [string[], string]> {
  const { files, text } = await findNamedFiles(message, disk);
  return [files.map(({ path, found }) => `${found.kind === "file" ? (found.format?.name ?? "unknown") : found.kind} ${path}`), text];
}

describe("a picture that a message names is found", () => {
  it.each([
    // as typed
    ["/a/scan.png", ["/a/scan.png"], ""],
    ["Describe /a/scan.png", ["/a/scan.png"], "Describe"],
    ["What is in scan.png?", ["scan.png"], "What is in?"],
    ["Compare /a/scan.png and '/a/my scan.png', please.", ["/a/scan.png", "/a/my scan.png"], "Compare and, please."],
    ["/a/scan.png\nDescribe the image.", ["/a/scan.png"], "Describe the image."],
    // as terminals drop it: as it is; escaped; in the quotes of a POSIX shell, of Python's shlex, fish, PowerShell and Windows
    ["/a/my scan.png", ["/a/my scan.png"], ""],
    ["/a/my scan.png What is this?", ["/a/my scan.png"], "What is this?"],
    ["/a/my scan.png /a/scan.png ok", ["/a/my scan.png", "/a/scan.png"], "ok"],
    ["/a/O'Brien.png and /a/b'c.png", ["/a/O'Brien.png", "/a/b'c.png"], "and"],
    ["/a/my\\ scan.png", ["/a/my scan.png"], ""],
    ["/a/b\\'c.png /a/\\(1\\).png", ["/a/b'c.png", "/a/(1).png"], ""],
    ["'/a/my scan.png'", ["/a/my scan.png"], ""],
    ["'/a/O'\\''Brien.png' Describe", ["/a/O'Brien.png"], "Describe"],
    ["'/a/O'\"'\"'Brien.png' Describe", ["/a/O'Brien.png"], "Describe"],
    ["'/a/O\\'Brien.png' Describe", ["/a/O'Brien.png"], "Describe"],
    ["$'/a/O\\'Brien.png' Describe", ["/a/O'Brien.png"], "Describe"],
    ["& '/a/O''Brien.png' Describe", ["/a/O'Brien.png"], "& Describe"],
    ["/a/'my scan'.png", ["/a/my scan.png"], ""],
    ['"/a/O\'Brien.png" ', ["/a/O'Brien.png"], ""],
    ['"/a/a\\`b.png" "/a/\\$5.png"', ["/a/a`b.png", "/a/$5.png"], ""],
    ["C:\\x\\scan.png", ["C:\\x\\scan.png"], ""],
    ['"C:\\my x\\scan.png"', ["C:\\my x\\scan.png"], ""],
    ["file:///a/my%20scan.png", ["/a/my scan.png"], ""],
    ["file://localhost/a/scan.png.", ["/a/scan.png"], ""],
    ["file:/a/scan.png", ["/a/scan.png"], ""],
    // as texts and other programs put it
    ["“/a/my scan.png” Describe", ["/a/my scan.png"], "Describe"],
    ["„/a/my scan.png“ beschreiben", ["/a/my scan.png"], "beschreiben"],
    ["«/a/scan.png» ‘/a/scan.png’", ["/a/scan.png", "/a/scan.png"], ""],
    ["`/a/my scan.png`: describe", ["/a/my scan.png"], ": describe"],
    ["(see /a/scan.png)", ["/a/scan.png"], "(see )"],
    ["[film](/a/scan.png) Describe", ["/a/scan.png"], "film Describe"],
    ["/a/scan.png:10:5 Describe", ["/a/scan.png"], "Describe"],
    ["@/a/scan.png file=/a/scan.png", ["/a/scan.png", "/a/scan.png"], "file="],
    ["/a/scan.png。 描述", ["/a/scan.png"], "。 描述"],
    ["看/a/日本.png的图像", ["/a/日本.png"], "看的图像"],
    ["「/a/日本.png」を説明して", ["/a/日本.png"], "を説明して"],
    ["\u200b/a/scan.png\u200b Describe", ["/a/scan.png"], "Describe"],
    ["/a/scan.png\u2060 Describe", ["/a/scan.png"], "Describe"],
    ["\u202a/a/scan.png\u202c", ["/a/scan.png"], ""],
    ["/a/my\u00a0scan.png", ["/a/my scan.png"], ""],
    ["/a/Bild\u202fvier.png", ["/a/Bild\u202fvier.png"], ""],
    ["/a/Mu\u0308ller.png", ["/a/M\u00fcller.png"], ""],
    ["/a/100%.png ok", ["/a/100%.png"], "ok"],
    // of every kind
    ["/a/it said.dcm Describe", ["/a/it said.dcm"], "Describe"],
    ["/a/IM000001 Describe", ["/a/IM000001"], "Describe"],
    ["Describe IM2, please", ["IM2"], "Describe, please"]
  ])("%j", async (line, paths, text) => {
    const [files, rest] = await found(line);
    expect(files.map((file) => file.replace(/^(?:PNG|DICOM) /, ""))).toEqual(paths);
    expect(rest).toBe(text);
  });

  it("however escapePath wrote it", async () => {
    for (const [path, format] of Object.entries(onDisk)) {
      if (path.startsWith("C:") || format !== "x.png") continue;
      expect(await found(`${escapePath(path)} ok`)).toEqual([[`PNG ${path}`], "ok"]);
    }
  });

  it("in a data URL", async () => {
    expect((await findNamedFiles("Describe data:image/png;base64,AA/+=", memoryDisk())).files).toEqual([{ path: "data:image/png;base64,AA/+=", found: { kind: "file", format: formatOfName("x.png") } }]);
  });
});

describe("a file that the model cannot see as it is, is told from text", () => {
  it.each([
    ["/a Describe", "folder /a"],
    ["Describe '/a/CT 1'", "folder /a/CT 1"],
    ["/a/CT 1 Describe", "folder /a/CT 1"],
    ["Describe CT7", "folder CT7"],
    ["What is in src/main?", "unknown src/main"],
    ["Read /a/notes.txt", "text /a/notes.txt"],
    ["Read package.json", "text package.json"],
    ["/a/report.pdf Summarize", "PDF /a/report.pdf"],
    ["/a/brain.nii.gz Describe", "NIfTI /a/brain.nii.gz"],
    ["/a/biopsy.svs Describe", "SVS /a/biopsy.svs"],
    ["/a/Makefile Describe", "unknown /a/Makefile"],
    // not there, but surely meant
    ["Describe /a/scna.png", "missing /a/scna.png"],
    ["What is scna.png?", "missing scna.png"],
    ["/nope/film.dcm Describe", "missing /nope/film.dcm"],
    ["Describe film.DICOM, please", "missing film.DICOM"],
    ["'/nope/my volume.nii.gz' Describe", "missing /nope/my volume.nii.gz"],
    ["slide.ndpi", "missing slide.ndpi"],
    ["/nope/CT1 Describe", "missing /nope/CT1"],
    ["Describe /a/CT9", "missing /a/CT9"],
    ["Describe './CT9'", "missing ./CT9"],
    ["Describe ~/CT9", `missing ${homedir()}/CT9`],
    ["Describe D:\\CT9", "missing D:\\CT9"],
    ["src/IM9 Describe", "missing src/IM9"],
    ["“/nope/film” Describe", "missing /nope/film"],
    ["Describe file:///nope/film", "missing /nope/film"],
    ["https://example.org/scan.png Describe", "elsewhere https://example.org/scan.png"],
    ["Describe https://example.org/scan.jpg?x=1", "elsewhere https://example.org/scan.jpg"]
  ])("%j", async (line, expected) => {
    const [files] = await found(line);
    expect(files).toEqual([expected]);
  });

  it("and on Windows a share of another computer is not opened", async () => {
    const asked: string[] = [];
    const disk = memoryDisk({ isWindows: true, asked });
    for (const line of ["\\\\pacs\\export\\scan.png Describe", '"\\\\pacs\\my export\\CT 1" Describe', "//pacs/export/CT1 Describe", "Seen on \\\\pacs\\export"]) {
      const [files] = await found(line, disk);
      expect(files).toEqual([expect.stringMatching(/^elsewhere [\\/]{2}pacs/)]);
    }
    expect(asked).toEqual([]);
  });
});

describe("words stay words", () => {
  it.each([
    "no path here", "It's a cat's eye", "What is a .png file?", "Is it and/or? T1/T2, L4/5, 12/05/2023, n/a", "5 mg /kg/day, then 3 / 4", "He said 'no' (twice) [sic] <b>", "See https://example.org/guideline for it", "See https://example.org/a/b.html, or www.example.org/index.html.",
    "README", "the src folder", "Compare image 1 and image 2.", "/", "... and ~ and . and ..", "e.g. i.v. Fig.3 No.5", "100% at 1:30", "“quoted” «words» `code`", "C: and D:", "yes/no?", "a\\b"
  ])("%j", async (line) => {
    expect(await found(line)).toEqual([[], line]);
  });

  it("in a long report the disk is hardly asked", async () => {
    const asked: string[] = [];
    const report = Array.from({ length: 4000 }, (_, index) => `Finding ${index}: 1/2 cm and/or T${index}/T2 at /kg/d${index}, it's "stable" (see above).`).join("\n");
    expect(await found(report, memoryDisk({ asked }))).toEqual([[], report]);
    expect(asked.length).toBeLessThan(10);
  });

  it.each([".".repeat(100_000), "“".repeat(50_000), "'".repeat(50_000), "(/".repeat(50_000), "x.png".repeat(20_000), "\\ ".repeat(50_000), "[".repeat(50_000)])("in no line without an end: %#", async (line) => {
    await found(line);
  }, 5000);
});

describe("the paths of a command", () => {
  it.each([
    ["/a/scan.png '/a/my scan.png'", ["/a/scan.png", "/a/my scan.png"]],
    ["'/a/O'\\''Brien.png'", ["/a/O'Brien.png"]],
    ["/nope/a.png /nope/b.png", ["/nope/a.png", "/nope/b.png"]],
    ["what ever", ["what", "ever"]],
    ["'what ever'", ["what ever"]],
    ["", []]
  ])("%j", async (argument, paths) => {
    expect(await pathsIn(argument, memoryDisk())).toEqual(paths);
  });
});
