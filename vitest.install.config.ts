import { defineConfig } from "vitest/config";

// Packs the package and installs it as users do: needs the npm registry, and minutes. Run by `npm run test:install`.
export default defineConfig({
  test: {
    include: ["test/install/**/*.test.ts"],
    pool: "forks",
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 1
  }
});
