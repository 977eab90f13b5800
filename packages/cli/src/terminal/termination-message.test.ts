import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writeTerminationMessage } from "./termination-message.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "niphas-termination-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

it("writes lines where the container runtime has made a file, at most 4096 bytes", () => {
  const file = join(directory, "log");
  writeFileSync(file, "");
  writeTerminationMessage(["one", "two"], file);
  expect(readFileSync(file, "utf8")).toBe("one\ntwo");
  writeTerminationMessage(["x".repeat(5000)], file);
  expect(readFileSync(file)).toHaveLength(4096);
});

it("does nothing elsewhere, and never fails", () => {
  writeTerminationMessage(["x"], join(directory, "none"));
  expect(existsSync(join(directory, "none"))).toBe(false);
  writeTerminationMessage(["x"], directory);
});
