import { setTimeout as sleep } from "node:timers/promises";
import { processorMs, residentMib } from "../network/process-figures.ts";

export interface IdleFigures {
  readonly residentMib: number;
  /** Of one processor. */
  readonly processorPercent: number;
}

const PERCENT = 100;

/** What a process takes while it has nothing to do. */
export async function measureIdle(pid: number, durationMs: number, signal: AbortSignal): Promise<IdleFigures> {
  const startedAtMs = performance.now();
  const before = processorMs(pid);
  await sleep(durationMs, undefined, { signal });
  const elapsedMs = performance.now() - startedAtMs;
  return {
    residentMib: residentMib(pid),
    processorPercent: (PERCENT * (processorMs(pid) - before)) / elapsedMs,
  };
}
