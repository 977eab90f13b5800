import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "../hashes/path-digest.ts";
import { MemoryOwnPaths } from "../twins/memory-own-paths.ts";
import { testPath, testPaths } from "../twins/test-paths.ts";
import { OwnSummary } from "./own-summary.ts";
import { PeerSummary } from "./peer-summary.ts";
import { formatDelta, formatSummary, MAX_REMOVED, parseDelta, parseSummary, type SummaryDelta } from "./summary.ts";

/** An owner that follows its paths, and a receiver that only hears answers. */
function pair(first: number = 0): {
  paths: MemoryOwnPaths;
  own: OwnSummary;
  receive: () => string;
  peer: () => PeerSummary;
} {
  const paths = new MemoryOwnPaths();
  paths.add(...testPaths(first));
  let epoch = 0;
  const own = new OwnSummary({ paths, random: () => (++epoch % 1000) / 1000 });
  paths.onChange((change) => own.apply(change));
  let known: PeerSummary | undefined;
  const receive = (): string => {
    const answer = own.answer(known?.position);
    if (answer.kind === "summary") known = new PeerSummary(parseSummary(formatSummary(answer.summary)), { seed: 1 });
    if (answer.kind === "delta") expect(known?.apply(parseDelta(formatDelta(answer.delta)))).toBe(true);
    return answer.kind;
  };
  const peer = (): PeerSummary => known ?? expect.fail("nothing was received");
  return { paths, own, receive, peer };
}

interface Step {
  readonly kind: "add" | "remove" | "receive";
  readonly indexes: readonly number[];
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("add", "remove", "receive"),
  indexes: fc.array(fc.nat(600), { maxLength: 400 }),
});

const steps = fc.array(step, { maxLength: 20 });

function play(each: readonly Step[], paths: MemoryOwnPaths, receive: () => unknown): void {
  for (const { kind, indexes } of each) {
    if (kind === "add") paths.add(...indexes.map(testPath));
    else if (kind === "remove") paths.remove(...indexes.map(testPath));
    else receive();
  }
}

describe("a summary with its deltas", () => {
  it("never denies a path that is held", () => {
    fc.assert(
      fc.property(steps, (each) => {
        const { paths, receive, peer } = pair(100);
        play(each, paths, receive);
        receive();
        const held = testPaths(601).filter((path) => paths.has(path));
        expect(held.filter((path) => !peer().has(digestOf(path)))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("no longer claims what was removed", () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(99), { maxLength: 100 }), (each, removed) => {
        const { paths, receive, peer } = pair(100);
        play(each, paths, receive);
        receive();
        const held = [...new Set(removed.map(testPath))].filter((path) => paths.has(path));
        paths.remove(...held);
        // A filter that was made anew may claim a few by chance.
        const bound = receive() === "summary" ? 3 : 0;
        expect(held.filter((path) => peer().has(digestOf(path))).length).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 60 },
    );
  });

  it("is only asked for what has changed", () => {
    const { paths, receive } = pair(500);
    expect([receive(), receive()]).toEqual(["summary", "current"]);
    paths.add(testPath(1000));
    paths.remove(testPath(1));
    expect([receive(), receive()]).toEqual(["delta", "current"]);
  });

  it("is made anew when too much was removed, and then holds only what is left", () => {
    const { paths, receive, peer } = pair(2000);
    receive();
    paths.remove(...testPaths(1000));
    expect(receive()).toBe("summary");
    const claimed = testPaths(1000).filter((path) => peer().has(digestOf(path)));
    expect(claimed.length).toBeLessThan(30);
    expect(testPaths(1000, 1000).every((path) => peer().has(digestOf(path)))).toBe(true);
  });

  it("is made anew when the filter is full", () => {
    const { paths, receive, peer } = pair();
    receive();
    paths.add(...testPaths(5000));
    expect(receive()).toBe("summary");
    expect(testPaths(5000).every((path) => peer().has(digestOf(path)))).toBe(true);
  });

  it("shows a gap, and takes old and overlapping deltas without harm", () => {
    const { paths, own, receive, peer } = pair(10);
    receive();
    const start = own.position;
    const deltas = [20, 21, 22].map((index) => {
      const before = own.position;
      paths.add(testPath(index));
      const answer = own.answer(before);
      return answer.kind === "delta" ? answer.delta : expect.fail("no delta");
    });
    const [first, , last] = deltas as [SummaryDelta, SummaryDelta, SummaryDelta];
    expect(peer().apply(last)).toBe(false);
    expect(peer().apply(first)).toBe(true);
    const overlapping = own.answer(start);
    expect(overlapping.kind === "delta" && peer().apply(overlapping.delta)).toBe(true);
    expect(peer().apply(first)).toBe(true);
    expect(peer().position).toEqual(own.position);
    expect(peer().has(digestOf(testPath(22)))).toBe(true);
  });

  it("tells a receiver of another epoch to ask", () => {
    const { own, receive, peer } = pair(10);
    receive();
    expect(peer().apply({ ...own.notice(), epoch: own.position.epoch + 1 })).toBe(false);
  });

  it("is given up when the peer only ever adds removals", () => {
    const { own, receive, peer } = pair(10);
    receive();
    const flood = (first: number): SummaryDelta => {
      const position = peer().position;
      const paths = testPaths(MAX_REMOVED, first).map(digestOf);
      const removed = Uint8Array.from(paths.flatMap((digest) => [...digest]));
      const [fromVersion, toVersion] = [position.version, position.version + 1];
      return parseDelta({ ...own.position, fromVersion, toVersion, added: new Uint8Array(), removed });
    };
    expect(peer().apply(flood(100))).toBe(true);
    expect(() => peer().apply(flood(10_000))).toThrow(expect.objectContaining({ code: "BadBytes" }));
  });
});

describe("parsing summaries and deltas", () => {
  const bytes = fc.uint8Array({ maxLength: 100 });
  const number = fc.oneof(fc.nat(), fc.double(), fc.integer());

  it("takes foreign values or refuses them as BadBytes", () => {
    const wire = fc.record({ epoch: number, fromVersion: number, toVersion: number, added: bytes, removed: bytes });
    fc.assert(
      fc.property(wire, (delta) => {
        try {
          const parsed = parseDelta(delta);
          expect(parsed.toVersion).toBeGreaterThanOrEqual(parsed.fromVersion);
        } catch (error) {
          expect(error).toMatchObject({ code: "BadBytes" });
        }
      }),
    );
    fc.assert(
      fc.property(fc.record({ epoch: number, version: number, filter: bytes, removed: bytes }), (summary) => {
        expect(() => parseSummary(summary)).toThrow(expect.objectContaining({ code: "BadBytes" }));
      }),
    );
  });
});
