import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { ConsoleProgress, formatDuration } from "./console-progress.ts";
import { closingLine, exitCodeOf, resultsJson } from "./results.ts";
import { Runner, type RunnerInit } from "./runner.ts";
import type { Case, CaseResult, Surroundings } from "./story.ts";

/** Surroundings that note what happens. */
class NotedSurroundings implements Surroundings<string> {
  readonly events: string[] = [];
  stale: readonly string[] = [];

  async enter(caseName: string): Promise<string> {
    this.events.push(`enter ${caseName}`);
    return caseName;
  }

  async leave(context: string): Promise<readonly string[]> {
    this.events.push(`leave ${context}`);
    return this.stale;
  }

  async diagnose(context: string): Promise<string> {
    this.events.push(`diagnose ${context}`);
    return "what the cluster says";
  }
}

const good: Case<string> = { name: "good", run: async () => undefined };
const bad: Case<string> = {
  name: "bad",
  run: async () => {
    throw new Error("three mounts, expected two");
  },
};

async function run(
  cases: readonly Case<string>[],
  init: Partial<RunnerInit> = {},
  surroundings = new NotedSurroundings(),
): Promise<{ results: readonly CaseResult[]; output: string; events: readonly string[] }> {
  let output = "";
  const progress = new ConsoleProgress((text) => {
    output += text;
  });
  const signal = new AbortController().signal;
  const runner = new Runner({ surroundings, progress }, { signal, ...init });
  const results = await runner.run([{ name: "core", cases }]);
  return { results, output, events: surroundings.events };
}

it("runs each case in surroundings of its own, in order", async () => {
  const { results, events } = await run([good, { ...good, name: "better" }]);
  expect(results.map((result) => result.outcome)).toEqual(["passed", "passed"]);
  expect(events).toEqual(["enter good", "leave good", "enter better", "leave better"]);
});

it("goes on after a failure, says why, and asks the cluster before it cleans up", async () => {
  const { results, output, events } = await run([bad, good]);
  expect(results.map((result) => result.outcome)).toEqual(["failed", "passed"]);
  expect(results[0]?.reason).toBe("three mounts, expected two");
  expect(events.slice(0, 3)).toEqual(["enter bad", "diagnose bad", "leave bad"]);
  expect(output).toContain("what the cluster says");
});

it("fails a case that leaves something behind", async () => {
  const surroundings = new NotedSurroundings();
  surroundings.stale = ["node-1: a mount without a pod"];
  const { results } = await run([good], {}, surroundings);
  expect(results).toMatchObject([{ outcome: "failed", reason: "node-1: a mount without a pod" }]);
});

it("skips what a failed foundation was for, with the reason", async () => {
  const { results } = await run([{ ...bad, isFoundation: true }, good]);
  expect(results[1]).toMatchObject({ outcome: "skipped", reason: '"bad" failed' });
  expect(exitCodeOf(results)).toBe(1);
});

it("runs foundations and what the filter names", async () => {
  const cases = [{ ...good, name: "install", isFoundation: true }, good, { ...good, name: "the Other" }];
  const { results } = await run(cases, { filters: ["other"] });
  expect(results.map((result) => result.name)).toEqual(["install", "the Other"]);
});

it("runs foundations alone when they are what the filter names", async () => {
  const { results } = await run([{ ...good, name: "install", isFoundation: true }, good], { filters: ["Install"] });
  expect(results.map((result) => result.name)).toEqual(["install"]);
});

it("does not even begin a story of which nothing was asked for", async () => {
  const { results, events } = await run([{ ...good, isFoundation: true }, good], { filters: ["nothing like it"] });
  expect(results).toEqual([]);
  expect(events).toEqual([]);
  expect(exitCodeOf(results)).toBe(1);
});

it("ends a case that takes too long", async () => {
  const endless: Case<string> = {
    name: "endless",
    run: async () => sleep(60_000, undefined, { ref: false }),
    timeoutMs: 5,
  };
  const { results } = await run([endless, good]);
  expect(results.map((result) => result.outcome)).toEqual(["failed", "passed"]);
  expect(results[0]?.reason).toContain("timeout");
});

it("stops when it is told to: the running case fails, the rest is skipped", async () => {
  const stop = new AbortController();
  const stopping: Case<string> = {
    name: "stopping",
    run: async () => {
      stop.abort(new Error("stopped by SIGINT"));
      await sleep(60_000, undefined, { ref: false });
    },
  };
  const { results, events } = await run([stopping, good], { signal: stop.signal });
  expect(results.map((result) => result.outcome)).toEqual(["failed", "skipped"]);
  expect(events).toEqual(["enter stopping", "leave stopping"]);
});

it("ends with a line that a script can read, and writes the cases as JSON", async () => {
  const { results } = await run([good, bad]);
  expect(closingLine(results)).toBe("1 passed, 1 failed, 0 skipped");
  expect(JSON.parse(resultsJson(results))).toMatchObject({
    summary: "1 passed, 1 failed, 0 skipped",
    passed: 1,
    failed: 1,
    skipped: 0,
    cases: [{ story: "core", name: "good", outcome: "passed" }, { name: "bad" }],
  });
});

it("writes durations as people read them", () => {
  expect([850, 12_340, 245_000].map(formatDuration)).toEqual(["850 ms", "12.3 s", "4 min 05 s"]);
});
