import { existsSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { NiphasError } from "@niphas/core";
import type { StoreLocation } from "../ports.ts";
import { type StoreLayout, storeLayout } from "../store/layout.ts";
import { withStoreErrors } from "./sqlite-errors.ts";

/** Schema of every Nix from 2.0 to 2.34. Source: libstore/local-store.hh `nixSchemaVersion`. */
const SUPPORTED_SCHEMA = "10";

/**
 * Opens Nix's database able to write, so that SQLite's wal and shm files exist
 * as long as the connection does: unprivileged readers on a read-only mount
 * need them, and Nix 2.8 removes them with its own last connection. Never
 * `immutable`, which returns stale rows. Statements that write are refused.
 */
export function connect(location: StoreLocation, busyTimeoutMs: number): DatabaseSync {
  const layout = storeLayout(location);
  assertInitialised(layout);
  const url = pathToFileURL(layout.databaseFile);
  // Without mode=rw SQLite would create an empty file, which Nix then takes for a store.
  url.searchParams.set("mode", "rw");
  return withStoreErrors(layout.databaseFile, () => {
    const connection = new DatabaseSync(url, { timeout: busyTimeoutMs });
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
