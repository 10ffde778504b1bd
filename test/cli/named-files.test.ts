import { homedir } from "node:os";
import { describe, expect, it, vi } from "vitest";
import { findNamedFiles, pathsIn } from "../../src/cli/chat/named-files.js";
import type { Disk } from "../../src/cli/chat/disk-looks.js";
import { escapePath } from "../../src/cli/chat/path-readings.js";
import { formatOfName } from "../../src/formats/formats.js";

/** How a PNG file begins in base64. */
const pngInBase64 = `iVBORw0KGgoAAAANSUhEUgAAAGAAAABgCAIAAAB${"t+uB".repeat(20)}`;

/** Path → the name that tells its format; null: a file of no known format, "folder": a folder. */
const onDisk: Readonly<Record<string, string | null>> = {
  "/a": "folder",
  "/a/scan.png": "x.png",
  "/a/my scan.png": "x.png",
  "/a/b'c.png": "x.png",
  "/a/O'Brien.png": "x.png",
  "/a/(1).png": "x.png",
  "/a/Bild\u202fvier.png": "x.png",
  "/a/M\u00fcller.png": "x.png",
  "/a/it said.dcm": "x.dcm",
  "/a/IM000001": "x.dcm",
  "/a/CT 1": "folder",
  "/a/notes.txt": "x.txt",
  "/a/report.pdf": "x.pdf",
  "/a/brain.nii.gz": "x.nii.gz",
  "/a/biopsy.svs": "x.svs",
  "/a/Makefile": null,
  "scan.png": "x.png",
  IM2: "x.dcm",
  README: null,
  "package.json": "x.json",
  src: "folder",
  "src/main": null,
  CT7: "folder",
  "C:\\x\\scan.png": "x.png",
  "C:\\my x\\scan.png": "x.png",
  "C:\\": "folder",
  "/a/a`b.png": "x.png",
  "/a/$5.png": "x.png",
  "/a/100%.png": "x.png",
  "/a/日本.png": "x.png",
  "my scan.png": "x.png",
  "Bild\u202f2.png": "x.png",
  "1.2.840.5": "x.dcm",
  "first study": "folder",
  CT8: "folder",
  "/a/x.jpg": "x.jpg",
  "/a/DOE^JOHN": "x.dcm",
  "/a/no ending": "x.dcm"
};

function memoryDisk(options: { readonly isWindows?: boolean; readonly asked?: string[] } = {}): Disk {
  const { isWindows = false, asked = [] } = options;
  return {
    identify: (path) => {
      asked.push(path);
      const named = onDisk[path.replace(/(?<=[^/])\/$/, "")];
      if (named === undefined) return Promise.resolve({ kind: "missing" });
      return Promise.resolve(
        named === "folder" ? { kind: "folder" } : { kind: "file", format: named === null ? null : formatOfName(named) }
      );
    },
    names: () => Promise.resolve(Object.keys(onDisk).filter((path) => !/[/\\]/.test(path))),
    holdsDicom: (path) => Promise.resolve(path === "CT7"),
    isWindows
  };
}

