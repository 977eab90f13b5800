import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readBootRecord, writeBootRecord } from "./boot-record.ts";

describe("the boot record", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "niphas-boot-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("is read back as it was written, and replaced in one step", () => {
    const file = join(dir, "boot.json");
    writeBootRecord(file, { bootId: "one", syncedThroughId: 1, distrustedIds: [] });
    const record = { bootId: "two", syncedThroughId: 7, distrustedIds: [3, 5] };
    writeBootRecord(file, record);
    expect(readBootRecord(file)).toEqual(record);
    expect(readdirSync(dir)).toEqual(["boot.json"]);
  });

  it("is none where there is no file", () => {
    expect(readBootRecord(join(dir, "boot.json"))).toBeUndefined();
  });

  it("is none when the file holds anything else", () => {
    const file = join(dir, "boot.json");
    const almost = fc.record(
      { bootId: fc.jsonValue(), syncedThroughId: fc.jsonValue(), distrustedIds: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          almost.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          writeFileSync(file, text);
          const record = readBootRecord(file);
          if (record === undefined) return;
          expect(typeof record.bootId).toBe("string");
          expect([record.syncedThroughId, ...record.distrustedIds].every(Number.isSafeInteger)).toBe(true);
        },
      ),
    );
  });
});
