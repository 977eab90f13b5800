import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

function split(chunks: readonly string[], maxLineLength: number): readonly string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), maxLineLength);
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

describe("LineSplitter", () => {
  it("gives the same lines however the text is cut into chunks", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\n") })), (chunks) => {
        const expected = chunks.join("").split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(split(chunks, 1_000_000)).toEqual(expected);
      }),
    );
  });

  it("never holds or gives more than the longest line allowed", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 8 }), (chunks, max) => {
        expect(split(chunks, max).every((line) => line.length <= max)).toBe(true);
      }),
    );
  });

  it("cuts a long line and goes on with the next", () => {
    expect(split(["aaaa", "aaaa\nbb\n", "c"], 5)).toEqual(["aaaaa", "bb", "c"]);
  });
});
