import fc from "fast-check";
import { expect, it } from "vitest";
import { testPeer } from "../../discovery/twins/test-paths.ts";
import { PartCopies } from "./part-copies.ts";

const SIZE = 95;
const PART = 10;

it("counts each peer once for each part that it has some of, as it said last", () => {
  const range = fc.tuple(fc.nat(120), fc.integer({ min: 1, max: 40 })).map(([start, size]) => ({ start, size }));
  const offer = fc.record({ peer: fc.nat(3), sizes: fc.array(range, { maxLength: 5 }) });
  fc.assert(
    fc.property(fc.array(offer, { maxLength: 12 }), (offers) => {
      const copies = new PartCopies({ sizeBytes: SIZE, partBytes: PART });
      const last = new Map<number, Set<number>>();
      for (const { peer, sizes } of offers) {
        const ranges = inOrder(sizes);
        copies.offered(testPeer(peer), ranges);
        const bytes = ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at));
        last.set(peer, new Set(bytes.filter((byte) => byte < SIZE).map((byte) => Math.floor(byte / PART))));
      }
      for (let part = 0; part * PART < SIZE; part++) {
        const expected = [...last.values()].filter((parts) => parts.has(part)).length;
        expect(copies.of(part * PART)).toBe(expected);
      }
    }),
  );
});

it("is not kept busy by a peer that says that it has more than there is", () => {
  const copies = new PartCopies({ sizeBytes: SIZE, partBytes: PART });
  copies.offered(testPeer(0), [{ start: 0, end: Number.MAX_SAFE_INTEGER }]);
  expect([copies.of(0), copies.of(94), copies.of(100)]).toEqual([1, 1, 0]);
});

/** As the parser of answers lets them through. */
function inOrder(sizes: readonly { readonly start: number; readonly size: number }[]) {
  let from = 0;
  return sizes
    .toSorted((left, right) => left.start - right.start)
    .map(({ start, size }) => {
      const range = { start: Math.max(start, from), end: Math.max(start, from) + size };
      from = range.end;
      return range;
    });
}
