import { setTimeout as sleep } from "node:timers/promises";
import { systemErrorCode } from "@niphas/core";

const POLL_MS = 10;
/** Members that are killed but not yet reaped by init still count; they are not waited for longer than this. */
const MAX_WAIT_MS = 2_000;

/** Sends a signal to every process of a group; true when there was one. */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal);
  } catch (error) {
    // EPERM: members exist but belong to others, as a setuid helper would.
    return systemErrorCode(error) === "EPERM";
  }
}

/** Kills what is left of a group and waits until it is gone. */
export async function reapGroup(groupId: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < MAX_WAIT_MS; waitedMs += POLL_MS) {
    if (!signalGroup(groupId, "SIGKILL")) return;
    await sleep(POLL_MS);
  }
}
