import fc from "fast-check";
import { expect, it } from "vitest";
import { exactBytes } from "./exact-bytes.ts";

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

it("gives what is left after the skipped bytes, if that is exactly as much as it should be", async () => {
  const cases = fc.tuple(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(100), fc.integer({ min: 1, max: 20 }));
  await fc.assert(
    fc.asyncProperty(cases, async ([bytes, skipBytes, sizeBytes, size]) => {
      const read = Array.fromAsync(exactBytes(pieces(bytes, size), { name: "cache", skipBytes, sizeBytes }));
      if (skipBytes + sizeBytes === bytes.length)
        expect(Buffer.concat(await read).equals(bytes.subarray(skipBytes))).toBe(true);
      else await expect(read).rejects.toMatchObject({ code: "BadBytes" });
    }),
  );
});

it("cuts an endless stream as soon as it is too long", async () => {
  let givenBytes = 0;
  async function* endless() {
    for (;;) {
      givenBytes += 1000;
      yield Buffer.alloc(1000);
    }
  }
  const read = Array.fromAsync(exactBytes(endless(), { name: "cache", skipBytes: 0, sizeBytes: 5000 }));
  await expect(read).rejects.toMatchObject({ code: "BadBytes" });
  expect(givenBytes).toBe(6000);
});