/** "PNG /a/scan.png", "missing /a/x.dcm" … and what is left of the message. */
async function found(message: string, disk = memoryDisk()): Promise<readonly [string[], string]> {
  const { files, text } = await findNamedFiles(message, disk);
  return [
    files.map(({ path, found }) => `${found.kind === "file" ? (found.format?.name ?? "unknown") : found.kind} ${path}`),
    text
  ];
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
    ["Describe IM2, please", ["IM2"], "Describe, please"],
    ["1.2.840.5 what", ["1.2.840.5"], "what"],
    ["'/a/DOE^JOHN' what", ["/a/DOE^JOHN"], "what"],
    ["What is in /a/no ending?", ["/a/no ending"], "What is in?"],
    // several in one word, each of them
    ["/a/scan.png,/a/x.jpg", ["/a/scan.png", "/a/x.jpg"], ""],
    ["/a/scan.png;/a/x.jpg compare", ["/a/scan.png", "/a/x.jpg"], "; compare"],
    ["/a/scan.png|/a/x.jpg|/a/IM000001 compare", ["/a/scan.png", "/a/x.jpg", "/a/IM000001"], "|| compare"],
    ["/a/scan.png/a/x.jpg", ["/a/scan.png", "/a/x.jpg"], ""],
    ["'/a/scan.png''/a/x.jpg' compare", ["/a/scan.png", "/a/x.jpg"], "compare"],
    ["scan.png,/a/x.jpg", ["scan.png", "/a/x.jpg"], ""],
    ["Image 1:/a/scan.png Image 2:/a/x.jpg", ["/a/scan.png", "/a/x.jpg"], "Image 1: Image 2:"],
    // in this folder: with blanks, behind labels, in markup, beside letters of scripts without blanks
    ["my scan.png describe", ["my scan.png"], "describe"],
    ["Compare scan.png, my scan.png", ["scan.png", "my scan.png"], "Compare,"],
    ["Describe bild 2.png", ["Bild\u202f2.png"], "Describe"],
    ["image:scan.png what", ["scan.png"], "image: what"],
    ["--image=scan.png what", ["scan.png"], "--image= what"],
    ["*scan.png* **scan.png** _scan.png_", ["scan.png", "scan.png", "scan.png"], "** **** __"],
    ['<img src="scan.png">', ["scan.png"], '<img src="">'],
    ['{"image":"scan.png"}', ["scan.png"], '{"image":""}'],
    ["看scan.png的图像 before→scan.png", ["scan.png", "scan.png"], "看的图像 before→"],
    ["What(scan.png) #scan.png", ["scan.png", "scan.png"], "What #"],
    // pasted: line ends of other systems, marks that nobody sees
    ["/a/scan.png\r\nDescribe\r\n", ["/a/scan.png"], "Describe"],
    ["Describe\t/a/scan.png", ["/a/scan.png"], "Describe"],
    ["\u2068/a/scan.png\u2069 \u061c/a/scan.png", ["/a/scan.png", "/a/scan.png"], ""],
    ["/a/sc\u00adan.png", ["/a/scan.png"], ""],
    ["＂/a/my scan.png＂ ″/a/my scan.png″", ["/a/my scan.png", "/a/my scan.png"], ""]
  ])("%j", async (line, paths, text) => {
    const [files, rest] = await found(line);
    expect(files.map((file) => file.replace(/^(?:PNG|JPEG|DICOM) /, ""))).toEqual(paths);
    expect(rest).toBe(text);
  });

  it("however escapePath wrote it", async () => {
    for (const [path, format] of Object.entries(onDisk)) {
      if (path.startsWith("C:") || format !== "x.png") continue;
      expect(await found(`${escapePath(path)} ok`)).toEqual([[`PNG ${path}`], "ok"]);
    }
  });

  it.each([
    "Describe data:image/png;base64,AA/+=",
    "![](data:image/png;base64,AA/+=) what",
    '<img src="data:image/png;base64,AA/+=">',
    '{"image_url":"data:image/png;base64,AA/+="}'
  ])("in a data URL: %j", async (message) => {
    expect((await findNamedFiles(message, memoryDisk())).files).toEqual([
      { path: "data:image/png;base64,AA/+=", found: { kind: "file", format: formatOfName("x.png") } }
    ]);
  });

  it("behind a variable that is set", async () => {
    vi.stubEnv("FILMS_HERE", "/a");
    for (const line of [
      "$FILMS_HERE/scan.png",
      "${FILMS_HERE}/scan.png",
      "$env:FILMS_HERE/scan.png",
      "%FILMS_HERE%/scan.png"
    ])
      expect(await found(`${line} ok`)).toEqual([["PNG /a/scan.png"], "ok"]);
    vi.unstubAllEnvs();
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
    ["Describe https://example.org/scan.jpg?x=1", "elsewhere https://example.org/scan.jpg"],
    ["https://example.org/cases/7 what is it?", "elsewhere https://example.org/cases/7"],
    ["What is it? https://example.org/cases/7", "elsewhere https://example.org/cases/7"],
    [
      "Show https://pacs.example.org/wado?requestType=WADO&studyUID=1.2 please",
      "elsewhere https://pacs.example.org/wado?requestType=WADO&studyUID=1.2"
    ],
    [
      "Show https://pacs.example.org/studies/1.2.3/series/4 please",
      "elsewhere https://pacs.example.org/studies/1.2.3/series/4"
    ],
    ["Describe s3://bucket/IM1 now", "elsewhere s3://bucket/IM1"],
    ["Describe smb://server/share/IM1 now", "elsewhere smb://server/share/IM1"],
    ["Describe blob:https://example.org/1-2 now", "elsewhere blob:https://example.org/1-2"],
    [`${pngInBase64} what`, "base64 "],
    [`Describe "${pngInBase64}"`, "base64 "],
    [`/9j/4AAQSkZJRgABAQ${"A".repeat(60)} what`, "base64 "],
    ["CT7/ Describe", "folder CT7/"],
    ["Describe src/", "folder src/"],
    ["CT*/IM* compare", "missing CT*/IM*"],
    ["Compare *.png", "missing *.png"],
    ["scan{1..3}.dcm compare", "missing scan{1..3}.dcm"],
    ["~bob/film Describe", "missing ~bob/film"],
    ["$NOT_SET_HERE/films/IM1 Describe", "missing $NOT_SET_HERE/films/IM1"],
    ["Describe %NOT_SET_HERE%\\IM1", "missing %NOT_SET_HERE%\\IM1"],
    ["Describe $env:NOT_SET_HERE\\IM1", "missing $env:NOT_SET_HERE\\IM1"],
    ["Describe /Volumes/CD/DICOM", "missing /Volumes/CD/DICOM"],
    ["Describe /mnt/c/Users/IM1", "missing /mnt/c/Users/IM1"],
    ["Describe films/IM9.dcm!", "missing films/IM9.dcm"],
    ["x.ima Describe", "missing x.ima"]
  ])("%j", async (line, expected) => {
    const [files] = await found(line);
    expect(files).toEqual([expected]);
  });

  it("and on Windows a share of another computer is not opened", async () => {
    const asked: string[] = [];
    const disk = memoryDisk({ isWindows: true, asked });
    for (const line of [
      "\\\\pacs\\export\\scan.png Describe",
      '"\\\\pacs\\my export\\CT 1" Describe',
      "//pacs/export/CT1 Describe",
      "Seen on \\\\pacs\\export"
    ]) {
      const [files] = await found(line, disk);
      expect(files).toEqual([expect.stringMatching(/^elsewhere [\\/]{2}pacs/)]);
    }
    expect(asked).toEqual([]);
  });
});

