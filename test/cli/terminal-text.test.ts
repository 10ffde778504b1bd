import { describe, expect, it } from "vitest";
import { closestName } from "../../src/shared/closest-name.js";
import { alignedRows, describeFacts } from "../../src/cli/terminal/tables.js";
import { displayWidth, fitToWidth, wrapToWidth } from "../../src/cli/terminal/display-width.js";
import { npyFile, npyHeader } from "../../src/cli/run/npy.js";
import { plainJson, plainName, plainText } from "../../src/cli/terminal/plain-text.js";
import { describeProgress, StatusLine } from "../../src/cli/terminal/status-line.js";
import { columnsOf } from "../../src/cli/terminal/terminal.js";
import { WordWrap } from "../../src/cli/terminal/word-wrap.js";

describe("display width", () => {
  it.each([
    ["abc", 3],
    ["画像", 4],
    ["e\u0301", 1],
    ["👩‍⚕️", 2],
    ["×·▸", 3]
  ])("of %j is %i", (text, columns) => expect(displayWidth(text)).toBe(columns));

  it("cuts before a wide character that would not fit", () => {
    expect(fitToWidth("画像画像", 8)).toBe("画像画像");
    expect(fitToWidth("画像画像", 7)).toBe("画像画…");
    expect(fitToWidth("画像画像", 6)).toBe("画像…");
  });

  it("wraps at blanks, and inside a word that is too long", () => {
    expect(wrapToWidth("one two three\nfour", 8)).toEqual(["one two", "three", "four"]);
    expect(wrapToWidth("abcdefgh", 3)).toEqual(["abc", "def", "gh"]);
  });
});

describe("a terminal that does not say how wide it is", () => {
  it("has 80 columns", () => {
    expect([{}, { columns: 0 }, { columns: -1 }, { columns: Number.NaN }, { columns: 40 }].map(columnsOf)).toEqual([
      80, 80, 80, 80, 40
    ]);
    expect(wrapToWidth("word ".repeat(20).trim(), 0)[0]).toBe("word ".repeat(16).trim());
  });
});

describe("names of files, models and keys", () => {
  const hostile = "a\u001b[2Jb\r\nc\td\u009b31m\u202egpj.exe\u2066\u200f\u200b\ufeff\u2028é";
  const clean = "a[2Jbcd31mgpj.exeé";

  it("are one line without control, direction and zero-width characters, also in tables", () => {
    expect(plainName(hostile)).toBe(clean);
    expect(alignedRows([[hostile, "x"]])).toBe(`${clean}  x\n`);
    expect(describeFacts({ name: hostile, list: [hostile] })).toBe(`name  ${clean}\nlist  ${clean}\n`);
  });

  it("are escaped in JSON, with the same value", () => {
    const json = plainJson(JSON.stringify({ [hostile]: hostile }));
    expect(json).toMatch(/^[\x20-\x7eé]*$/);
    expect(JSON.parse(json)).toEqual({ [hostile]: hostile });
  });
});

describe("WordWrap", () => {
  const screenAfter = (pieces: readonly string[], columns: number) => {
    const wrap = new WordWrap();
    const rows = [""];
    // The one escape sequence that it writes: back over a word, and erase it.
    const written = pieces.map((piece) => wrap.add(piece, columns)).join("");
    // eslint-disable-next-line no-control-regex
    for (const part of written.split(/(\u001b\[\d+D\u001b\[K|\n)/)) {
      const back = /^\u001b\[(\d+)D/.exec(part)?.[1]; // eslint-disable-line no-control-regex
      if (part === "\n") rows.push("");
      else
        rows.push(
          (rows.pop() ?? "").slice(0, back === undefined ? undefined : -Number(back)) + (back === undefined ? part : "")
        );
    }
    return rows.map((row) => row.trimEnd());
  };

  it("takes a growing word back and puts it on the next row", () => {
    expect(screenAfter(["one tw", "o thr", "ee"], 10)).toEqual(["one two", "three"]);
  });

  it("breaks a word that is longer than a row", () => {
    expect(screenAfter(["abcdefghij"], 6)).toEqual(["abcde", "fghij"]);
  });

  it("keeps line breaks of the text", () => {
    expect(screenAfter(["a\n\nb"], 10)).toEqual(["a", "", "b"]);
  });
});

describe("what a terminal is given", () => {
  it("carries no escape codes from a model or a file name", () => {
    expect(plainText("a\u001b]0;title\u0007b\u009b2Jc\td\n")).toBe("a]0;titleb2Jc\td\n");
  });

  it("has no status line when it is no terminal", () => {
    let written = "";
    const stream = { write: (text: string) => (written += text) !== "" } as unknown as NodeJS.WriteStream;
    const status = new StatusLine(stream);
    status.show("loading");
    status.clear();
    expect(written).toBe("");
  });

  it("names image and layer while encoding", () => {
    expect(describeProgress({ stage: "encode", image: 1, images: 2, layer: 12, layers: 27 })).toBe(
      "encoding image 1 of 2 · layer 12/27"
    );
  });
});

describe("closestName", () => {
  it("finds a slip and a beginning, and nothing for another word", () => {
    expect(closestName("aks", ["chat", "ask"])).toBe("ask");
    expect(closestName("insp", ["chat", "inspect"])).toBe("inspect");
    expect(closestName("LIST", ["chat", "list"])).toBe("list");
    expect(closestName("modle", ["code", "model"])).toBe("model");
    for (const word of ["banana", "ps", "stop", "test"])
      expect(closestName(word, ["chat", "ask", "ls", "show", "list"])).toBeNull();
  });
});

describe("npy", () => {
  it("has a header of NumPy's version 1.0 that ends on a multiple of 64", () => {
    const header = npyHeader([2, 16, 192]);
    expect(header.subarray(0, 8).toString("latin1")).toBe("\x93NUMPY\x01\x00");
    expect(header.length % 64).toBe(0);
    expect(header.readUInt16LE(8)).toBe(header.length - 10);
    expect(header.toString("latin1", 10)).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 16, 192\), \} *\n$/
    );
    expect(npyHeader([3]).toString("latin1")).toContain("(3,)");
  });

  it("stacks rows as little-endian floats", () => {
    const file = npyFile([new Float32Array([1, 2]), new Float32Array([3, -0.5])], [1, 2]);
    const start = npyHeader([2, 1, 2]).length;
    expect([0, 4, 8, 12].map((offset) => file.readFloatLE(start + offset))).toEqual([1, 2, 3, -0.5]);
  });
});

describe("describeFacts", () => {
  it("puts names into words and bytes into units", () => {
    expect(
      describeFacts({
        kind: "projector",
        imageSize: 896,
        memory: { visionBytes: 1_234_000 },
        types: ["F16", "F32"],
        none: null
      })
    ).toBe(
      "kind           projector\nimage size     896\nmemory vision  1.23 MB\ntypes          F16, F32\nnone           –\n"
    );
  });
});
