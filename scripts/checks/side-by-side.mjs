// Runs scripts of package.json at the same time: each argument is one, or several joined by "+" that follow each other.
// `npm test` uses it, since linting keeps one core busy and the tests wait for processes: together they take as long as the longest.
import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";

const lanes = process.argv.slice(2).map((argument) => argument.split("+"));
const width = Math.max(...lanes.flat().map((name) => name.length));

/** Runs one script, each line of its output behind its name; true if it passed. */
function run(name) {
  const started = performance.now();
  const print = (line) => console.log(`${name.padEnd(width)} │ ${line}`);
  const child = spawn(`npm run --silent ${name}`, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
  for (const output of [child.stdout, child.stderr]) createInterface({ input: output }).on("line", print);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      print(`${code === 0 ? "passed" : "FAILED"} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
      resolve(code === 0);
    });
  });
}

/** Runs scripts one after another until one fails; the name of that one. */
async function runLane(names) {
  for (const name of names) if (!(await run(name))) return name;
}

const failed = (await Promise.all(lanes.map(runLane))).filter((name) => name !== undefined);
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(", ")}. The lines that begin with a name are its output.`);
  process.exitCode = 1;
}
