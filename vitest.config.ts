import { defineConfig } from "vitest/config";
import { longTests } from "./test/long-tests.js";

// Two processes run all files: importing the library and node-llama-cpp anew for each file would take longer than the tests.
// A file that needs a process of its own belongs to test/long-tests.ts.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/stress/**", "test/install/**", "test/real/**", ...longTests],
    globalSetup: ["test/cli/build-cli.ts"],
    pool: "forks",
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2
  }
});
