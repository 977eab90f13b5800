import type { StoreDatabase } from "@niphas/nix";
import type { PathHash } from "../ports.ts";
import { isShareable } from "../store/is-shareable.ts";
import { pathHashOf } from "../upstream/path-hash.ts";

/** Those that were registered last: what a new revision shares with the one before is among them. */
const MAX_PATHS = 8_192;

/**
 * Valid paths of this node that members may know of, and need not tell of. One that was removed since is found out by
 * itself.
 */
export class KnownPaths {
  readonly #database: Pick<StoreDatabase, "registeredAfter" | "newestId">;
  #paths: readonly PathHash[] = [];
  #newestId = 0;

  constructor(components: { readonly database: Pick<StoreDatabase, "registeredAfter" | "newestId"> }) {
    this.#database = components.database;
  }

  /** At most `maxCount`. While the store cannot tell, those of before. */
  list(maxCount: number): readonly PathHash[] {
    try {
      this.#update();
    } catch {
      // It makes an answer longer, and nothing else.
    }
    return this.#paths.slice(-maxCount);
  }

  #update(): void {
    const newestId = this.#database.newestId();
    if (newestId === this.#newestId) return;
    const from = newestId < this.#newestId ? 0 : Math.max(this.#newestId, newestId - MAX_PATHS);
    const rows = this.#database.registeredAfter(from).filter(isShareable);
    const kept = newestId < this.#newestId ? [] : this.#paths;
    this.#paths = [...kept, ...rows.map(({ path }) => pathHashOf(path))].slice(-MAX_PATHS);
    this.#newestId = newestId;
  }
}
