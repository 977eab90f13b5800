import type { StoreDatabase } from "@niphas/nix";
import type { Registrations } from "../plan/ports.ts";
import type { PathHash } from "../ports.ts";
import { pathHashOf } from "../upstream/path-hash.ts";

/** Rows of one look: less than 1 ms. */
const SLICE_ROWS = 512;

export interface StoreRegistrationsComponents {
  readonly database: Pick<StoreDatabase, "registeredAfter" | "newestId">;
}

/** Follows Nix's database by the ids of its rows, which only grow: no look costs more than what is new. */
export class StoreRegistrations implements Registrations {
  readonly #components: StoreRegistrationsComponents;

  constructor(components: StoreRegistrationsComponents) {
    this.#components = components;
  }

  follow(): () => readonly PathHash[] {
    let lastId = this.#read((database) => database.newestId());
    return () => {
      lastId ??= this.#read((database) => database.newestId());
      const from = lastId;
      if (from === undefined) return [];
      const rows = this.#read((database) => database.registeredAfter(from, SLICE_ROWS)) ?? [];
      lastId = rows.at(-1)?.id ?? from;
      return rows.map(({ path }) => pathHashOf(path));
    };
  }

  /** A database that is locked is looked at again the next time. */
  #read<T>(look: (database: StoreRegistrationsComponents["database"]) => T): T | undefined {
    try {
      return look(this.#components.database);
    } catch {
      return undefined;
    }
  }
}
