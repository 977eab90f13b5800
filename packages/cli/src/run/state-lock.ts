import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { NiphasError, systemErrorCode } from "@niphas/core";

const RETRY_MS = 50;
const SQLITE_BUSY = 5;

/**
 * Waits until no other niphas works on the views of a state directory. The
 * lock is SQLite's, which the kernel releases when a process dies.
 * @returns what releases it
 * @throws NiphasError Cancelled, StoreUnavailable
 */
export async function acquireStateLock(file: string, signal: AbortSignal): Promise<() => void> {
  const database = open(file);
  try {
    while (!tryLock(database)) await sleep(RETRY_MS, undefined, { signal });
  } catch (error) {
    database.close();
    if (!signal.aborted) throw error;
    throw new NiphasError("Cancelled", "the work was cancelled", { cause: error });
  }
  return () => database.close();
}

function open(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: 0 });
  } catch (cause) {
    throw new NiphasError("StoreUnavailable", `cannot open ${file}: is the state directory writable?`, { cause });
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return (
    systemErrorCode(error) === "ERR_SQLITE_ERROR" &&
    error instanceof Error &&
    "errcode" in error &&
    error.errcode === SQLITE_BUSY
  );
}
