import { setImmediate } from "node:timers/promises";
import { NiphasError, type StorePath } from "@niphas/core";
import type { PathInfo } from "../ports.ts";
import { numberColumn, pathColumn, type Row, toPathInfo } from "./rows.ts";

/** About 2 ms of queries, and as much of parsing. */
const STEP_PATHS = 64;

export interface ClosureReader {
  /** Rows of these ids, in any order. */
  rows(ids: readonly number[]): readonly Row[];
  /** `referrer` and `reference` of every reference that these ids have. */
  references(ids: readonly number[]): readonly Row[];
}

interface Visited {
  readonly row: Row;
  readonly path: StorePath;
  readonly referenceIds: number[];
}

/**
 * Reads a closure a few paths at a time and serves the event loop in between: one query for 2,000 paths takes 40 ms.
 * Not one snapshot, which is as good for a closure that a root holds: neither its rows nor their references change.
 */
export async function walkClosure(
  reader: ClosureReader,
  rootIds: readonly number[],
  signal: AbortSignal,
): Promise<readonly PathInfo[]> {
  const visited = new Map<number, Visited>();
  const found = new Set(rootIds);
  const queue = [...found];
  while (queue.length > 0) {
    const ids = queue.splice(0, STEP_PATHS);
    for (const id of visit(reader, ids, visited)) {
      if (!found.has(id)) queue.push(id);
      found.add(id);
    }
    await nextStep(signal);
  }
  const sorted = [...visited.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return await describe(sorted, visited, signal);
}

/** @returns what these ids refer to */
function visit(reader: ClosureReader, ids: readonly number[], visited: Map<number, Visited>): readonly number[] {
  for (const row of reader.rows(ids)) {
    visited.set(numberColumn(row, "id"), { row, path: pathColumn(row), referenceIds: [] });
  }
  const referenceIds: number[] = [];
  for (const edge of reader.references(ids)) {
    const id = numberColumn(edge, "reference");
    visited.get(numberColumn(edge, "referrer"))?.referenceIds.push(id);
    referenceIds.push(id);
  }
  return referenceIds;
}

async function describe(
  sorted: readonly Visited[],
  visited: ReadonlyMap<number, Visited>,
  signal: AbortSignal,
): Promise<readonly PathInfo[]> {
  const infos: PathInfo[] = [];
  for (const { row, path, referenceIds } of sorted) {
    const references = referenceIds.map((id) => pathOf(visited, id)).sort();
    infos.push(toPathInfo(row, path, references));
    if (infos.length % (4 * STEP_PATHS) === 0) await nextStep(signal);
  }
  return infos;
}

function pathOf(visited: ReadonlyMap<number, Visited>, id: number): StorePath {
  const path = visited.get(id)?.path;
  if (path !== undefined) return path;
  throw new NiphasError("ClosureCollected", "a path of the closure has gone while it was being read: is it rooted?");
}

async function nextStep(signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new NiphasError("Cancelled", "the work was cancelled", { cause: signal.reason });
  await setImmediate();
}
