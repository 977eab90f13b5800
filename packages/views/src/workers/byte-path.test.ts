import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBytePath, toFsPath } from "./byte-path.ts";

describe("byte paths", () => {
  it("keep any bytes on the way to the file system", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const path = toFsPath(Buffer.from(bytes).toString("latin1"));
        expect(Buffer.from(Buffer.from(path))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it("stand for the UTF-8 bytes of an ordinary string", () => {
    expect(Buffer.from(toFsPath(toBytePath("/stäte/x"))).toString("utf8")).toBe("/stäte/x");
    expect(toFsPath(toBytePath("/plain"))).toBe("/plain");
  });
});
