import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { WORKER_NAMES, workerFile } from "./worker-files.ts";

describe("workerFile", () => {
  it.each(WORKER_NAMES)("finds the source of %s", (name) => {
    expect(existsSync(workerFile(name))).toBe(true);
  });
});
