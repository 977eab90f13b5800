import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunked, inventedInfo } from "./memory-sources.test-twin.ts";
import { verifiedNar } from "./verified-nar.ts";

const LIMITS = { wholeUpToBytes: 5_000, withheldBytes: 1_500, holdBackMs: Number.POSITIVE_INFINITY };
const bytesOf = (sizeBytes: number) =>
  Buffer.from(Array.from({ length: sizeBytes }, (_, index) => (index * 13) & 0xff));

/** What came out before it ended or threw, and with what. */
async function outcome(read: AsyncIterable<Uint8Array>) {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of read) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks) };
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error };
  }
}

describe("a verified NAR", () => {
  it("is any range of one that has its signed hash", async () => {
    const property = fc.asyncProperty(fc.nat(12_000), fc.nat(12_000), fc.nat(12_000), async (sizeBytes, one, other) => {
      const bytes = bytesOf(sizeBytes + 1);
      const [start, end] = [Math.min(one, other), Math.max(one, other)].map((at) => Math.min(at, bytes.length));
      const range = { start: start ?? 0, end: end ?? 0 };
      const result = await outcome(verifiedNar(chunked(bytes), inventedInfo(bytes), range, LIMITS));
      expect(result).toEqual({ bytes: bytes.subarray(range.start, range.end) });
    });
    await fc.assert(property);
  });

  it("never comes to the end of its range with a wrong byte anywhere, also outside of the range", async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 12_000 }),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      async (sizeBytes, wrong, one, other) => {
        const bytes = bytesOf(sizeBytes);
        const spoilt = Buffer.from(bytes);
        spoilt[wrong % sizeBytes] = (spoilt[wrong % sizeBytes] ?? 0) ^ 1;
        const [a, b] = [one % sizeBytes, other % sizeBytes];
        const range = { start: Math.min(a, b), end: Math.max(a, b) + 1 };
        const result = await outcome(verifiedNar(chunked(spoilt), inventedInfo(bytes), range, LIMITS));
        expect(result.error).toMatchObject({ code: "BadBytes" });
        const withheldBytes = sizeBytes > LIMITS.wholeUpToBytes ? LIMITS.withheldBytes : range.end - range.start;
        expect(result.bytes.length).toBeLessThanOrEqual(Math.max(0, range.end - range.start - withheldBytes));
      },
    );
    await fc.assert(property);
  });

  it("flows before it is verified when that takes long, but never to its end", async () => {
    const bytes = bytesOf(4_000);
    const spoilt = Buffer.from(bytes).fill(1, 0, 1);
    const range = { start: 0, end: 4_000 };
    const slow = { ...LIMITS, holdBackMs: -1 };
    expect((await outcome(verifiedNar(chunked(bytes), inventedInfo(bytes), range, slow))).bytes).toEqual(bytes);
    const result = await outcome(verifiedNar(chunked(spoilt), inventedInfo(bytes), range, slow));
    expect(result.error).toMatchObject({ code: "BadBytes" });
    expect(result.bytes.length).toBeGreaterThan(0);
    expect(result.bytes.length).toBeLessThanOrEqual(4_000 - LIMITS.withheldBytes);
  });

  it("is refused when it is longer or shorter than signed", async () => {
    const bytes = bytesOf(6_000);
    const range = { start: 0, end: 5_000 };
    for (const sizeBytes of [5_000, 7_000]) {
      const info = inventedInfo(bytes, { narSizeBytes: sizeBytes });
      expect((await outcome(verifiedNar(chunked(bytes), info, range, LIMITS))).error).toMatchObject({
        code: "BadBytes",
      });
    }
  });
});
