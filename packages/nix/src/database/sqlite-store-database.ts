import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { NiphasError, STORE_DIR, type StorePath } from "@niphas/core";
import type { PathInfo, PathLookup, RegisteredPath, StoreDatabase, StoreLocation } from "../ports.ts";
import { storeLayout } from "../store/layout.ts";
import { walkClosure } from "./closure-walk.ts";
import { connect, type DatabaseAccess } from "./connection.ts";
import { SQL } from "./queries.ts";
import { numberColumn, pathColumn, type Row, textColumn, toPathInfo, toRegisteredPath } from "./rows.ts";
import { withStoreErrors } from "./sqlite-errors.ts";

/** Readers of a WAL database hardly ever wait, and while they do the event loop stands still: so this is short. */
const DEFAULT_BUSY_TIMEOUT_MS = 500;
const NO_LIMIT = -1;

export interface StoreDatabaseInit {
  /** How long one query may wait for another process's lock. Default 500 ms. */
  readonly busyTimeoutMs?: number;
  /**
   * `keepFiles`, the default, opens the file able to write, so that SQLite's wal and shm files stay for readers like
   * those of `readOnly`. These can have the store mounted read-only; while nobody has it open the other way, they
   * find the database unavailable.
   */
  readonly access?: DatabaseAccess;
}

/**
 * Opens a store's database for reading and keeps it open until `close()`.
 * @throws NiphasError StoreUnavailable when there is no store, or its database is locked, corrupt or of an unknown schema
 */
export function openStoreDatabase(location: StoreLocation, init: StoreDatabaseInit = {}): StoreDatabase & PathLookup {
  const busyTimeoutMs = init.busyTimeoutMs ?? DEFAULT_BUSY_TIMEOUT_MS;
  const connection = connect(location, { busyTimeoutMs, access: init.access ?? "keepFiles" });
  return new SqliteStoreDatabase(connection, storeLayout(location).databaseFile);
}

type Statements = { readonly [Name in keyof typeof SQL]: StatementSync };

class SqliteStoreDatabase implements StoreDatabase, PathLookup {
  readonly #connection: DatabaseSync;
  readonly #databaseFile: string;
  readonly #statements: Statements;

  constructor(connection: DatabaseSync, databaseFile: string) {
    this.#connection = connection;
    this.#databaseFile = databaseFile;
    this.#statements = withStoreErrors(databaseFile, () => prepareAll(connection));
  }

  validId(path: StorePath): number | undefined {
    const row = this.#get("validId", path);
    return row === undefined ? undefined : numberColumn(row, "id");
  }

  pathByHash(hash: string): StorePath | undefined {
    if (!isPathHash(hash)) return undefined;
    // The index finds the first path at or after this text, which need not be the one.
    const row = this.#get("pathFrom", `${STORE_DIR}/${hash}-`);
    const isIt = row !== undefined && textColumn(row, "path").startsWith(`${STORE_DIR}/${hash}-`);
    return isIt ? pathColumn(row) : undefined;
  }

  pathInfo(path: StorePath): PathInfo | undefined {
    return this.#snapshot(() => {
      const row = this.#get("pathInfo", path);
      if (row === undefined) return undefined;
      return toPathInfo(row, path, this.#all("references", numberColumn(row, "id")).map(pathColumn));
    });
  }

  closure(roots: readonly StorePath[]): readonly PathInfo[] {
    return this.#snapshot(() => {
      this.#assertValid(roots);
      const rootList = JSON.stringify(roots);
      const rows = this.#all("closure", rootList).map((row) => ({
        row,
        id: numberColumn(row, "id"),
        path: pathColumn(row),
      }));
      const paths = new Map(rows.map(({ id, path }) => [id, path]));
      const references = groupReferences(paths, this.#all("closureReferences", rootList));
      return rows.map(({ row, id, path }) => toPathInfo(row, path, references.get(id) ?? []));
    });
  }

  async readClosure(roots: readonly StorePath[], signal: AbortSignal): Promise<readonly PathInfo[]> {
    const reader = {
      rows: (ids: readonly number[]) => this.#all("rowsOf", JSON.stringify(ids)),
      references: (ids: readonly number[]) => this.#all("referencesOf", JSON.stringify(ids)),
    };
    this.#assertValid(roots);
    return await walkClosure(
      reader,
      roots.map((root) => this.validId(root) ?? 0),
      signal,
    );
  }

  closureSize(roots: readonly StorePath[]): { readonly pathCount: number; readonly narSizeBytes: number } {
    return this.#snapshot(() => {
      this.#assertValid(roots);
      const row = this.#get("closureSize", JSON.stringify(roots)) ?? {};
      return { pathCount: numberColumn(row, "pathCount"), narSizeBytes: numberColumn(row, "narSizeBytes") };
    });
  }

  registeredAfter(id: number, limit?: number): readonly RegisteredPath[] {
    return this.#all("registeredAfter", id, limit ?? NO_LIMIT).map((row) => toRegisteredPath(row, pathColumn(row)));
  }

  newestId(): number {
    return numberColumn(this.#get("newestId") ?? {}, "id");
  }

  close(): void {
    if (this.#connection.isOpen) this.#connection.close();
  }

  #assertValid(roots: readonly StorePath[]): void {
    for (const root of roots) {
      if (this.validId(root) === undefined) {
        throw new NiphasError("PathNotFound", `${root} is not in this node's store`);
      }
    }
  }

  #get(name: keyof Statements, ...parameters: SQLInputValue[]): Row | undefined {
    return withStoreErrors(this.#databaseFile, () => this.#statements[name].get(...parameters));
  }

  #all(name: keyof Statements, ...parameters: SQLInputValue[]): readonly Row[] {
    return withStoreErrors(this.#databaseFile, () => this.#statements[name].all(...parameters));
  }

  /** Several statements see one state of the database. */
  #snapshot<T>(read: () => T): T {
    withStoreErrors(this.#databaseFile, () => this.#connection.exec("BEGIN"));
    try {
      return read();
    } finally {
      this.#connection.exec("ROLLBACK");
    }
  }
}

function isPathHash(text: string): boolean {
  return /^[0-9a-df-np-sv-z]{32}$/.test(text);
}

function prepareAll(connection: DatabaseSync): Statements {
  const prepare = (name: keyof typeof SQL): StatementSync => connection.prepare(SQL[name]);
  return {
    validId: prepare("validId"),
    pathInfo: prepare("pathInfo"),
    pathFrom: prepare("pathFrom"),
    references: prepare("references"),
    closure: prepare("closure"),
    closureReferences: prepare("closureReferences"),
    rowsOf: prepare("rowsOf"),
    referencesOf: prepare("referencesOf"),
    closureSize: prepare("closureSize"),
    registeredAfter: prepare("registeredAfter"),
    newestId: prepare("newestId"),
  };
}

/** All references lie inside the closure, so ids are enough to name them. */
function groupReferences(
  paths: ReadonlyMap<number, StorePath>,
  edges: readonly Row[],
): ReadonlyMap<number, readonly StorePath[]> {
  const references = new Map<number, StorePath[]>();
  for (const edge of edges) {
    const path = paths.get(numberColumn(edge, "reference"));
    if (path === undefined) continue;
    const referrer = numberColumn(edge, "referrer");
    const list = references.get(referrer);
    if (list === undefined) references.set(referrer, [path]);
    else list.push(path);
  }
  for (const list of references.values()) list.sort();
  return references;
}
