import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NixLogEvent } from "./internal-json.ts";
import { ProgressTracker } from "./progress-tracker.ts";

const COPY_PATHS = 1;
const REALISE = 2;
const COPY = 10;

function start(id: number, type: number, ...fields: (string | number)[]): NixLogEvent {
  return { action: "start", id, type, fields };
}

function progress(id: number, ...fields: number[]): NixLogEvent {
  return { action: "result", id, type: 105, fields };
}

/** The order in which Nix 2.8 logs a realisation of two paths. */
const RECORDED: readonly NixLogEvent[] = [
  start(REALISE, 102),
  start(COPY_PATHS, 103),
  progress(COPY_PATHS, 0, 2, 0, 0),
  { action: "result", id: REALISE, type: 106, fields: [101, 1_000] },
  { action: "result", id: REALISE, type: 106, fields: [100, 3_000] },
  start(5, 108, "/nix/store/a", "http://user:canary@cache?token=canary"),
  start(COPY, 100, "/nix/store/a", "http://cache", "local"),
  progress(COPY, 500, 1_000, 0, 0),
  progress(COPY, 1_000, 1_000, 0, 0),
  { action: "stop", id: COPY },
  progress(COPY_PATHS, 1, 2, 0, 0),
  start(COPY + 1, 100, "/nix/store/b", "http://cache", "local"),
  progress(COPY + 1, 700, 2_000, 0, 0),
];

function track(events: readonly NixLogEvent[]) {
  const tracker = new ProgressTracker();
  return events
    .filter((event) => tracker.apply(event))
    .map(() => tracker.current())
    .concat(tracker.current())
    .at(-1);
}

describe("ProgressTracker", () => {
  it("adds finished and running copies up, and names sources without credentials", () => {
    expect(track(RECORDED)).toEqual({
      phase: "fetching",
      donePaths: 1,
      totalPaths: 2,
      doneBytes: 1_700,
      totalBytes: 3_000,
      sources: ["http://cache"],
    });
  });

  it("is querying until a substituter gives something", () => {
    expect(track(RECORDED.slice(0, 5))).toMatchObject({
      phase: "querying",
      totalPaths: 2,
      totalBytes: 3_000,
      sources: [],
    });
  });

  it("says whether an event changed anything", () => {
    const tracker = new ProgressTracker();
    expect(tracker.apply(start(COPY_PATHS, 103))).toBe(false);
    expect(tracker.apply(progress(COPY_PATHS, 0, 2, 0, 0))).toBe(true);
    expect(tracker.apply(progress(99, 1, 2, 0, 0))).toBe(false);
    expect(tracker.apply({ action: "msg", level: 3, text: "x" })).toBe(false);
  });

  it("never runs backwards and never past its total, whatever it is told", () => {
    const id = fc.integer({ min: 0, max: 5 });
    const field = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constantFrom(100, 101));
    const event = fc.oneof(
      fc.record({
        action: fc.constant("start" as const),
        id,
        type: fc.constantFrom(100, 102, 103, 108),
        fields: fc.array(field),
      }),
      fc.record({ action: fc.constant("stop" as const), id }),
      fc.record({
        action: fc.constant("result" as const),
        id,
        type: fc.constantFrom(105, 106),
        fields: fc.array(field),
      }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const tracker = new ProgressTracker();
        let last = tracker.current();
        for (const each of events) {
          tracker.apply(each);
          const next = tracker.current();
          expect(next.doneBytes).toBeGreaterThanOrEqual(last.doneBytes);
          expect(next.donePaths).toBeGreaterThanOrEqual(last.donePaths);
          expect(next.doneBytes).toBeLessThanOrEqual(next.totalBytes);
          expect(next.donePaths).toBeLessThanOrEqual(next.totalPaths);
          expect(next.sources.length).toBeLessThanOrEqual(16);
          last = next;
        }
      }),
    );
  });
});
