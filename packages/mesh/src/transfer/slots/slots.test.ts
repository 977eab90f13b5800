import { describe, expect, it } from "vitest";
import { testPath } from "../../discovery/twins/test-paths.ts";
import type { PeerId } from "../../ports.ts";
import { RecentTakers } from "./recent-takers.ts";
import { SlotBody } from "./slot-body.ts";
import { UploadSlots } from "./upload-slots.ts";

const peers = (...names: string[]): PeerId[] => names as PeerId[];

async function* threeBytes(): AsyncGenerator<Uint8Array, void, undefined> {
  for (let left = 3; left > 0; left--) yield Buffer.from("x");
}

function bodyOf(slots: UploadSlots, signal: AbortSignal, onEnd: (sentBytes: number) => void = () => undefined) {
  const slot = slots.tryTake();
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
    const held = Array.from({ length: 9 }, () => slots.tryTake());
    expect(held.map((slot) => slot !== undefined)).toEqual([...new Array(8).fill(true), false]);
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
