/** The programs in README.md and docs/: each compiles against the types of the package, and those that need little run on the demo model. */
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import * as library from "../../src/index.js";
import { runCli, temporaryFolder } from "../cli/run-cli.js";
import { film } from "../demo-model.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = temporaryFolder();

interface Program {
  /** "README.md 1" */
  readonly name: string;
  readonly code: string;
}

/** Written by `npm run docs`: signatures, not programs. */
const generated = "reference/api.md";

const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((name) =>
  name.replaceAll("\\", "/")
);
const pages = [
  "README.md",
  ...docs.filter((name) => name.endsWith(".md") && name !== generated).map((name) => `docs/${name}`)
];

const programs: readonly Program[] = pages.flatMap((page) => {
  const blocks = [...readFileSync(join(root, page), "utf8").matchAll(/^```ts\n([^]*?)^```$/gm)];
  return blocks.map(([, code = ""], index) => ({ name: `${page} ${index + 1}`, code }));
});

/** What a page leaves out because the one before said it: imports, the loaded model, a chat, a signal. */
function completed({ code }: Program): string {
  const isOwn = (name: string) =>
    new RegExp(`\\b(?:const|using|import \\{[^}]*)\\s*\\{?[^;=]*\\b${name}\\b[^;]*(?:=|from)`).test(code);
  const uses = (name: string) => new RegExp(`(?<![.\\w])${name}\\b`).test(code) && !isOwn(name);
  const needsChat = uses("chat");
  const needsModel = uses("medgemma") || needsChat;
  const imported = Object.keys(library).filter(
    (name) => uses(name) || (name === "loadMedGemma" && needsModel && !isOwn(name))
  );
  return [
    imported.length === 0 ? "" : `import { ${imported.join(", ")} } from "medgemma-local";`,
    uses("z") ? 'import { z } from "zod";' : "",
    needsModel ? 'const medgemma = await loadMedGemma("demo");' : "",
    needsChat ? "const chat = await medgemma.createChat();" : "",
    uses("signal") ? "const { signal } = new AbortController();" : "",
    code
  ].join("\n");
}

beforeAll(async () => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "medgemma-local"), "junction");
  for (const name of ["zod", "@types"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name), "junction");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const name of ["film.png", "scan.png"]) copyFileSync(film, join(folder, name));
  cpSync(join(root, "test/fixtures/series/tilted"), join(folder, "ct"), { recursive: true });
  // A piece of tissue, at 20x: two patches at 10x.
  await sharp({ create: { width: 1792 * 2, height: 1792, channels: 3, background: "#a05080" } })
    .tiff({ tile: true, tileWidth: 256, tileHeight: 256, xres: 2000, yres: 2000 })
    .toFile(join(folder, "biopsy.svs"));
  const { stdout } = await runCli(["ask", "Describe the image.", "-i", "film.png", "-m", "demo", "--json"], {
    cwd: folder
  });
  writeFileSync(join(folder, "answer.json"), stdout);
});

describe("the programs in the documentation", () => {
  it("are found", () => {
    expect(programs.length).toBeGreaterThanOrEqual(7);
  });

  it("compile against the types of the package", () => {
    for (const [index, program] of programs.entries())
      writeFileSync(join(folder, `program-${index}.ts`), completed(program));
    const compilerOptions = {
      target: "ES2023",
      lib: ["ES2023", "ESNext.Disposable"],
      module: "NodeNext",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const { stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
      cwd: folder,
      encoding: "utf8"
    });
    expect(stdout.replaceAll(/program-(\d+)\.ts/g, (_, index) => programs[Number(index)]?.name ?? "")).toBe("");
  });

  it.each(programs.filter(({ code }) => !code.includes("pullModel(")))("$name runs on the demo model", (program) => {
    const code = completed(program).replaceAll('"1.5-4b-it"', '"demo"');
    // Node 20 knows neither `using` nor types; the programs have no other TypeScript in them.
    writeFileSync(
      join(folder, "program.mjs"),
      code.replaceAll("await using ", "const ") +
        (code.includes("medgemma.dispose()") ? "" : "\nawait medgemma.dispose();")
    );
    const { status, stderr } = spawnSync(process.execPath, ["program.mjs"], { cwd: folder, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("the first one of the README answers rightly about the film", () => {
    const code = programs[0]?.code ?? "";
    writeFileSync(join(folder, "program.mjs"), `${code}\nconsole.log("", value, images.length, usage.images);`);
    const { stdout, stderr } = spawnSync(process.execPath, ["program.mjs"], { cwd: folder, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^A small bright circle at the middle left\. A small dark cross at the middle center\. A small bright triangle at the bottom right\. 3 1 /
    );
  });
});
