import type { PathHash } from "../../ports.ts";
import { digestOf, type PathDigest } from "../hashes/path-digest.ts";
import type { OwnPaths, OwnPathsChange } from "../ports.ts";

/** Paths that a test adds and removes, in place of a store. */
export class MemoryOwnPaths implements OwnPaths {
  readonly #digests = new Map<PathHash, PathDigest>();
  readonly #listeners = new Set<(change: OwnPathsChange) => void>();

  get count(): number {
    return this.#digests.size;
  }

  digests(): Iterable<PathDigest> {
    return this.#digests.values();
  }

  has(path: PathHash): boolean {
    return this.#digests.has(path);
  }

  onChange(listener: (change: OwnPathsChange) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  add(...paths: readonly PathHash[]): void {
    const added = paths.filter((path) => !this.#digests.has(path)).map((path) => [path, digestOf(path)] as const);
    for (const [path, digest] of added) this.#digests.set(path, digest);
    this.#tell({ added: added.map(([, digest]) => digest), removed: [] });
  }

  remove(...paths: readonly PathHash[]): void {
    const removed = paths.filter((path) => this.#digests.delete(path));
    this.#tell({ added: [], removed: removed.map(digestOf) });
  }

  #tell(change: OwnPathsChange): void {
    if (change.added.length + change.removed.length === 0) return;
    for (const listener of [...this.#listeners]) listener(change);
  }
}
