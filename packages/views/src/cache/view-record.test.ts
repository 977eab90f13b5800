import { parseStorePath, parseViewKey, STORE_DIR } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatViewRecord, parseViewRecord, type ViewRecord } from "./view-record.ts";

const key = parseViewKey("a".repeat(64));

function record(): ViewRecord {
  if (key === undefined) throw new Error("the key of this test is wrong");
  return {
    key,
    strategy: "tree",
    layout: "store",
    roots: [parseStorePath(`${STORE_DIR}/${"0".repeat(32)}-hello`)],
    rootIds: [7],
    links: [{ name: "entrypoint", target: `${STORE_DIR}/${"0".repeat(32)}-hello/bin/hello` }],
    pathCount: 3,
    sizeBytes: 4096,
  };
}

describe("view record", () => {
  it("is read back as it was written", () => {
    expect(parseViewRecord(formatViewRecord(record()))).toEqual(record());
  });

  it.each([
    ["cut off", (text: string) => text.slice(0, -10)],
    ["empty", () => ""],
    ["of another version", (text: string) => text.replace(/"version":\d+/, '"version":999')],
    ["of another strategy", (text: string) => text.replace('"tree"', '"overlay"')],
    ["with fewer ids than roots", (text: string) => text.replace("[7]", "[]")],
    ["with a root that is no store path", (text: string) => text.replace(/-hello"/, '-he llo"')],
    ["with a key that is none", (text: string) => text.replace("aaaa", "../a")],
  ])("is not accepted when %s", (_, change) => {
    const text = formatViewRecord(record());
    expect(change(text)).not.toBe(text);
    expect(parseViewRecord(change(text))).toBeUndefined();
  });

  it("never throws on what a disk may hold", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseViewRecord(text)).toBeUndefined();
      }),
    );
  });

  it("never throws when a field has another type", () => {
    const fields = Object.keys(record());
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
        const changed = { version: 2, ...record(), [field]: value };
        const parsed = parseViewRecord(JSON.stringify(changed));
        expect(parsed === undefined || JSON.stringify({ version: 2, ...parsed }) === JSON.stringify(changed)).toBe(
          true,
        );
      }),
    );
  });
});
