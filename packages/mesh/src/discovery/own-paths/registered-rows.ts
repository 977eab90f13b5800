import { type StorePath, storePathHash } from "@niphas/core";
import type { PathHash } from "../../ports.ts";
import { DigestPairs } from "../hashes/digest-pairs.ts";
import { DIGEST_BYTES, type DigestList, digestOf, digestsIn, type PathDigest } from "../hashes/path-digest.ts";

export interface RegisteredRow {
  readonly id: number;
  readonly path: StorePath;
}

const FIRST_CAPACITY = 1024;
const GROWTH = 1.25;

/**
 * Rows of Nix's database as we last saw them, in the order of their ids: about 60 bytes each. A path that was collected
 * and fetched again has two for a while, of which the database knows one.
 */
export class RegisteredRows {
  readonly #ids: number[] = [];
  #bytes = new Uint8Array(FIRST_CAPACITY * DIGEST_BYTES);
  readonly #idsByDigest: DigestPairs;

  constructor(init: { readonly seed: number }) {
    this.#idsByDigest = new DigestPairs(init);
  }

  get count(): number {
    return this.#ids.length;
  }

  get newestId(): number {
    return this.#ids.at(-1) ?? 0;
  }

  /** May name a path twice. */
  digests(): Iterable<PathDigest> {
    return digestsIn(this.#bytes.subarray(0, this.#ids.length * DIGEST_BYTES) as DigestList);
  }

  /**
   * @param rows newer than all before
   * @returns the paths that were not there
   */
  append(rows: readonly RegisteredRow[]): readonly PathDigest[] {
    const added: PathDigest[] = [];
    for (const { id, path } of rows) {
      const digest = digestOf(storePathHash(path) as PathHash);
      if (this.#idsByDigest.values(digest).length === 0) added.push(digest);
      this.#put(id, digest);
    }
    return added;
  }

  /**
   * Removes what the database no longer has.
   *
   * @param present all rows that the database has after the id `after` and up to the id `upTo`
   * @returns the paths that are gone
   */
  keepOnly(after: number, upTo: number, present: readonly RegisteredRow[]): readonly PathDigest[] {
    const presentIds = new Set(present.map(({ id }) => id));
    const removed: PathDigest[] = [];
    let index = this.#firstAfter(after);
    while (index < this.#ids.length) {
      const id = this.#ids[index] ?? Number.POSITIVE_INFINITY;
      if (id > upTo) break;
      if (presentIds.has(id)) index++;
      else removed.push(...this.#removeAt(index, id));
    }
    return removed;
  }

  #put(id: number, digest: PathDigest): void {
    const offset = this.#ids.length * DIGEST_BYTES;
    if (offset === this.#bytes.length) {
      const larger = new Uint8Array(Math.ceil(this.#ids.length * GROWTH) * DIGEST_BYTES);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(digest, offset);
    this.#ids.push(id);
    this.#idsByDigest.add(digest, id);
  }

  #removeAt(index: number, id: number): readonly PathDigest[] {
    const offset = index * DIGEST_BYTES;
    const digest = this.#bytes.slice(offset, offset + DIGEST_BYTES) as PathDigest;
    this.#bytes.copyWithin(offset, offset + DIGEST_BYTES, this.#ids.length * DIGEST_BYTES);
    this.#ids.splice(index, 1);
    this.#idsByDigest.delete(digest, id);
    return this.#idsByDigest.values(digest).length === 0 ? [digest] : [];
  }

  /** Index of the first row with a larger id. */
  #firstAfter(id: number): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] ?? 0) > id) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
