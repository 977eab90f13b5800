import { type StorePath, storePathHash } from "@niphas/core";
import type { PathHash } from "../../ports.ts";
import { DigestPairs } from "../hashes/digest-pairs.ts";
import { DIGEST_BYTES, type DigestList, digestOf, digestsIn, type PathDigest } from "../hashes/path-digest.ts";
import type { OwnPathsChange } from "../ports.ts";

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

  /** May name a path twice. */
  digests(): Iterable<PathDigest> {
    return digestsIn(this.#bytes.subarray(0, this.#ids.length * DIGEST_BYTES) as DigestList);
  }

  /** The id of the row that lies so many after the id `after`; Infinity when there are not so many. */
  idAfter(after: number, count: number): number {
    return this.#ids[this.#firstAfter(after) + count - 1] ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Replaces the rows after the id `after` and up to the id `upTo`. Costs what these are, and one move of the rows behind.
   *
   * @param rows in the order of their ids
   */
  replace(after: number, upTo: number, rows: readonly RegisteredRow[]): OwnPathsChange {
    const [start, end] = [this.#firstAfter(after), this.#firstAfter(upTo)];
    const before = this.#between(start, end);
    if (rows.length === before.size && rows.every(({ id }) => before.has(id))) return { added: [], removed: [] };
    const now = new Map(rows.map(({ id, path }) => [id, before.get(id) ?? digestOfPath(path)]));
    this.#splice(start, end, now);
    // First what is new: a path that was collected and fetched again is here all the time.
    const added = [...now].filter(([id, digest]) => !before.has(id) && this.#isFirst(id, digest));
    const removed = [...before].filter(([id, digest]) => !now.has(id) && this.#wasLast(id, digest));
    return { added: added.map(digestOfPair), removed: removed.map(digestOfPair) };
  }

  #between(start: number, end: number): ReadonlyMap<number, PathDigest> {
    const copy = this.#bytes.slice(start * DIGEST_BYTES, end * DIGEST_BYTES) as DigestList;
    const digests = [...digestsIn(copy)];
    return new Map(this.#ids.slice(start, end).map((id, index) => [id, digests[index] as PathDigest]));
  }

  #splice(start: number, end: number, rows: ReadonlyMap<number, PathDigest>): void {
    const count = this.#ids.length;
    this.#makeRoom(count - (end - start) + rows.size);
    this.#bytes.copyWithin((start + rows.size) * DIGEST_BYTES, end * DIGEST_BYTES, count * DIGEST_BYTES);
    for (const [index, digest] of [...rows.values()].entries()) this.#bytes.set(digest, (start + index) * DIGEST_BYTES);
    this.#ids.splice(start, end - start, ...rows.keys());
  }

  #makeRoom(count: number): void {
    if (count * DIGEST_BYTES <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.ceil(count * GROWTH) * DIGEST_BYTES);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  #isFirst(id: number, digest: PathDigest): boolean {
    const isFirst = this.#idsByDigest.values(digest).length === 0;
    this.#idsByDigest.add(digest, id);
    return isFirst;
  }

  #wasLast(id: number, digest: PathDigest): boolean {
    this.#idsByDigest.delete(digest, id);
    return this.#idsByDigest.values(digest).length === 0;
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

function digestOfPath(path: StorePath): PathDigest {
  return digestOf(storePathHash(path) as PathHash);
}

function digestOfPair([, digest]: readonly [id: number, digest: PathDigest]): PathDigest {
  return digest;
}
