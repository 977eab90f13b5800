import { expect, it } from "vitest";
import { ManualClock } from "../twins/manual-clock.ts";
import { releaseFreeMemory } from "./free-memory.ts";
import { MemoryReturn } from "./memory-return.ts";

const MIB = 1024 * 1024;

function watched() {
  const clock = new ManualClock();
  const done: string[] = [];
  const process = { usedMs: 0 };
  const memory = new MemoryReturn({
    clock,
    processorMs: () => process.usedMs,
    collect: () => done.push("collect"),
    release: () => done.push("release"),
  });
  return { clock, done, process, memory };
}

it("memory is given back once after the start, and not again while nothing is done", async () => {
  const { clock, done, memory } = watched();
  await clock.advance(600_000);
  expect(done).toEqual(["collect", "release"]);
  memory[Symbol.dispose]();
  expect(clock.timerCount).toBe(0);
});

it("memory is given back after work, not in the middle of it", async () => {
  const { clock, done, process, memory } = watched();
  using _memory = memory;
  await clock.advance(60_000);
  done.length = 0;
  for (let second = 0; second < 60; second++) {
    process.usedMs += 500;
    await clock.advance(1_000);
  }
  expect(done).toEqual([]);
  await clock.advance(60_000);
  expect(done).toEqual(["collect", "release"]);
});

it("what is in use stays when the C library gives its free memory back", () => {
  const pieces = Array.from({ length: 32 }, () => Buffer.alloc(MIB, 1));
  releaseFreeMemory();
  expect(pieces.every((piece) => piece.every((byte) => byte === 1))).toBe(true);
});
