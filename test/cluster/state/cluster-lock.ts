import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { NiphasError } from "@niphas/core";
import type { ClusterLayout } from "./layout.ts";

const POLL_MS = 100;

/**
 * Held while a cluster is brought up or taken down: an exclusive SQLite transaction, which the kernel ends with the
 * process.
 */
export class ClusterLock implements Disposable {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Waits for another holder to be done. @param onWait called once if it must wait */
  static async acquire(layout: ClusterLayout, onWait: () => void, signal?: AbortSignal): Promise<ClusterLock> {
    mkdirSync(dirname(layout.lockFile), { recursive: true });
    let isWaiting = false;
    for (;;) {
      const lock = ClusterLock.#tryAcquire(layout);
      if (lock !== undefined) return lock;
      if (!isWaiting) onWait();
      isWaiting = true;
      await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
    }
  }

  static #tryAcquire(layout: ClusterLayout): ClusterLock | undefined {
    const database = new DatabaseSync(layout.lockFile, { timeout: 0 });
    try {
      database.exec("BEGIN EXCLUSIVE");
      return new ClusterLock(database);
    } catch (cause) {
      database.close();
      if (isBusy(cause)) return undefined;
      throw new NiphasError("StoreUnavailable", `cannot lock ${layout.lockFile}`, { cause });
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === 5;
}
