import type { RealiseProgress } from "@niphas/nix";
import { expect, it } from "vitest";
import { HELLO, WORLD } from "../twins/test-plugin.ts";
import { describeFetch } from "./closure-fetch.ts";

const PROGRESS: RealiseProgress = {
  phase: "fetching",
  donePaths: 0,
  totalPaths: 3,
  doneBytes: 0,
  totalBytes: 2 ** 20,
  sources: [],
};

it("says what is going on before anything is known", () => {
  expect(describeFetch([HELLO], undefined)).toContain("asking the substituters");
  expect(describeFetch([HELLO], { ...PROGRESS, phase: "querying" })).toContain("asking the substituters");
});

it("names paths, bytes and sources, however many", () => {
  expect(describeFetch([HELLO, WORLD], PROGRESS)).toBe(
    "fetching hello-2.12, world-1.0: 0 of 1 MiB, 0 of 3 paths; the next retry joins in",
  );
  const many = { ...PROGRESS, sources: ["a", "b", "c", "d"] };
  expect(
    describeFetch(
      Array.from({ length: 64 }, () => HELLO),
      many,
    ),
  ).toBe(
    "fetching hello-2.12, hello-2.12, hello-2.12 and 61 more: 0 of 1 MiB, 0 of 3 paths, from a, b, c and 1 more; the next retry joins in",
  );
});

it("names peers and what upstream gave where there is a mesh", () => {
  const mesh = {
    doneBytes: 430 * 2 ** 20,
    totalBytes: 812 * 2 ** 20,
    donePaths: 12,
    totalPaths: 87,
    peers: 6,
    peerBytes: 430 * 2 ** 20,
    upstreamBytes: 0,
  };
  const text = (more: Partial<typeof mesh>) => describeFetch([HELLO], { ...PROGRESS, mesh: { ...mesh, ...more } });
  expect(text({})).toBe("fetching hello-2.12: 430 of 812 MiB, 6 peers, 0 upstream; the next retry joins in");
  expect(text({ peers: 1, upstreamBytes: 5 * 2 ** 20 })).toContain("430 of 812 MiB, 1 peer, 5 MiB upstream");
  expect(text({ totalBytes: 0 })).toContain("0 of 1 MiB, 0 of 3 paths");
});
