import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { piecesInFlight, release, stamp } from "./delay.ts";

const DELAY_MS = 20;

describe("the delay of the proxy", () => {
  it("holds each piece back for its time, and not one after the other", async () => {
    const pieces = Array.from({ length: 500 }, (_, index) => Buffer.from([index % 256]));
    const startedAtMs = performance.now();
    let received = Buffer.alloc(0);
    await pipeline(Readable.from(pieces), stamp(DELAY_MS, pieces.length), release, async (source) => {
      received = await buffer(source);
    });
    const tookMs = performance.now() - startedAtMs;
    expect(received).toEqual(Buffer.concat(pieces));
    expect(tookMs).toBeGreaterThanOrEqual(DELAY_MS);
    expect(tookMs).toBeLessThan(DELAY_MS * pieces.length);
  });

  it("does not read on when as many pieces wait as may", async () => {
    let read = 0;
    const source = Readable.from(
      (function* () {
        for (; read < 1_000; read++) yield Buffer.from([0]);
      })(),
      { highWaterMark: 1 },
    );
    const stage = source.pipe(stamp(DELAY_MS, 10));
    await expect.poll(() => stage.readableLength).toBeGreaterThanOrEqual(10);
    expect(read).toBeLessThan(100 + stage.writableHighWaterMark);
    source.destroy();
  });

  it("has room for more than what is on its way at full rate", () => {
    const bytesInFlight = (50e6 / 8) * 0.02;
    expect(piecesInFlight(20, 50) * 1_448).toBeGreaterThan(2 * bytesInFlight);
  });
});
