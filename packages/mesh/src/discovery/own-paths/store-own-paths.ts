import { setImmediate } from "node:timers/promises";
import { NiphasError } from "@niphas/core";
import type { StoreDatabase } from "@niphas/nix";
import { isShareable } from "../../store/is-shareable.ts";
import type { PathDigest } from "../hashes/path-digest.ts";
import type { Clock, OwnPaths, OwnPathsChange, Timer } from "../ports.ts";
import { RegisteredRows } from "./registered-rows.ts";

/** Rows of one query, and rows that are compared with them: about 1 ms. */
const SLICE_ROWS = 512;
/** New rows are looked for so often; that costs one query for the newest id. */
const POLL_MS = 1000;
/** Between the slices of a search for removed rows: 2 % of a core while one goes on, 10 s for 100,000 paths. */
const SEARCH_STEP_MS = 50;
/** Without any sign of a removal one slice is compared so often: 33 min for 100,000 paths, and never a longer step. */
const IDLE_STEP_MS = 10_000;

export interface StoreOwnPathsComponents {
  readonly database: Pick<StoreDatabase, "registeredAfter" | "newestId">;
  readonly clock: Clock;
  /** As `Math.random`. */
  readonly random: () => number;
  /**
   * A number that changes when a collector has run, such as the time of the directory of its socket, in which every
   * collector makes one. Read once a second. @default never changes
   */
  readonly collectorRuns?: () => number;
}

/**
 * The paths of a Nix store that members may have ({@link isShareable}), by its database. New ones are found within a second
 * by the newest row's id. Nothing tells of removed ones, so rows are compared in slices of constant cost: quickly when a
 * collector has run, the newest row has gone or serving a path has failed ({@link suspect}), and slowly, for ever, in case
 * all these were missed. The same comparison finds what was signed after it was registered.
 */
export class StoreOwnPaths implements OwnPaths, Disposable {
  readonly #components: StoreOwnPathsComponents;
  readonly #rows: RegisteredRows;
  readonly #listeners = new Set<(change: OwnPathsChange) => void>();
  #poll: Timer | undefined;
  #step: Timer | undefined;
  /** Rows after this id are new. */
  #newestId = 0;
  /** Rows up to this id have been compared in this round. */
  #comparedId = 0;
  /** Rounds that are still to end quickly: the present one may have passed what was removed since. */
  #quickRounds = 0;
  #collectorRuns = 0;

  private constructor(components: StoreOwnPathsComponents) {
    this.#components = components;
    this.#rows = new RegisteredRows({ seed: Math.floor(components.random() * 2 ** 32) });
  }

  /**
   * Reads all rows, serving the event loop in between, then follows the store until it is disposed of.
   * @throws NiphasError StoreUnavailable, Cancelled
   */
  static async open(components: StoreOwnPathsComponents, signal: AbortSignal): Promise<StoreOwnPaths> {
    const paths = new StoreOwnPaths(components);
    paths.#collectorRuns = components.collectorRuns?.() ?? 0;
    while (!paths.#takeNewRows()) {
      if (signal.aborted) throw new NiphasError("Cancelled", "the work was cancelled", { cause: signal.reason });
      await setImmediate();
    }
    paths.#pollLater();
    paths.#stepLater();
    return paths;
  }

  get count(): number {
    return this.#rows.count;
  }

  digests(): Iterable<PathDigest> {
    return this.#rows.digests();
  }

  onChange(listener: (change: OwnPathsChange) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Something that should be in the store was not: searches for what was removed. */
  suspect(): void {
    const isIdle = this.#quickRounds === 0;
    this.#quickRounds = 2;
    if (isIdle) this.#stepLater();
  }

  [Symbol.dispose](): void {
    this.#poll?.cancel();
    this.#step?.cancel();
    this.#listeners.clear();
  }

  #pollLater(): void {
    this.#poll = this.#components.clock.setTimer(POLL_MS, () => {
      unlessUnavailable(() => this.#look());
      this.#pollLater();
    });
  }

  #look(): void {
    const newestId = this.#components.database.newestId();
    if (newestId > this.#newestId) this.#takeNewRows();
    const runs = this.#components.collectorRuns?.() ?? 0;
    if (newestId < this.#newestId || runs !== this.#collectorRuns) this.suspect();
    this.#collectorRuns = runs;
  }

  /** @returns whether these were all */
  #takeNewRows(): boolean {
    return this.#readSlice(this.#newestId) === Number.POSITIVE_INFINITY;
  }

  #stepLater(): void {
    this.#step?.cancel();
    this.#step = this.#components.clock.setTimer(this.#quickRounds > 0 ? SEARCH_STEP_MS : IDLE_STEP_MS, () => {
      unlessUnavailable(() => this.#compareSlice());
      this.#stepLater();
    });
  }

  #compareSlice(): void {
    const upTo = this.#readSlice(this.#comparedId);
    const isLast = upTo === Number.POSITIVE_INFINITY;
    this.#comparedId = isLast ? 0 : upTo;
    if (isLast) this.#quickRounds = Math.max(this.#quickRounds - 1, 0);
  }

  /**
   * Takes over what the database says of the rows after the id `after`, and tells of what has changed.
   * @returns up to which id; Infinity when there are no more
   */
  #readSlice(after: number): number {
    const rows = this.#components.database.registeredAfter(after, SLICE_ROWS);
    const lastId = rows.at(-1)?.id ?? after;
    const readUpTo = rows.length < SLICE_ROWS ? Number.POSITIVE_INFINITY : lastId;
    // Of ours no more are compared, however many of them have gone.
    const upTo = Math.min(readUpTo, this.#rows.idAfter(after, SLICE_ROWS));
    const shared = rows.filter((row) => row.id <= upTo && isShareable(row));
    const change = this.#rows.replace(after, upTo, shared);
    this.#newestId = upTo === Number.POSITIVE_INFINITY ? lastId : Math.max(this.#newestId, upTo);
    this.#tell(change);
    return upTo;
  }

  #tell(change: OwnPathsChange): void {
    if (change.added.length + change.removed.length === 0) return;
    for (const listener of [...this.#listeners]) listener(change);
  }
}

/** A database that is locked is looked at again the next time. */
function unlessUnavailable(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof NiphasError && error.code === "StoreUnavailable")) throw error;
  }
}
