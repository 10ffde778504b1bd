import { defineConfig } from "vitest/config";
import { longTests } from "./test/long-tests.js";

// Native code and node-llama-cpp live in the process, so every test file gets a process of its own.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/stress/**", "test/install/**", "test/real/**", ...longTests],
    globalSetup: ["test/cli/build-cli.ts"],
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2
  }
});
