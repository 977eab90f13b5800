import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLines, readText } from "./body.ts";

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe("a body", () => {
  it("has the same lines and text however it is cut into chunks", async () => {
    const property = fc.asyncProperty(
      fc.array(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", " "))),
      fc.array(fc.nat(12)),
      async (lines, sizes) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        expect(await Array.fromAsync(readLines(chunksOf(bytes, sizes)))).toEqual(lines);
        expect(await readText(chunksOf(bytes, sizes))).toBe(bytes.toString());
      },
    );
    await fc.assert(property);
  });

  it("that is cut off gives no half line", async () => {
    expect(await Array.fromAsync(readLines(chunksOf(Buffer.from('{"a":1}\n{"b"'), [])))).toEqual(['{"a":1}']);
  });

  it("with an endless line is refused", async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(1024 * 1024, "x");
    }
    await expect(Array.fromAsync(readLines(endless()))).rejects.toMatchObject({ code: "ApiUnavailable" });
  });
});
