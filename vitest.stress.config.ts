import { defineConfig } from "vitest/config";

// Slow on purpose (hundreds of rounds); run by `npm run test:stress`, not by `npm test`.
export default defineConfig({
  test: {
    include: ["test/stress/**/*.test.ts"],
    pool: "forks",
    testTimeout: 1_800_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
    execArgv: ["--expose-gc"]
  }
});
