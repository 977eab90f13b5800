import type { RealiseProgress } from "@niphas/nix";
import { describe, expect, it } from "vitest";
import type { Output } from "../terminal/output.ts";
import { describeProgress, renderBar } from "./progress-line.ts";
import { createProgressReporter, progressStyle } from "./progress-reporter.ts";

const half: RealiseProgress = {
  phase: "fetching",
  donePaths: 12,
  totalPaths: 87,
  doneBytes: 406 << 20,
  totalBytes: 812 << 20,
  sources: ["cache.example.org"],
};

function recordingOutput(isErrorTerminal: boolean) {
  const written: string[] = [];
  const output: Output = {
    write: () => undefined,
    writeError: (text) => written.push(text),
    isTerminal: false,
    isErrorTerminal,
    columns: 60,
  };
  return { written, output };
}

describe("describeProgress", () => {
  it("says how much, of how much and from where", () => {
    expect(describeProgress(half)).toBe("fetching 406.0 MiB of 812.0 MiB, 12 of 87 paths, from cache.example.org");
    expect(describeProgress({ ...half, phase: "querying" })).toBe("asking the binary caches");
  });

  it("does not let a name steer the terminal", () => {
    expect(describeProgress({ ...half, sources: ["a\x1b[2J"] })).toContain("from a?[2J");
  });
});

describe("renderBar", () => {
  it("fits the terminal and never overflows", () => {
    expect(renderBar(half, 60)).toMatch(/^\[#{10}-{10}\] {1,2}50% fetching/);
    expect(renderBar(half, 60)).toHaveLength(59);
    expect(renderBar({ ...half, doneBytes: 900 << 20 }, 80)).toContain("100%");
  });
});

describe("createProgressReporter", () => {
  it("draws a bar on a terminal, at most ten times a second, and leaves a clean line", () => {
    const { written, output } = recordingOutput(true);
    let nowMs = 0;
    const reporter = createProgressReporter(output, progressStyle(output, false), () => nowMs);
    reporter.update(half);
    reporter.update(half);
    nowMs = 150;
    reporter.update(half);
    reporter.close();
    reporter.close();
    expect(written).toHaveLength(3);
    expect(written.at(-1)).toBe("\r\x1b[K");
  });

  it("writes plain lines at intervals elsewhere", () => {
    const { written, output } = recordingOutput(false);
    let nowMs = 0;
    const reporter = createProgressReporter(output, progressStyle(output, false), () => nowMs);
    for (nowMs = 0; nowMs <= 11_000; nowMs += 1_000) reporter.update({ ...half, doneBytes: nowMs });
    reporter.update({ ...half, phase: "done", donePaths: 87, doneBytes: 812 << 20 });
    reporter.close();
    expect(written).toHaveLength(3);
    expect(written.at(-1)).toBe("niphas: fetched 87 paths, 812.0 MiB\n");
  });

  it("says nothing about a fetch of nothing, and nothing at all when told to be quiet", () => {
    const { written, output } = recordingOutput(false);
    const done = { ...half, phase: "done", donePaths: 0 } as const;
    createProgressReporter(output, "lines").update(done);
    const quiet = createProgressReporter(output, progressStyle(output, true));
    quiet.step("building");
    quiet.update(half);
    quiet.close();
    expect(written).toEqual([]);
  });
});
