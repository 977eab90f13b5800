import { setTimeout as sleep } from "node:timers/promises";
import { processorMs, residentMib } from "../network/process-figures.ts";

export interface IdleFigures {
  /** In each second. */
  readonly residentSamplesMib: readonly number[];
  /** Of one processor. */
  readonly processorPercent: number;
}

const PERCENT = 100;
const SAMPLE_MS = 1000;

/** What a process takes while it has nothing to do. */
export async function measureIdle(pid: number, durationMs: number, signal: AbortSignal): Promise<IdleFigures> {
  const startedAtMs = performance.now();
  const before = processorMs(pid);
  const residentSamplesMib: number[] = [];
  while (performance.now() - startedAtMs < durationMs) {
    await sleep(SAMPLE_MS, undefined, { signal });
    residentSamplesMib.push(residentMib(pid));
  }
  const elapsedMs = performance.now() - startedAtMs;
  return { residentSamplesMib, processorPercent: (PERCENT * (processorMs(pid) - before)) / elapsedMs };
}
