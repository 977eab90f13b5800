import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Extents } from "./extents.ts";

describe("Extents", () => {
  it("joins ranges that touch", () => {
    const extents = new Extents();
    extents.add({ start: 0, end: 2 });
    extents.add({ start: 4, end: 6 });
    expect(extents.endFrom(0)).toBe(2);
    extents.add({ start: 2, end: 4 });
    expect(extents.endFrom(0)).toBe(6);
    expect(extents.totalBytes).toBe(6);
  });

  it("says the same as a set of bytes, and refuses what is there already", () => {
    const range = fc
      .tuple(fc.nat(40), fc.integer({ min: 1, max: 8 }))
      .map(([start, size]) => ({ start, end: start + size }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), fc.nat(50), (ranges, position) => {
        const extents = new Extents();
        const bytes = new Set<number>();
        for (const { start, end } of ranges) {
          const all = Array.from({ length: end - start }, (_, index) => start + index);
          const isNew = !all.some((byte) => bytes.has(byte));
          expect(extents.add({ start, end })).toBe(isNew);
          if (isNew) for (const byte of all) bytes.add(byte);
        }
        let end = position;
        while (bytes.has(end)) end++;
        expect(extents.endFrom(position)).toBe(end);
        expect(extents.totalBytes).toBe(bytes.size);
      }),
    );
  });
});
