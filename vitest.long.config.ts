import { defineConfig } from "vitest/config";
import { longTests } from "./test/long-tests.js";

// Tests that start many processes, or need one of their own: run by `npm run test:long`, and by CI behind `npm test`.
export default defineConfig({
  test: {
    include: longTests,
    globalSetup: ["test/cli/build-cli.ts"],
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2
  }
});
