import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SkippableTest } from "@niphas/testing";
import { missingForMeshNetwork } from "../../mesh/network/index.ts";

export const { signal: never }: { readonly signal: AbortSignal } = new AbortController();

/** Skips the test with the reason where no mesh network can be made; where a run must be complete, it fails instead. */
export function needsMeshNetwork(test: SkippableTest): void {
  const missing = missingForMeshNetwork();
  if (missing.length === 0) return;
  const note = `it needs ${missing.join("; ")}`;
  if (process.env["NIPHAS_REQUIRE_REAL"] === "1") throw new Error(`this run must be complete, but ${note}`);
  test.skip(note);
}

/** The processes whose environment holds `variable=value`. */
export function processesMarked(variable: string, value: string): readonly number[] {
  const mark = `${variable}=${value}`;
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && environmentOf(pid).includes(mark));
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

/** A program of ours for `node`. */
export function program(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
