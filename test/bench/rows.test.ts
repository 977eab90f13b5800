import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chosenRows, judge, percentile, type RowSpec, toRow, UnknownRow } from "./rows.ts";
import { formatTable } from "./table.ts";

const LOWER: RowSpec = { id: "publish", unit: "ms", direction: "lower", bar: 2 };
const HIGHER: RowSpec = { id: "first-view", unit: "ms", direction: "higher", bar: 6 };

describe("a percentile", () => {
  it("is one of the samples by nearest rank", () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([0, 0.5, 0.99, 1].map((fraction) => percentile(samples, fraction))).toEqual([1, 50, 99, 100]);
  });

  it("does not depend on the order of the samples and leaves them as they were", () => {
    const numbers = fc.array(fc.integer(), { minLength: 1 });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (samples, fraction) => {
        const before = [...samples];
        const value = percentile(samples, fraction);
        expect(samples).toEqual(before);
        expect(samples).toContain(value);
        expect(percentile([...samples].reverse(), fraction)).toBe(value);
      }),
    );
  });
});

describe("the choice of rows", () => {
  const specs = ["create-1", "create-8-raw", "create-8-xz", "create-80"].map((id) => ({ ...LOWER, id }));
  const chosen = (...names: readonly string[]) => [...chosenRows(specs, names)];

  it("is all of them when none is named", () => {
    expect(chosen()).toEqual(specs.map(({ id }) => id));
  });

  it("takes a name, or what several names begin with", () => {
    expect(chosen("create-1")).toEqual(["create-1"]);
    expect(chosen("create-8", "create-80")).toEqual(["create-8-raw", "create-8-xz", "create-80"]);
  });

  it("refuses what there is not", () => {
    expect(() => chosen("create-1", "create-9")).toThrow(UnknownRow);
  });
});

describe("a row", () => {
  it("passes up to its bar and fails above it when lower is better", () => {
    const passOf = (ratio: number): boolean => toRow(LOWER, { id: "publish", samples: [10], ratio }).pass;
    expect([1, 2, 2.001].map(passOf)).toEqual([true, true, false]);
  });

  it("passes from its bar on when higher is better", () => {
    const passOf = (ratio: number): boolean => toRow(HIGHER, { id: "first-view", samples: [10], ratio }).pass;
    expect([5.999, 6, 7].map(passOf)).toEqual([false, true, true]);
  });

  it("is held against the bar itself when it has no peer", () => {
    const row = toRow(LOWER, { id: "publish", samples: [1, 3, 5] });
    expect(row).toMatchObject({ n: 3, p50: 3, p99: 5, ours: 3, peers: {}, ratio: null, pass: false });
  });

  it("is judged before it is rounded for display", () => {
    expect(toRow(LOWER, { id: "publish", samples: [1], ratio: 2.000_01 })).toMatchObject({ ratio: 2, pass: false });
  });

  it("fails when nothing was measured", () => {
    expect(toRow(LOWER, { id: "publish", samples: [] }).pass).toBe(false);
    expect(toRow(HIGHER, { id: "first-view", samples: [], ratio: Number.NaN }).pass).toBe(false);
  });
});

describe("a run", () => {
  it("names the rows that are missing and those that failed", () => {
    const rows = [toRow(LOWER, { id: "publish", samples: [9] })];
    expect(judge([LOWER, HIGHER], rows)).toEqual({ missing: ["first-view"], failed: ["publish"] });
  });

  it("is printed with one line for each row", () => {
    const row = toRow(HIGHER, { id: "first-view", samples: [10], peers: { rsync: 71.23456 }, ratio: 7.123_456 });
    const [headings, line] = formatTable([row]).split("\n");
    expect(headings).toMatch(/^row +n +p50/);
    expect(line).toMatch(/^first-view +1 +10 +10 +10 ms +rsync 71\.23 +7\.123x +>= 6x +pass$/);
  });
});
