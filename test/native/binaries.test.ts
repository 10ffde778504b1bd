import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkAddon, checkReach } from "../../scripts/binaries/check-addon.mjs";
import { checkExports } from "../../scripts/binaries/check-exports.mjs";
import { readBinary } from "../../scripts/binaries/read-binary.mjs";

/** Tiny libraries made by zig: "host" exports two functions, "user" imports one of them and is an addon. */
const read = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../fixtures/binaries/${name}`, import.meta.url)));

const systems = [
  { system: "x86_64-linux-gnu.so", format: "elf", arch: "x64", library: "libllama.v0.4.0.so" },
  { system: "aarch64-macos.dylib", format: "mach-o", arch: "arm64", library: "@rpath/libllama.v0.4.0.dylib" },
  { system: "x86_64-windows-gnu.dll", format: "pe", arch: "x64", library: "llama.v0.4.0.dll" }
];

describe.each(systems)("a library in $format", ({ system, format, arch, library }) => {
  it("tells its name and what it exports", () => {
    const [host] = readBinary(read(`host-${system}`));
    expect(host).toMatchObject({ format, arch, name: library });
    expect(host?.exports).toEqual(expect.arrayContaining(["llama_tiny", "ggml_tiny"]));
    expect(host?.imports).not.toContain("llama_tiny");
  });

  it("tells which libraries it needs, and what it imports", () => {
    const [user] = readBinary(read(`user-${system}`));
    expect(user?.libraries).toContain(library);
    expect(user?.imports).toContain("llama_tiny");
    expect(user?.exports).toContain("napi_register_module_v1");
    expect(user?.exports).not.toContain("llama_tiny");
  });

  it("is an error when it is cut off, and never hangs", () => {
    const bytes = read(`host-${system}`);
    for (let length = 0; length < 600; length += 7) expect(() => readBinary(bytes.subarray(0, length))).toThrow();
  });
});

it("reads each architecture of a universal file of macOS", () => {
  const thin = read("host-aarch64-macos.dylib");
  const header = Buffer.alloc(48);
  [0xcafebabe, 2, 0x0100000c, 0, 48, thin.length, 14, 0x0100000c, 0, 48, thin.length, 14].forEach((word, i) =>
    header.writeUInt32BE(word, i * 4)
  );
  const all = readBinary(Buffer.concat([header, thin]));
  expect(all.map(({ arch }) => arch)).toEqual(["arm64", "arm64"]);
  expect(all[1]?.exports).toContain("llama_tiny");
});

describe("the symbol check", () => {
  const [user] = readBinary(read("user-x86_64-linux-gnu.so"));
  const imports = user?.imports ?? [];
  const library = (bytes: Buffer): { name: string; exports: readonly string[] } => {
    const [binary] = readBinary(bytes);
    return { name: binary?.name ?? "", exports: binary?.exports ?? [] };
  };
  const ggml = [
    { name: "libggml.v0.4.0.so", exports: [] },
    { name: "libggml-base.so", exports: [] }
  ];

  it.each(systems)("passes where every function is there: $format", ({ system }) => {
    expect(checkExports(imports, [library(read(`host-${system}`)), ...ggml])).toEqual([]);
  });

  it.each(systems)("fails when one function is renamed in the library: $format", ({ system }) => {
    const bytes = read(`host-${system}`);
    for (let at = bytes.indexOf("llama_tiny"); at !== -1; at = bytes.indexOf("llama_tiny"))
      bytes.write("llama_tidy", at, "latin1");
    expect(checkExports(imports, [library(bytes), ...ggml])).toEqual(["llama_tiny is not exported by llama"]);
  });

  it("fails when a library is missing or has another name", () => {
    expect(checkExports([], [library(read("host-x86_64-linux-gnu.so"))])).toEqual([
      "there is no library ggml",
      "there is no library ggml-base"
    ]);
    expect(checkExports([], [{ name: "libllama-common.so", exports: [] }, ...ggml])).toEqual([
      "there is no library llama"
    ]);
  });
});

describe("the check of an addon before it ships", () => {
  it("says that a library is no addon, for another system, and carries ggml", () => {
    const problems = checkAddon(read("host-x86_64-linux-gnu.so"), "darwin-arm64/medgemma-metal.node", "0.1.0").join(
      "\n"
    );
    expect(problems).toContain("is elf for x64; expected mach-o for arm64");
    expect(problems).toContain("exports no napi_register_module_v1");
    expect(problems).toContain("ggml must not be inside");
  });

  it("says which libraries are not linked, and that the backend is another one", () => {
    const problems = checkAddon(read("user-x86_64-linux-gnu.so"), "linux-x64/medgemma-vulkan.node", "0.1.0");
    expect(problems).toEqual([
      "is not the addon of version 0.1.0",
      "does not link ggml of node-llama-cpp",
      "does not link ggml-base of node-llama-cpp",
      "links libllama.v0.4.0.so, which is not that of linux-x64-vulkan"
    ]);
  });

  it("wants Node loaded with delay on Windows, where Electron's program has another name", () => {
    const problem = "does not load NODE.EXE with delay";
    const dll = read("user-x86_64-windows-gnu.dll");
    expect(checkAddon(dll, "win32-x64/medgemma-cpu.node", "1.0.0").join("\n")).toContain(problem);
    // A table of delayed imports with one library, put where code was, which nobody runs here.
    const optionalHeader = dll.readUInt32LE(0x3c) + 24;
    const code = optionalHeader + dll.readUInt16LE(optionalHeader - 4);
    const [address, offset] = [dll.readUInt32LE(code + 12), dll.readUInt32LE(code + 20)];
    dll.fill(0, offset, offset + 128).write("node.exe", offset + 64, "latin1");
    dll.writeUInt32LE(address + 64, offset + 4);
    dll.writeUInt32LE(address + 96, offset + 16);
    dll.writeUInt32LE(address, optionalHeader + 112 + 13 * 8);
    expect(readBinary(dll)[0]?.delayed).toEqual(["node.exe"]);
    expect(checkAddon(dll, "win32-x64/medgemma-cpu.node", "1.0.0").join("\n")).not.toContain(problem);
  });

  it.runIf(process.platform === "linux")("says which newer system it needs than node-llama-cpp", () => {
    const addon = readFileSync(fileURLToPath(new URL("../../native/build/medgemma-cpu.node", import.meta.url)));
    const newer = Buffer.from(addon.toString("latin1").replaceAll(/GLIBC_2\.\d\d(?=\0)/g, "GLIBC_2.99"), "latin1");
    expect(checkReach(newer)).toContain("needs GLIBC_2.99, newer than the GLIBC_2.34 that node-llama-cpp needs");
  });

  it("says that a file is none", () => {
    expect(checkAddon(Buffer.alloc(100), "linux-x64/medgemma-cpu.node", "0.1.0")).toEqual([
      "neither ELF, Mach-O nor PE"
    ]);
  });
});
