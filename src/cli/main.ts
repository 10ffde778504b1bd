#!/usr/bin/env node
/** The command `medgemma-local`: runs the program and turns its end into an exit code. */
import { endWhenNobodyReads, exitCodeOf, printFailure } from "./output.js";
import { runProgram } from "./program.js";

const args = process.argv.slice(2);
endWhenNobodyReads();
try {
  await runProgram(args);
} catch (error) {
  printFailure(error, { debug: args.includes("--debug") });
  process.exitCode = exitCodeOf(error);
}
