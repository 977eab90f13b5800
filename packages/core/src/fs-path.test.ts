import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAscii, toFsPath } from "./fs-path.ts";

describe("a path for the file system", () => {
  it("keeps any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const path = toFsPath(Buffer.from(bytes).toString("latin1"));
        expect(Buffer.from(Buffer.from(path))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it("is a string where all is ASCII, and only there", () => {
    expect(toFsPath("/plain\x00\x7f")).toBe("/plain\x00\x7f");
    expect(toFsPath("/st\xe4te")).toEqual(Buffer.from("/st\xe4te", "latin1"));
    expect([isAscii(""), isAscii("\x7f"), isAscii("\x80")]).toEqual([true, true, false]);
  });
});
