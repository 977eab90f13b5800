import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { NiphasError } from "@niphas/core";

/**
 * The proof that no other process works on a state directory: an exclusive SQLite transaction, held for life. The kernel
 * drops it with the process, however that ends; a pid file would lie across PID namespaces.
 */
export class StateLock {
  readonly #database: DatabaseSync;
  #isHeld: boolean = true;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * @param program as the message names it, `niphas csi`
   * @throws NiphasError StateInUse when another instance holds it, StoreUnavailable when the directory cannot be written
   */
  static acquire(stateDir: string, program: string): StateLock {
    const file = join(stateDir, "lock.sqlite");
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(file, { timeout: 0 });
      // Of a file that it cannot write SQLite takes a reader's lock instead, which any number may hold.
      accessSync(file, constants.W_OK);
      database.exec("BEGIN EXCLUSIVE");
      return new StateLock(database);
    } catch (cause) {
      database?.close();
      throw lockError(stateDir, program, cause);
    }
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#database.close();
  }
}

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

function lockError(stateDir: string, program: string, cause: unknown): NiphasError {
  const isBusy = cause instanceof Error && "errcode" in cause && cause.errcode === SQLITE_BUSY;
  if (isBusy) {
    const message = `another ${program} works on ${stateDir}: stop it, or give this one its own --state-dir`;
    return new NiphasError("StateInUse", message, { cause });
  }
  const message = `cannot lock ${stateDir}: check that it is a writable directory on a local disk`;
  return new NiphasError("StoreUnavailable", message, { cause });
}
