import {
  DIGEST_BYTES,
  type DigestList,
  digestList,
  digestsIn,
  type PathDigest,
  SHARD_COUNT,
  shardOf,
} from "../hashes/path-digest.ts";

/** Digests sorted by shard: 20 bytes each, made in one pass. */
export class ShardedDigests {
  readonly #sorted: DigestList;
  /** Where each shard begins in {@link #sorted}, in digests; one more for the end. */
  readonly #starts: Uint32Array;

  constructor(digests: Iterable<PathDigest>) {
    const unsorted = digestList(digests);
    this.#starts = countShards(unsorted);
    const sorted = new Uint8Array(unsorted.length);
    const next = Uint32Array.from(this.#starts);
    for (const digest of digestsIn(unsorted)) {
      const shard = shardOf(digest);
      const index = next[shard] ?? 0;
      sorted.set(digest, index * DIGEST_BYTES);
      next[shard] = index + 1;
    }
    this.#sorted = sorted as Uint8Array as DigestList;
  }

  /** Those with at least one digest. */
  shards(): number[] {
    const found: number[] = [];
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      if ((this.#starts[shard + 1] ?? 0) > (this.#starts[shard] ?? 0)) found.push(shard);
    }
    return found;
  }

  *of(shard: number): Generator<PathDigest> {
    const start = (this.#starts[shard] ?? 0) * DIGEST_BYTES;
    const end = (this.#starts[shard + 1] ?? 0) * DIGEST_BYTES;
    yield* digestsIn(this.#sorted.subarray(start, end) as DigestList);
  }
}

function countShards(digests: DigestList): Uint32Array {
  const starts = new Uint32Array(SHARD_COUNT + 1);
  for (const digest of digestsIn(digests)) {
    const after = shardOf(digest) + 1;
    starts[after] = (starts[after] ?? 0) + 1;
  }
  for (let shard = 0; shard < SHARD_COUNT; shard++) starts[shard + 1] = (starts[shard + 1] ?? 0) + (starts[shard] ?? 0);
  return starts;
}
