// Writes docs/reference/cli.md, the help of every command as dist/ prints it; with --check it changes nothing, and fails when the file
// is not what the commands say.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = join(root, "docs", "reference", "cli.md");

/** Through a pipe, where the help is 100 columns wide. */
function help(...command) {
  return execFileSync(process.execPath, [join(root, "dist", "cli", "main.js"), ...command, "--help"], {
    encoding: "utf8"
  }).trim();
}

const block = (text) => `\`\`\`text\n${text}\n\`\`\``;
const overview = help();
const commands = [...overview.matchAll(/^ {2}medgemma-local (\w+)[^\n]* {2}\w/gm)].map(([, name]) => name);

const reference = [
  "# The command line",
  "The output of `--help` for every command. See also [first answer](../guide/first-answer.md), [exit codes](../guide/first-answer.md#output-and-exit-codes) and [environment variables](environment.md).",
  commands.map((name) => `[${name}](#${name})`).join(" · "),
  block(overview),
  ...commands.flatMap((name) => [`## ${name}`, block(help(name))])
].join("\n\n");

if (!process.argv.includes("--check")) writeFileSync(page, `${reference}\n`);
else if (readFileSync(page, "utf8") !== `${reference}\n`) {
  console.error("docs/reference/cli.md is not what the commands say. Run npm run docs, and commit it.");
  process.exitCode = 1;
}
