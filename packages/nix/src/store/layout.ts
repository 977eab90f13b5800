import { join } from "node:path";
import { type StorePath, storePathBaseName } from "@niphas/core";
import type { StoreLocation } from "../ports.ts";

/** Where the parts of a store lie on this machine. Names are Nix's: libstore/local-fs-store.hh, local-store.cc, gc.cc. */
export interface StoreLayout {
  /** The directory that holds the store paths' files. */
  readonly storeDir: string;
  readonly stateDir: string;
  readonly databaseFile: string;
  /** Holds the database's schema version as a number. */
  readonly schemaFile: string;
  readonly gcRootsDir: string;
  /** Where a running collector listens for new roots. */
  readonly collectorSocket: string;
}

export function storeLayout(location: StoreLocation): StoreLayout {
  const stateDir = join(location.rootDir, "nix/var/nix");
  return {
    storeDir: join(location.rootDir, "nix/store"),
    stateDir,
    databaseFile: join(stateDir, "db/db.sqlite"),
    schemaFile: join(stateDir, "db/schema"),
    gcRootsDir: join(stateDir, "gcroots"),
    collectorSocket: join(stateDir, "gc-socket/socket"),
  };
}

/** The files of a store path on this machine. Their existence proves nothing: only a database row does. */
export function physicalPath(location: StoreLocation, path: StorePath): string {
  return join(storeLayout(location).storeDir, storePathBaseName(path));
}

/**
 * What `--store` takes: a chroot store's root directory, or `auto` (the
 * daemon, or the local store for root) for the host's own.
 */
export function storeUri(location: StoreLocation): string {
  return location.rootDir === "/" ? "auto" : location.rootDir;
}
