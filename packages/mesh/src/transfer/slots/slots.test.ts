import { ManualClock } from "@niphas/service";
import { describe, expect, it } from "vitest";
import { testPath } from "../../discovery/twins/test-paths.ts";
import type { PeerId } from "../../ports.ts";
import { RecentTakers } from "./recent-takers.ts";
import { SlotBody } from "./slot-body.ts";
import { UploadSlots } from "./upload-slots.ts";

const peers = (...names: string[]): PeerId[] => names as PeerId[];

const [A, B, C] = ["a", "b", "c"] as [PeerId, PeerId, PeerId];

const MIB = 2 ** 20;
const LONG = { clock: new ManualClock(), waitMs: 1_000 };

async function* threeBytes(): AsyncGenerator<Uint8Array, void, undefined> {
  for (let left = 3; left > 0; left--) yield Buffer.from("x");
}

function bodyOf(slots: UploadSlots, signal: AbortSignal, onEnd: (sentBytes: number) => void = () => undefined) {
  const slot = slots.tryTake(A);
  if (slot === undefined) throw new Error("no slot");
  return new SlotBody(threeBytes(), { slot, signal, onEnd });
}

describe("RecentTakers", () => {
  it("names the last four who finished a path, the latest first, each once", () => {
    const takers = new RecentTakers();
    for (const peer of peers("a", "b", "c", "a", "d", "e")) takers.add(testPath(0), peer);
    expect(takers.of(testPath(0))).toEqual(["e", "d", "a", "c"]);
    expect(takers.of(testPath(1))).toEqual([]);
  });

  it("names who got a part of a large NAR, but not who got one of a small one", () => {
    const takers = new RecentTakers();
    const part = { start: 8 * MIB, end: 16 * MIB };
    takers.got(testPath(0), A, { ...part, narSizeBytes: 1024 * MIB });
    takers.got(testPath(0), B, { start: 0, end: MIB, narSizeBytes: 1024 * MIB });
    takers.got(testPath(1), A, { ...part, narSizeBytes: 17 * MIB });
    takers.got(testPath(1), B, { start: 16 * MIB, end: 17 * MIB, narSizeBytes: 17 * MIB });
    expect([takers.of(testPath(0)), takers.of(testPath(1))]).toEqual([[A], [B]]);
  });

  it("forgets the path that was finished longest ago", () => {
    const takers = new RecentTakers();
    for (let index = 0; index <= 4096; index++) takers.add(testPath(index), "a" as PeerId);
    expect(takers.of(testPath(0))).toEqual([]);
    expect(takers.of(testPath(1))).toEqual(["a"]);
  });
});

describe("an upload slot", () => {
  const { signal } = new AbortController();

  it("is there 8 times", () => {
    const slots = new UploadSlots();
    const held = [A, B, A, B, A, B, A, B, C].map((peer) => slots.tryTake(peer));
    expect(held.map((slot) => slot !== undefined)).toEqual([...new Array(8).fill(true), false]);
  });

  it("is left for others when one peer takes all that it gets and reads nothing", async () => {
    const slots = new UploadSlots();
    const held = Array.from({ length: 8 }, () => slots.tryTake(A));
    expect(held.filter((slot) => slot !== undefined)).toHaveLength(6);
    const waiting = slots.take(A, LONG, signal);
    const served = [slots.tryTake(B), slots.tryTake(C)];
    expect(served).not.toContain(undefined);
    const next = slots.take(B, LONG, signal);
    served[0]?.[Symbol.dispose]();
    // Though the other one has waited for longer.
    expect(await next).toBeDefined();
    held[0]?.[Symbol.dispose]();
    expect(await waiting).toBeDefined();
    expect(slots.free).toBe(0);
  });

  it("is not lost when who waits for it leaves, not even with the slot that it is to get", async () => {
    const slots = new UploadSlots({ count: 1 });
    const leaving = new AbortController();
    bodyOf(slots, leaving.signal);
    const left = slots.take(A, LONG, leaving.signal);
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    expect(slots.free).toBe(1);
  });

  it("is waited for no longer than is allowed", async () => {
    const clock = new ManualClock();
    const slots = new UploadSlots({ count: 1 });
    const held = slots.tryTake(A);
    const waiting = slots.take(B, { clock, waitMs: 250 }, signal);
    await clock.advance(250);
    expect(await waiting).toBeUndefined();
    held?.[Symbol.dispose]();
    expect(slots.free).toBe(1);
  });

  it("is there for anybody when there is only one, and for another one when there are two", () => {
    expect(new UploadSlots({ count: 1 }).tryTake(A)).toBeDefined();
    const two = new UploadSlots({ count: 2 });
    expect([A, A, B].map((peer) => two.tryTake(peer) !== undefined)).toEqual([true, false, true]);
  });

  it("is free again when the body has ended, with its size told", async () => {
    const slots = new UploadSlots();
    let sentBytes = 0;
    for await (const _ of bodyOf(slots, signal, (each) => {
      sentBytes = each;
    }));
    expect([slots.free, sentBytes]).toEqual([8, 3]);
  });

  it("is free again when the reader leaves", async () => {
    const slots = new UploadSlots();
    for await (const _ of bodyOf(slots, signal)) break;
    expect(slots.free).toBe(8);
  });

  it("is free again when the peer goes before anything was read", () => {
    const slots = new UploadSlots();
    const gone = new AbortController();
    bodyOf(slots, gone.signal);
    expect(slots.free).toBe(7);
    gone.abort();
    expect(slots.free).toBe(8);
  });
});
