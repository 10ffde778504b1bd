// Two promises of the library, measured on the source. Its messages name no flag and no command of the command line, so that a
// program can show them. And an option of a question is described once: an example option, added to a copy of the source, is
// checked, typed, recorded, helped with and documented at once.
// Usage: node scripts/checks/options-and-messages.mjs [messages | option]
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Folders of src/ whose messages a person with a command line or a compiler reads. */
const speakToTerminals = /^(?:cli|native)[/\\]/;

/** No messages: options of Node, and what stands between the parts of a folder's name. */
const notMessages = ["--input-type", "--v8-pool-size=1", "--"];

/** What an option of a question may cost. */
const limits = { lines: 3, files: 2 };

/** Every text in a source file, of a template with "…" for what is put in. */
function textsOf(source) {
  const texts = [];
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node)) texts.push({ text: node.text, at: node.getStart(source) });
    if (ts.isTemplateExpression(node))
      texts.push({
        text: [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("…"),
        at: node.getStart(source)
      });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts.map(({ text, at }) => ({ text, line: source.getLineAndCharacterOfPosition(at).line + 1 }));
}

function checkMessages() {
  const commands = readdirSync(join(root, "src", "cli", "commands")).map((name) => name.replace(/\.ts$/, ""));
  const ofCommandLine = new RegExp(`(?<!\\w)--|\\bmedgemma-local (?:${commands.join("|")})\\b`);
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !speakToTerminals.test(name)
  );
  let texts = 0;
  const wrong = files.flatMap((name) => {
    const source = ts.createSourceFile(
      name,
      readFileSync(join(root, "src", name), "utf8"),
      ts.ScriptTarget.Latest,
      true
    );
    const all = textsOf(source);
    texts += all.length;
    return all
      .filter(({ text }) => ofCommandLine.test(text) && !notMessages.includes(text))
      .map(({ text, line }) => `src/${name}:${line}: ${text}`);
  });
  if (wrong.length > 0)
    throw new Error(
      `Messages of the library name flags or commands of the command line. Name the option of the library, and give the error a remedy:\n${wrong.join("\n")}`
    );
  console.log(`messages: ${texts} texts in ${files.length} files, none names a flag or a command`);
}

/** An option that the sampler has and this package does not offer: one line that describes it, two that use it. */
const example = {
  name: "presencePenalty",
  flag: "--presence-penalty",
  edits: [
    [
      "src/language/host/sampler-options.ts",
      "export const samplerOptions = {\n",
      (found) =>
        `${found}  presencePenalty: decimal({ min: 0, max: 2, describe: "Above 0, tokens that were used become less likely", default: 0 }),\n`
    ],
    ["src/language/host/sampler.ts", "const { temperature", () => "const { presencePenalty = 0, temperature"],
    [
      "src/language/host/sampler.ts",
      "...(repeatPenalty !== 1 && { repeatPenalty: {",
      () => "...((repeatPenalty !== 1 || presencePenalty !== 0) && { repeatPenalty: { presencePenalty,"
    ]
  ]
};

function checkOption() {
  const copy = mkdtempSync(join(tmpdir(), "one-option-"));
  try {
    for (const name of ["src", "scripts", "docs", "package.json", "tsconfig.json", "tsconfig.build.json"])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    for (const name of ["node_modules", "native", "models"])
      symlinkSync(join(root, name), join(copy, name), "junction");
    const { lines, files } = addExample(copy);
    writeFileSync(join(copy, "src", "uses-the-example.ts"), usesTheExample);
    run(copy, "compiles, with its type in options and records", [
      join(root, "node_modules", "typescript", "bin", "tsc"),
      "-p",
      "tsconfig.build.json"
    ]);
    const main = join("dist", "cli", "main.js");
    expectIn(run(copy, "has its line in the help", [main, "ask", "--help"]).stdout, `${example.flag} `);
    expectIn(run(copy, "is completed by the shell", [main, "completion", "bash"]).stdout, example.flag);
    expectIn(
      run(copy, "is checked as a flag", [main, "ask", "x", "-m", "demo", example.flag, "9"], 2).stderr,
      `${example.flag} must be a number from 0 to 2, but is 9.`
    );
    const answer = run(copy, "is recorded with the answer", [
      main,
      "ask",
      "Hello",
      "-m",
      "demo",
      "--gpu",
      "off",
      "--json",
      "--max-tokens",
      "2",
      example.flag,
      "0.5"
    ]).stdout;
    expectIn(JSON.stringify(JSON.parse(answer).request.sampling), `"${example.name}":0.5`);
    expectIn(
      run(copy, "is checked in a program", ["--input-type=module", "-e", askedInAProgram]).stdout,
      "INVALID_ARGUMENT"
    );
    for (const page of ["cli", "api"])
      run(copy, `is documented in ${page}.md`, [join("scripts", `${page}-reference.mjs`)]);
    const docs = readdirSync(join(copy, "docs"), { recursive: true, encoding: "utf8" }).filter((name) =>
      /(?:^|[/\\])(?:cli|api)\.md$/.test(name)
    );
    expectIn(
      docs.map((name) => readFileSync(join(copy, "docs", name), "utf8")).join("\n"),
      `readonly ${example.name}?: number | undefined;`,
      `${example.flag} `
    );
    console.log(
      `option: ${lines} lines in ${files} files for a new option of a question; the limits are ${limits.lines} lines in ${limits.files} files`
    );
    if (lines > limits.lines || files > limits.files) throw new Error("An option of a question costs too much.");
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const usesTheExample = `
import type { AnswerOptions, AnswerRequest } from "./index.js";
export const asked = { ${example.name}: 0.5 } satisfies AnswerOptions;
export const recorded = ({ sampling }: AnswerRequest): number => sampling.${example.name};
`;

const askedInAProgram = `
const { loadMedGemma } = await import("./dist/index.js");
const medgemma = await loadMedGemma("demo", { gpu: "off" });
const chat = await medgemma.createChat();
await Promise.resolve().then(() => chat.ask("Hello", { ${example.name}: 9 })).catch(({ code, message }) => console.log(code, message));
await medgemma[Symbol.asyncDispose]();
`;

/** @returns what was touched: lines that are new or changed, and files */
function addExample(copy) {
  let lines = 0;
  for (const [file, anchor, edited] of example.edits) {
    const before = readFileSync(join(copy, file), "utf8");
    if (before.split(anchor).length !== 2)
      throw new Error(
        `${file} does not hold ${JSON.stringify(anchor)} once. Adapt the example in scripts/checks/options-and-messages.mjs.`
      );
    const after = before.replace(anchor, edited);
    const known = new Set(before.split("\n"));
    lines += after.split("\n").filter((line) => !known.has(line)).length;
    writeFileSync(join(copy, file), after);
  }
  return { lines, files: new Set(example.edits.map(([file]) => file)).size };
}

function run(copy, what, args, wanted = 0) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8" });
  if (status !== wanted)
    throw new Error(
      `The example option fails where it ${what}: exit code ${status}, expected ${wanted}.\n${stdout}${stderr}`
    );
  console.log(`option: ${what}`);
  return { stdout, stderr };
}

function expectIn(text, ...words) {
  for (const word of words) if (!text.includes(word)) throw new Error(`Expected ${word} in:\n${text.slice(0, 4000)}`);
}

const [asked] = process.argv.slice(2);
if (asked !== "option") checkMessages();
if (asked !== "messages") checkOption();
