import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

export interface FootprintInit {
  readonly nodeCount: number;
  readonly pathsPerNode: number;
  readonly seed: number;
}

/** What one node's discovery takes in memory. */
export interface Footprint {
  readonly nodeCount: number;
  /** Shards that the node keeps. */
  readonly shardCount: number;
  readonly keptPairs: number;
  /** More than the process had with only the list of its own paths: resident, or in use, whichever is more. */
  readonly stateMib: number;
  /** Resident, all in all. */
  readonly processMib: number;
  /** Resident, just after all others have announced. */
  readonly peakMib: number;
}

const CHILD = join(import.meta.dirname, "footprint-child.ts");

/** Measures in a process of its own, so that nothing else counts. */
export async function measureFootprint(init: FootprintInit, signal: AbortSignal): Promise<Footprint> {
  const args = ["--expose-gc", "--no-warnings", CHILD, JSON.stringify(init)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { signal });
  return JSON.parse(stdout);
}
