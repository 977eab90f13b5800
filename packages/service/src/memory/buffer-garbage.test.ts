import { describe, expect, it } from "vitest";
import { buffersPassed } from "./buffer-garbage.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

describe("buffersPassed", () => {
  it("keeps the memory of buffers that nobody has any more from piling up", () => {
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let passed = 0; passed < 256 * MIB; passed += 64 * KIB) {
      buffersPassed(Buffer.allocUnsafeSlow(64 * KIB).byteLength);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(most).toBeLessThan(32 * MIB);
  });

  it("takes nothing from those who still have theirs", () => {
    const kept = Array.from({ length: 64 }, (_, index) => Buffer.alloc(256 * KIB, index));
    for (const buffer of kept) buffersPassed(buffer.byteLength);
    expect(kept.every((buffer, index) => buffer.every((byte) => byte === index))).toBe(true);
  });
});
