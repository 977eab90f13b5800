import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteString, byteStringBytes, byteStringText, fromLatin1 } from "./byte-string.ts";

describe("bytes as a string", () => {
  it("come back, compare as bytes and become text only when they are UTF-8", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(byteStringBytes(byteString(a))).toEqual(Buffer.from(a));
        expect(byteString(a) < byteString(b)).toBe(Buffer.compare(a, b) < 0);
        const text = byteStringText(byteString(a));
        if (text !== undefined) expect(Buffer.from(text)).toEqual(Buffer.from(a));
      }),
    );
    expect(byteStringText(fromLatin1("\xff"))).toBeUndefined();
  });
});
