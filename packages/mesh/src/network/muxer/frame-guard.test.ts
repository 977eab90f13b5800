import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MUXER_LIMITS } from "../limits.ts";
import { FrameGuard } from "./frame-guard.ts";

/** https://github.com/hashicorp/yamux/blob/master/spec.md */
function frameOf(type: number, length: number, body = Buffer.alloc(type === 0 ? length : 0)): Buffer {
  const header = Buffer.alloc(12);
  header[1] = type;
  header.writeUInt32BE(1, 4);
  header.writeUInt32BE(length, 8);
  return Buffer.concat([header, body]);
}

describe("the guard of yamux frames", () => {
  it("lets frames pass however they are cut, as long as the pieces are no crumbs", () => {
    const frames = fc.array(
      fc.oneof(
        fc.nat(5000).map((length) => frameOf(0, length)),
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(2 ** 31)).map(([type, length]) => frameOf(type, length)),
      ),
    );
    fc.assert(
      fc.property(frames, fc.integer({ min: 128, max: 4000 }), (all, pieceBytes) => {
        const guard = new FrameGuard();
        const bytes = Buffer.concat(all);
        for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
          guard.check(bytes.subarray(offset, offset + pieceBytes));
        }
      }),
    );
  });

  it("refuses a frame that is larger than any window before its bytes arrive", () => {
    const guard = new FrameGuard();
    guard.check(frameOf(0, MUXER_LIMITS.maxStreamWindowBytes));
    const header = frameOf(0, MUXER_LIMITS.maxStreamWindowBytes + 1, Buffer.alloc(0));
    guard.check(header.subarray(0, 11));
    expect(() => guard.check(header.subarray(11))).toThrow("larger than any window");
  });

  it("refuses a frame in single bytes, but not many small frames", () => {
    const guard = new FrameGuard();
    for (let count = 0; count < 10_000; count++) guard.check(frameOf(0, 1));
    const large = frameOf(0, 100_000);
    expect(() => {
      for (const byte of large) guard.check(Buffer.of(byte));
    }).toThrow("crumbs");
  });

  it("refuses pings and new streams without end", () => {
    const guard = new FrameGuard();
    const ping = frameOf(2, 1);
    ping[3] = 1;
    expect(() => {
      for (let count = 0; count < 10_000; count++) guard.check(ping);
    }).toThrow("without end");
  });

  it("takes any bytes without any other error", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (pieces) => {
        const guard = new FrameGuard();
        try {
          for (const piece of pieces) guard.check(piece);
        } catch (error) {
          expect(error).toMatchObject({ code: "BadBytes" });
        }
      }),
    );
  });
});
