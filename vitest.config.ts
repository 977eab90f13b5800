import { defineConfig } from "vitest/config";

/** Only there to end a test that has failed: how loaded the machine is must not decide. */
const deadlines = (timeoutMs: number) => ({
  testTimeout: timeoutMs,
  hookTimeout: timeoutMs,
  expect: { poll: { timeout: timeoutMs / 2 } },
});

/** `unit` needs nothing but Node.js; `real` needs root, Nix and what scripts/setup.sh installs; `images` needs buildah. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          // They keep nothing in modules, and loading these anew for each file is most of the work.
          isolate: false,
          ...deadlines(60_000),
          include: [
            "packages/*/src/**/*.test.ts",
            "scripts/**/*.test.ts",
            "test/{bench,chart,cluster,e2e,mesh}/**/*.test.ts",
          ],
        },
      },
      {
        test: {
          name: "images",
          include: ["test/images/**/*.test.ts"],
          ...deadlines(300_000),
        },
      },
      {
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          globalSetup: ["test/real/bundle.ts"],
          pool: "forks",
          fileParallelism: false,
          ...deadlines(300_000),
        },
      },
    ],
  },
});
