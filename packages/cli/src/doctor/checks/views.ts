import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "@niphas/core";
import { ComposefsStrategy, LinuxMounter, type ProbeResult, TreeStrategy } from "@niphas/views";
import { type Check, fail, ok, warn } from "../check.ts";
import { nearestExisting } from "./store.ts";

/**
 * Tries each kind of view that volumes and root's runs use, on the state
 * directory's file system. Ordinary users' runs need none of them.
 */
export async function checkViews(stateDir: string, signal: AbortSignal): Promise<readonly Check[]> {
  const parentDir = nearestExisting(stateDir);
  let scratchDir: string;
  try {
    scratchDir = mkdtempSync(join(parentDir, ".niphas-doctor-"));
  } catch (error) {
    const reason = `${parentDir} cannot be written to (${systemErrorCode(error) ?? "unknown error"})`;
    return [fail("views", reason, "give a --state-dir that is writable")];
  }
  try {
    return await probeStrategies(scratchDir, signal);
  } finally {
    rmSync(scratchDir, { recursive: true, force: true });
  }
}

async function probeStrategies(scratchDir: string, signal: AbortSignal): Promise<readonly Check[]> {
  const viewsDir = join(scratchDir, "views");
  const physicalStoreDir = join(scratchDir, "store");
  for (const dir of [viewsDir, physicalStoreDir]) mkdirSync(dir);
  const mounter = new LinuxMounter();
  const composefs = await new ComposefsStrategy({ mounter }, { viewsDir }).probe(signal);
  const tree = await new TreeStrategy({ viewsDir, physicalStoreDir }).probe(signal);
  return viewChecks(composefs, tree);
}

/** One of the two is enough. */
export function viewChecks(composefs: ProbeResult, tree: ProbeResult): readonly Check[] {
  const report = (id: string, works: string, result: ProbeResult, other: ProbeResult): Check => {
    if (result.ok) return ok(id, works);
    return (other.ok ? warn : fail)(id, result.reason, result.advice);
  };
  return [
    report("view-composefs", "views are made with composefs", composefs, tree),
    report("view-tree", "views can be made as hard-link trees", tree, composefs),
  ];
}
