import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { StateLock } from "./state-lock.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "niphas-lock-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

it("refuses a second holder with a clear message, and admits it after the first has gone", () => {
  const first = StateLock.acquire(dir, "niphas csi");
  expect(() => StateLock.acquire(dir, "niphas csi")).toThrow(expect.objectContaining({ code: "StateInUse" }));
  expect(() => StateLock.acquire(dir, "niphas csi")).toThrow("--state-dir");
  first.release();
  expect(first.isHeld).toBe(false);
  StateLock.acquire(dir, "niphas csi").release();
});

it("says that the directory is at fault when it is", () => {
  expect(() => StateLock.acquire(join(dir, "missing"), "niphas csi")).toThrow(
    expect.objectContaining({ code: "StoreUnavailable" }),
  );
});
