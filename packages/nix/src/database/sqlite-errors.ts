import { isNiphasError, NiphasError } from "@niphas/core";

/** Primary result codes, https://www.sqlite.org/rescode.html */
const BUSY_CODES: readonly number[] = [5, 6];
const CORRUPT_CODES: readonly number[] = [11, 26];
/** Nobody has it open to write, so that a reader would have to make its wal and shm files, or to mend them. */
const NEEDS_WRITER_CODES: readonly number[] = [8, 14];
const GENERIC_ERROR = 1;

const REPAIR_ADVICE = "stop the plugin and all Nix processes, move the store directory away and start again";

/** Runs a query; whatever SQLite says becomes StoreUnavailable with what to do about it. */
export function withStoreErrors<T>(databaseFile: string, query: () => T): T {
  try {
    return query();
  } catch (error) {
    throw isNiphasError(error) ? error : storeUnavailable(databaseFile, error);
  }
}

function storeUnavailable(databaseFile: string, cause: unknown): NiphasError {
  return new NiphasError("StoreUnavailable", `${describe(sqliteCode(cause))} (${databaseFile})`, { cause });
}

function describe(code: number | undefined): string {
  if (code === undefined) return "Nix's database cannot be read";
  if (BUSY_CODES.includes(code)) return "Nix's database is locked by another process; it is tried again";
  if (CORRUPT_CODES.includes(code)) return `Nix's database is corrupt: ${REPAIR_ADVICE}`;
  if (NEEDS_WRITER_CODES.includes(code)) {
    return "Nix's database cannot be opened: a reader without write access needs a process that has it open to write";
  }
  if (code === GENERIC_ERROR) return "Nix's database has no schema yet, or one of an unknown Nix";
  return `Nix's database cannot be read (SQLite error ${code})`;
}

/** The primary result code: extended codes carry it in the low byte. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}
