import { defineConfig } from "vitest/config";

// Fetches 230 MB the first time; run by `npm run test:real`, not by `npm test`.
export default defineConfig({
  test: {
    include: ["test/real/**/*.test.ts"],
    pool: "forks",
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 1
  }
});
