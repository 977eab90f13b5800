import { parseNarHash, parseStorePath, type StorePath } from "@niphas/core";
import type { LocalPathInfo } from "@niphas/nix";
import { describe, expect, it } from "vitest";
import { closureReport } from "./closure-report.ts";
import { closureJson, renderClosure } from "./render-closure.ts";

const path = (letter: string): StorePath => parseStorePath(`/nix/store/${letter.repeat(32)}-${letter}`);
const [app, lib, libc] = [path("a"), path("b"), path("c")];

function row(of: StorePath, narSizeBytes: number, references: readonly StorePath[]): LocalPathInfo {
  return {
    path: of,
    narHash: parseNarHash(`sha256:${"0".repeat(64)}`),
    narSizeBytes,
    references,
  };
}

/** The app needs both libraries, one library the other; libc refers to itself as real ones do. */
const closure = [row(app, 100, [app, libc, lib]), row(lib, 2048, [libc]), row(libc, 3 << 20, [libc])];

describe("closureReport", () => {
  it("sums up and puts the largest path first", () => {
    const report = closureReport(app, closure);
    expect(report).toMatchObject({ root: app, pathCount: 3, narSizeBytes: 100 + 2048 + (3 << 20) });
    expect(report.paths.map((each) => each.path)).toEqual([libc, lib, app]);
  });

  it("counts each path once in the size with closure", () => {
    const sizes = new Map(closureReport(app, closure).paths.map((each) => [each.path, each.closureSizeBytes]));
    expect(sizes.get(app)).toBe(100 + 2048 + (3 << 20));
    expect(sizes.get(lib)).toBe(2048 + (3 << 20));
  });
});

describe("renderClosure", () => {
  const report = closureReport(app, closure);

  it("draws the tree and marks what was drawn before", () => {
    const shared = row(lib, 2048, [libc]);
    const top = row(app, 100, [lib, path("d")]);
    const side = row(path("d"), 1, [lib]);
    const text = renderClosure(closureReport(app, [top, shared, side, row(libc, 1, [])]), { isTree: true, largest: 0 });
    const names = text.split("\n").slice(3, -1);
    expect(names.map((line) => line.replace(/([a-d])\1{31}-/, ""))).toEqual([
      "a (100 B)",
      "├── b (2.0 KiB)",
      "│   └── c (1 B)",
      "└── d (1 B)",
      "    └── b (2.0 KiB) [...]",
    ]);
  });

  it("lists the largest paths with both sizes", () => {
    const lines = renderClosure(report, { isTree: false, largest: 2 }).split("\n");
    expect(lines.slice(0, 2)).toEqual([app, "3 paths, 3.0 MiB"]);
    expect(lines.slice(3)).toEqual([
      "OWN SIZE  WITH CLOSURE  PATH",
      ` 3.0 MiB       3.0 MiB  ${libc}`,
      ` 2.0 KiB       3.0 MiB  ${lib}`,
      "",
    ]);
  });

  it("gives machines everything, or as many of the largest as asked for", () => {
    const all = JSON.parse(closureJson(report, undefined));
    expect(all.paths).toHaveLength(3);
    expect(all.paths[2]).toEqual({
      path: app,
      narSizeBytes: 100,
      closureSizeBytes: 100 + 2048 + (3 << 20),
      references: [lib, libc],
    });
    expect(JSON.parse(closureJson(report, 1)).paths).toHaveLength(1);
  });
});
