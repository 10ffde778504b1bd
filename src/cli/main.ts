#!/usr/bin/env node
/** The command `medgemma-local`: runs the program and turns its end into an exit code. */
import { endWhenOutputFails, exitCodeOf, exitCodes, printFailure } from "./terminal/output.js";
import { runProgram } from "./program.js";

const args = process.argv.slice(2);
endWhenOutputFails();
silenceNodeLlamaCpp();
try {
  await runProgram(args);
} catch (error) {
  printFailure(error, { debug: args.includes("--debug") });
  process.exitCode = exitCodeOf(error);
  // At once: what runs on, such as the test process of node-llama-cpp, heard Ctrl-C as well and would complain.
  if (process.exitCode === exitCodes.interrupted && process.stdout.writableLength === 0) process.exit();
}

/** It prints stacks when its test process ends, as with Ctrl-C. The error that follows says it in one line. */
function silenceNodeLlamaCpp(): void {
  for (const method of ["error", "warn"] as const) {
    const print = console[method].bind(console);
    console[method] = (...words: unknown[]) => {
      if (!String(words[0]).includes("[node-llama-cpp]")) print(...words);
    };
  }
}
