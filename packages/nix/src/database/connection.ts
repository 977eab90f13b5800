import { existsSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { NiphasError } from "@niphas/core";
import type { StoreLocation } from "../ports.ts";
import { type StoreLayout, storeLayout } from "../store/layout.ts";
import { withStoreErrors } from "./sqlite-errors.ts";

/** Schema of every Nix from 2.0 to 2.34. Source: libstore/local-store.hh `nixSchemaVersion`. */
const SUPPORTED_SCHEMA = "10";

/** Whether SQLite's wal and shm files are kept in place, or only used. */
export type DatabaseAccess = "keepFiles" | "readOnly";

// Without a mode SQLite would create an empty file, which Nix then takes for a store.
const URI_MODE = { keepFiles: "rw", readOnly: "ro" } as const satisfies Record<DatabaseAccess, string>;

/**
 * Opens Nix's database. `keepFiles` opens it able to write, so that SQLite's wal and shm files exist
 * as long as the connection does: unprivileged readers on a read-only mount
 * need them, and Nix 2.8 removes them with its own last connection. Never
 * `immutable`, which returns stale rows. Statements that write are refused.
 */
export function connect(
  location: StoreLocation,
  init: { readonly busyTimeoutMs: number; readonly access: DatabaseAccess },
): DatabaseSync {
  const layout = storeLayout(location);
  assertInitialised(layout);
  const url = pathToFileURL(layout.databaseFile);
  url.searchParams.set("mode", URI_MODE[init.access]);
  return withStoreErrors(layout.databaseFile, () => {
    const connection = new DatabaseSync(url, { timeout: init.busyTimeoutMs });
    try {
      connection.exec("PRAGMA query_only = ON");
      // The first read makes the wal and shm files and proves that the schema is there.
      connection.prepare("SELECT 1 FROM ValidPaths LIMIT 1").get();
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  });
}

function assertInitialised(layout: StoreLayout): void {
  if (!(existsSync(layout.databaseFile) && existsSync(layout.schemaFile))) {
    throw new NiphasError("StoreUnavailable", `there is no Nix store here yet: ${layout.databaseFile} does not exist`);
  }
  const schema = readFileSync(layout.schemaFile, "utf8").trim();
  if (schema === SUPPORTED_SCHEMA) return;
  throw new NiphasError(
    "StoreUnavailable",
    `Nix's database has another schema than ${SUPPORTED_SCHEMA}: use Nix 2.8 or newer for this store`,
  );
}
