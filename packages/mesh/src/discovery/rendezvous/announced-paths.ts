import type { PathHash } from "../../ports.ts";
import { digestOf, type PathDigest, pathHashOf } from "../hashes/path-digest.ts";
import type { ShardedDigests } from "./sharded-digests.ts";

/** What the next messages to a keeper are made of. */
export interface Outgoing {
  /** The keeper is to forget what it knew of us. */
  readonly isFirst: boolean;
  readonly added: readonly PathDigest[];
  readonly removed: readonly PathDigest[];
}

/** What one keeper has been told, and what it must hear next. */
export class AnnouncedPaths {
  /** Of the last message that the keeper has applied. */
  sequence = -1;
  #isFirst = true;
  /** All shards of this keeper in which we hold something. */
  readonly #shards = new Set<number>();
  /** Those of which it must hear everything. */
  readonly #newShards = new Set<number>();
  /** The last word on each path that changed in other shards: true when it came. */
  readonly #changes = new Map<PathHash, boolean>();

  get hasNews(): boolean {
    return this.#isFirst || this.#newShards.size > 0 || this.#changes.size > 0;
  }

  /** The keeper has forgotten us, or must be taken to have. */
  startAnew(): void {
    this.#isFirst = true;
    this.#changes.clear();
    for (const shard of this.#shards) this.#newShards.add(shard);
  }

  addShard(shard: number): void {
    if (this.#shards.has(shard)) return;
    this.#shards.add(shard);
    this.#newShards.add(shard);
  }

  /** The peer no longer keeps the shard: it forgets by itself. */
  dropShard(shard: number): void {
    this.#shards.delete(shard);
    this.#newShards.delete(shard);
  }

  addChange(shard: number, digest: PathDigest, isHeld: boolean): void {
    if (!this.#shards.has(shard)) this.addShard(shard);
    else if (!this.#newShards.has(shard)) this.#changes.set(pathHashOf(digest), isHeld);
  }

  /** Takes what is to be told. When telling fails, {@link startAnew}. */
  take(own: () => ShardedDigests): Outgoing {
    const isFirst = this.#isFirst;
    const added = [...this.#newShards].flatMap((shard) => [...own().of(shard)]);
    const removed: PathDigest[] = [];
    for (const [hash, isHeld] of this.#changes) (isHeld ? added : removed).push(digestOf(hash));
    this.#isFirst = false;
    this.#newShards.clear();
    this.#changes.clear();
    return { isFirst, added, removed };
  }
}
