import { type NarInfo, NiphasError } from "@niphas/core";
import type { LocalStore, PathHash } from "../ports.ts";
import { pathHashOf } from "../upstream/path-hash.ts";
import type { InfoFinder } from "./info-finder.ts";
import { PLAN_LIMITS } from "./limits.ts";
import { inOrder } from "./order.ts";

export interface MissingClosureComponents {
  readonly finder: Pick<InfoFinder, "find">;
  readonly store: Pick<LocalStore, "pathInfo">;
}

export interface MissingClosureInit {
  readonly roots: readonly PathHash[];
  /** What is left out, with all that it needs. @default what is valid here */
  readonly isKnown?: (path: PathHash) => boolean;
}

/** What of the closures of some roots is missing, on this node or elsewhere, as it is found out. */
export class MissingClosure {
  readonly #components: MissingClosureComponents;
  readonly #isKnown: (path: PathHash) => boolean;
  readonly #infos = new Map<PathHash, NarInfo>();
  readonly #open = new Set<PathHash>();
  readonly #asking = new Set<PathHash>();
  #questions = 0;

  constructor(components: MissingClosureComponents, init: MissingClosureInit) {
    this.#components = components;
    // A valid path has a valid closure. While the store cannot tell, the path is fetched.
    this.#isKnown = init.isKnown ?? ((path) => isValid(components.store, path));
    this.#want(init.roots);
  }

  /** Asked of members and binary caches so far, for this closure alone. */
  get questions(): number {
    return this.#questions;
  }

  /** Paths known to be missing so far, found out or not. */
  get pathCount(): number {
    return this.#infos.size + this.#open.size + this.#asking.size;
  }

  /** Whether it is one of those that are being found out. */
  isFinding(path: PathHash): boolean {
    return this.#open.has(path) || this.#asking.has(path);
  }

  /**
   * All that is missing, each path after those it refers to.
   * @throws NiphasError PathNotFound, BadBytes when it has too many paths; the signal's reason
   */
  async resolve(signal: AbortSignal): Promise<readonly NarInfo[]> {
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const done = Promise.withResolvers<void>();
    const fill = (): void => {
      if (this.#open.size + this.#asking.size === 0) done.resolve();
      for (const path of this.#open) {
        if (this.#asking.size >= PLAN_LIMITS.parallelQuestions) return;
        this.#ask(path, either).then(fill, done.reject);
      }
    };
    try {
      fill();
      await done.promise;
      return inOrder([...this.#infos.values()]);
    } finally {
      ended.abort(new NiphasError("Cancelled", "the closure is found out, or will not be"));
      this.#open.clear();
      this.#asking.clear();
    }
  }

  async #ask(path: PathHash, signal: AbortSignal): Promise<void> {
    this.#open.delete(path);
    this.#asking.add(path);
    const info = await this.#components.finder.find(path, signal, () => this.#questions++);
    if (info === undefined) throw notFound(path);
    this.#asking.delete(path);
    this.#infos.set(path, info);
    this.#want(info.references.map(pathHashOf));
  }

  #want(paths: readonly PathHash[]): void {
    for (const path of paths) {
      if (this.#infos.has(path) || this.isFinding(path) || this.#isKnown(path)) continue;
      this.#open.add(path);
    }
    if (this.pathCount > PLAN_LIMITS.maxPaths) {
      throw new NiphasError("BadBytes", `the closure has more than ${PLAN_LIMITS.maxPaths} paths`);
    }
  }
}

export function isValid(store: Pick<LocalStore, "pathInfo">, path: PathHash): boolean {
  try {
    return store.pathInfo(path) !== undefined;
  } catch {
    return false;
  }
}

function notFound(path: PathHash): NiphasError {
  return new NiphasError("PathNotFound", `no member and no binary cache has the path ${path}, signed by a trusted key`);
}
