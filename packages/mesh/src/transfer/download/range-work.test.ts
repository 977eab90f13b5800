import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ActiveRange, type PartWish, RangeWork } from "./range-work.ts";

const MIB = 2 ** 20;

function wish(parts: Partial<PartWish> = {}): PartWish {
  return { random: () => 0, copiesOf: () => 0, ...parts };
}

describe("RangeWork", () => {
  it("gives a small NAR as one range, a large one in parts of 8 MiB", () => {
    expect(new RangeWork(32 * MIB).partBytes).toBe(32 * MIB);
    expect(new RangeWork(32 * MIB + 1).partBytes).toBe(8 * MIB);
  });

  it("goes on at the byte where a source stopped", () => {
    const work = new RangeWork(40 * MIB);
    const range = work.take(8 * MIB);
    if (range === undefined) throw new Error("nothing to do");
    range.position = 5;
    work.giveBack(range);
    expect(work.take(Number.POSITIVE_INFINITY)).toMatchObject({ position: 5, end: 40 * MIB });
  });

  it("gives the first missing part when nobody works on it, and then any", () => {
    const work = new RangeWork(80 * MIB);
    const first = work.takePart(wish());
    const others = [0, 0.99, 0].map((random) => work.takePart(wish({ random: () => random }))?.position);
    expect([first?.position, ...others]).toEqual([0, 72 * MIB, 8 * MIB, 64 * MIB]);
    if (first !== undefined) work.giveBack(first);
    expect(work.takePart(wish())?.position).toBe(0);
  });

  it("gives a part that the fewest have", () => {
    const work = new RangeWork(80 * MIB);
    work.takePart(wish());
    const copiesOf = (position: number): number => (position === 40 * MIB ? 1 : 2);
    expect(work.takePart(wish({ copiesOf }))).toMatchObject({ position: 40 * MIB, end: 48 * MIB });
  });

  it("gives what a peer has, and nothing that somebody works on", () => {
    const work = new RangeWork(80 * MIB);
    work.take(8 * MIB);
    const has = [{ start: 0, end: 8 * MIB }];
    expect([work.hasWithin(has), work.takePart(wish({ within: has }))]).toEqual([false, undefined]);
    const within = [...has, { start: 28 * MIB, end: 39 * MIB }];
    expect(work.takePart(wish({ within, random: () => 0.99 }))).toMatchObject({ position: 28 * MIB, end: 32 * MIB });
    expect(work.takePart(wish({ within }))).toMatchObject({ position: 32 * MIB, end: 39 * MIB });
  });

  it("leaves what is too little of a part, unless that is all that is missing of it", () => {
    const work = new RangeWork(80 * MIB);
    work.take(14 * MIB);
    const within = [{ start: 10 * MIB, end: 19 * MIB }];
    expect(work.takePart(wish({ within }))).toMatchObject({ position: 14 * MIB, end: 16 * MIB });
    expect(work.hasWithin(within)).toBe(false);
  });

  it("takes the most that is offered of a part, when that comes in pieces", () => {
    const work = new RangeWork(80 * MIB);
    const within = [
      { start: 8 * MIB, end: 9 * MIB },
      { start: 10 * MIB, end: 16 * MIB },
    ];
    expect(work.hasWithin(within)).toBe(true);
    expect(work.takePart(wish({ within }))).toMatchObject({ position: 10 * MIB, end: 16 * MIB });
  });

  it("steals half of the range that would take longest", () => {
    const work = new RangeWork(40 * MIB);
    const [fast, slow] = [work.take(20 * MIB), work.take(20 * MIB)];
    if (fast === undefined || slow === undefined) throw new Error("nothing to do");
    fast.bytesPerMs = () => 1000;
    slow.bytesPerMs = () => 10;
    slow.position = 24 * MIB;
    expect(work.steal()).toMatchObject({ position: 32 * MIB, end: 40 * MIB });
    expect(slow.end).toBe(32 * MIB);
  });

  it("steals nothing that is nearly done", () => {
    const work = new RangeWork(MIB);
    work.take(MIB);
    expect(work.steal()).toBeUndefined();
    expect(work.hasMore).toBe(false);
  });

  it("gives each byte to exactly one worker that finishes it", () => {
    const step = fc.record({
      action: fc.constantFrom("take", "takePart", "takeWithin", "steal", "advance", "giveBack"),
      amount: fc.nat(6 * MIB),
    } as const);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const workers = new Workers(40 * MIB);
        for (const { action, amount } of steps) workers[action](amount);
        workers.finish();
        expect(workers.work.isDone).toBe(true);
        expect(workers.doneBytes).toBe(40 * MIB);
      }),
    );
  });
});

/** Workers that do what a test says. */
class Workers {
  readonly work: RangeWork;
  readonly #active: ActiveRange[] = [];
  doneBytes = 0;

  constructor(sizeBytes: number) {
    this.work = new RangeWork(sizeBytes);
  }

  take(maxBytes: number): void {
    this.#began(this.work.take(maxBytes + 1));
  }

  takePart(seed: number): void {
    this.#began(this.work.takePart(wish({ random: () => (seed % 1000) / 1000 })));
  }

  takeWithin(start: number): void {
    const offered = { start: start * 5, end: start * 5 + 8 * MIB };
    const range = this.work.takePart(wish({ within: [offered] }));
    if (range !== undefined) expect([range.position >= offered.start, range.end <= offered.end]).toEqual([true, true]);
    this.#began(range);
  }

  steal(): void {
    this.#began(this.work.steal());
  }

  advance(sizeBytes: number): void {
    const [range] = this.#active;
    if (range === undefined) return;
    const stepBytes = Math.min(sizeBytes, range.end - range.position);
    range.position += stepBytes;
    this.doneBytes += stepBytes;
  }

  giveBack(): void {
    const range = this.#active.shift();
    if (range !== undefined) this.work.giveBack(range);
  }

  finish(): void {
    while (this.#active.length > 0) this.giveBack();
    for (this.take(MIB); this.#active.length > 0; this.take(MIB)) {
      this.advance(2 * MIB);
      this.giveBack();
    }
  }

  #began(range: ActiveRange | undefined): void {
    if (range !== undefined) this.#active.push(range);
  }
}
