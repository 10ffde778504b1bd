#!/usr/bin/env node
/** The command `medgemma-local`: runs the program and turns its end into an exit code. */
import { endWhenOutputFails, exitCodeOf, exitCodes, printFailure } from "./output.js";
import { runProgram } from "./program.js";

const args = process.argv.slice(2);
endWhenOutputFails();
try {
  await runProgram(args);
} catch (error) {
  printFailure(error, { debug: args.includes("--debug") });
  process.exitCode = exitCodeOf(error);
  // At once: what runs on, such as the test process of node-llama-cpp, heard Ctrl-C as well and would complain.
  if (process.exitCode === exitCodes.interrupted && process.stdout.writableLength === 0) process.exit();
}
