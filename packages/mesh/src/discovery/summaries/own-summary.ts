import { BloomFilter, MAX_FILTER_PATHS } from "../hashes/bloom-filter.ts";
import { digestList, type PathDigest, pathHashOf } from "../hashes/path-digest.ts";
import type { OwnPaths, OwnPathsChange } from "../ports.ts";
import {
  MAX_DELTA_DIGESTS,
  MAX_REMOVED,
  type SummaryAnswer,
  type SummaryDelta,
  type SummaryPosition,
} from "./summary.ts";

/** Room for paths that come later, so that a filter lasts. */
const GROWTH = 1.25;
/** Kept of the changes that a peer may have missed: hashes, and changes without any. */
const MAX_LOG_DIGESTS = MAX_DELTA_DIGESTS;
const MAX_LOG_CHANGES = 1024;

interface LoggedChange {
  readonly version: number;
  readonly change: OwnPathsChange;
}

/**
 * What this node says of its own paths: a filter that follows each change, and the latest changes themselves. The filter
 * is made anew, which reads all own paths, only after so many changes that this costs little for each of them.
 */
export class OwnSummary {
  readonly #paths: Pick<OwnPaths, "count" | "digests">;
  readonly #random: () => number;
  #epoch = 0;
  #version = 0;
  #filter = BloomFilter.forPaths(0);
  #filterPaths = 0;
  readonly #removed = new Map<string, PathDigest>();
  #log: LoggedChange[] = [];
  #logDigests = 0;

  /** @param components.random as `Math.random` */
  constructor(components: { readonly paths: Pick<OwnPaths, "count" | "digests">; readonly random: () => number }) {
    this.#paths = components.paths;
    this.#random = components.random;
    this.#startEpoch();
  }

  get position(): SummaryPosition {
    return { epoch: this.#epoch, version: this.#version };
  }

  /** Takes in what has happened to the own paths already. */
  apply(change: OwnPathsChange): void {
    const size = change.added.length + change.removed.length;
    if (size === 0) return;
    if (size > MAX_DELTA_DIGESTS || this.#isWornOut(change)) {
      this.#startEpoch();
      return;
    }
    for (const digest of change.added) this.#add(digest);
    for (const digest of change.removed) this.#removed.set(pathHashOf(digest), digest);
    this.#version++;
    this.#remember({ version: this.#version, change }, size);
  }

  /** The shortest way to tell somebody who knows `known`. */
  answer(known: SummaryPosition | undefined): SummaryAnswer {
    if (known?.epoch === this.#epoch && known.version === this.#version) return { kind: "current" };
    const delta = known === undefined ? undefined : this.#deltaSince(known);
    if (delta !== undefined) return { kind: "delta", delta };
    const removed = digestList(this.#removed.values());
    return { kind: "summary", summary: { ...this.position, filter: this.#filter, removed } };
  }

  /** A delta without content: whoever knows another position learns that it must fetch. */
  notice(): SummaryDelta {
    const [added, removed] = [digestList([]), digestList([])];
    return { epoch: this.#epoch, fromVersion: this.#version, toVersion: this.#version, added, removed };
  }

  #add(digest: PathDigest): void {
    this.#removed.delete(pathHashOf(digest));
    this.#put(digest);
  }

  /** Of a store with more paths than any filter has room for, the last ones are not told. */
  #put(digest: PathDigest): void {
    if (this.#filterPaths >= this.#filter.capacity) return;
    this.#filter.add(digest);
    this.#filterPaths++;
  }

  #isWornOut({ added, removed }: OwnPathsChange): boolean {
    const maxRemoved = Math.min(MAX_REMOVED, Math.max(256, this.#filterPaths / 8));
    const isFull = this.#filterPaths + added.length > this.#filter.capacity;
    const canGrow = this.#filter.capacity < MAX_FILTER_PATHS;
    return this.#removed.size + removed.length > maxRemoved || (isFull && canGrow);
  }

  #startEpoch(): void {
    const previous = this.#epoch;
    while (this.#epoch === previous) this.#epoch = Math.floor(this.#random() * 2 ** 32);
    this.#version = 0;
    this.#filter = BloomFilter.forPaths(Math.ceil(this.#paths.count * GROWTH));
    this.#filterPaths = 0;
    for (const digest of this.#paths.digests()) this.#put(digest);
    this.#removed.clear();
    this.#log = [];
    this.#logDigests = 0;
  }

  #remember(logged: LoggedChange, size: number): void {
    this.#log.push(logged);
    this.#logDigests += size;
    while (this.#logDigests > MAX_LOG_DIGESTS || this.#log.length > MAX_LOG_CHANGES) {
      const oldest = this.#log.shift();
      this.#logDigests -= (oldest?.change.added.length ?? 0) + (oldest?.change.removed.length ?? 0);
    }
  }

  /** Undefined when the log does not reach back so far. */
  #deltaSince({ epoch, version }: SummaryPosition): SummaryDelta | undefined {
    const oldest = this.#log[0];
    const isLogged = oldest !== undefined && version >= oldest.version - 1 && version <= this.#version;
    if (epoch !== this.#epoch || !isLogged) return undefined;
    const added = new Map<string, PathDigest>();
    const removed = new Map<string, PathDigest>();
    for (const { change } of this.#log.filter((logged) => logged.version > version)) {
      for (const digest of change.added) move(digest, removed, added);
      for (const digest of change.removed) move(digest, added, removed);
    }
    const [addedList, removedList] = [digestList(added.values()), digestList(removed.values())];
    return { epoch, fromVersion: version, toVersion: this.#version, added: addedList, removed: removedList };
  }
}

function move(digest: PathDigest, from: Map<string, PathDigest>, to: Map<string, PathDigest>): void {
  const hash = pathHashOf(digest);
  from.delete(hash);
  to.set(hash, digest);
}
