import { defineConfig } from "vitest/config";

/** `unit` needs nothing but Node.js; `real` needs root, Nix and what scripts/setup.sh installs. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts", "test/bench/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