describe("words stay words", () => {
  it.each([
    "no path here",
    "It's a cat's eye",
    "What is a .png file?",
    "Is it and/or? T1/T2, L4/5, 12/05/2023, n/a",
    "5 mg /kg/day, then 3 / 4",
    "He said 'no' (twice) [sic] <b>",
    "See https://example.org/guideline for it",
    "See https://example.org/a/b.html, or www.example.org/index.html.",
    "README",
    "the src folder",
    "Compare image 1 and image 2.",
    "/",
    "... and ~ and . and ..",
    "e.g. i.v. Fig.3 No.5",
    "100% at 1:30",
    "“quoted” «words» `code`",
    "C: and D:",
    "yes/no?",
    "a\\b",
    "2/3 of patients improved.",
    "T1/T2 mapping and/or DWI",
    "BP 120/80 mmHg, HR 72/min, SpO2 98%",
    "a 1.5 cm. nodule",
    "Give it q.d. or b.i.d., p.r.n.",
    "w/o contrast, c/w pneumonia, s/p CABG, h/o MI, r/o PE, d/t sepsis",
    "https is a protocol",
    "http://",
    "C:\\ is a drive",
    "HLA-B*27/B*57 and HLA-DRB1*04:01/DRB1*15:01",
    "TNM: T2/N0/M0 (stage I/II)",
    "X-ray/CT/MR/PET are modalities",
    "(X-ray /CT/MR/PET)",
    "Grade 3/6 murmur",
    "G2/P1, 34+5/40",
    "pH 7.35/pCO2 45/HCO3 24",
    "He's 58y/o; pt's wife c/o \"SOB\".",
    "He took 1/2 tab. q.i.d.",
    "~1/2 of it, ~3 cm, ~80%",
    "±2/−3 mm",
    "Na+/K+-ATPase; Ca2+/Mg2+",
    "p<0.05; n=12/24",
    "α/β ratio, TNF-α/IL-6",
    "Dr. O'Neill's note: 'stable'.",
    "Contact a.b@example.org",
    "doi:10.1148/rg.2021200001 and 10.1001/jama.2020.1234",
    "Use node.js and Python 3.11",
    "ICD-10 J18.9, C34.1/C34.2",
    "5.5 x 3.2 x 2.1 cm",
    "A/P view, PA/lateral",
    "and/or/nor",
    "eGFR 60 mL/min/1.73 m²",
    "the \\alpha \\beta notation",
    "I/O ratio, I:E 1:2",
    "Was ist /sind die Befunde?",
    "$5/day or $USD/QALY",
    "50%/50% and %pred/FEV1",
    "rs123/rs456, c.76A>T, p.Val600Glu, BRAF V600E/K",
    "Dx: COPD/asthma; Rx: 2 puffs q4h/prn",
    "@nurse: see #3",
    "DICOM and NIfTI files are formats; PNG/JPEG too",
    "The .dcm ending, .nii.gz and .png",
    "CT. MR. PNG. PDF.",
    "see slide 3",
    "1) no PE 2) no PTX /s/ Dr. X",
    'What does "//" mean?',
    "/* no */",
    "S3/S4 gallop",
    "ROI 5×5/7×7",
    "data: shows that",
    "data:, sounds",
    "metadata: image/png is a type",
    "$HOME is a variable",
    "%PATH% too",
    "Compare image 1/2 to 2/2.",
    "Patient fell ./ was found ../ there",
    "100/min→80/min",
    "30.06.2023/01.07.2023",
    "1.2.840.10008.5.1.4.1.1.2 is a UID",
    "series 3/image 12",
    "my scan is normal",
    "first studies"
  ])("%j", async (line) => {
    expect(await found(line)).toEqual([[], line]);
  });

  it("in a long report the disk is hardly asked", async () => {
    const asked: string[] = [];
    const report = Array.from(
      { length: 4000 },
      (_, index) => `Finding ${index}: 1/2 cm and/or T${index}/T2 at /kg/d${index}, it's "stable" (see above).`
    ).join("\n");
    expect(await found(report, memoryDisk({ asked }))).toEqual([[], report]);
    expect(asked.length).toBeLessThan(10);
  });

  it.each([
    ".".repeat(100_000),
    "“".repeat(50_000),
    "'".repeat(50_000),
    "(/".repeat(50_000),
    "x.png".repeat(20_000),
    "\\ ".repeat(50_000),
    "[".repeat(50_000)
  ])(
    "in no line without an end: %#",
    async (line) => {
      await found(line);
    },
    5000
  );
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
