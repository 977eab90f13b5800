import { NiphasError } from "@niphas/core";
import { rendezvousMember, rendezvousScore } from "../../coordination/rendezvous.ts";
import type { PathHash, PeerId } from "../../ports.ts";
import { digestList, digestOf, type PathDigest, shardOf } from "../hashes/path-digest.ts";
import type { MemberView } from "../members/member-view.ts";
import type { Clock, DiscoveryChannel } from "../ports.ts";
import { MAX_QUERY_DIGESTS } from "./announcement.ts";
import { HolderCache } from "./holder-cache.ts";

/** For one keeper; then the next one is asked. */
const QUERY_TIMEOUT_MS = 300;
/** So many keepers must say that nobody holds a path before it is believed. */
const EMPTY_ANSWERS_BELIEVED = 2;
/** Paths that {@link Lookups.of} misses within this time are asked for together. */
const GATHER_MS = 1;

export interface LookupsComponents {
  readonly channel: Pick<DiscoveryChannel, "query">;
  readonly clock: Clock;
  readonly view: () => MemberView;
  readonly isUsable: (peer: PeerId) => boolean;
}

interface Lookup {
  readonly path: PathHash;
  readonly digest: PathDigest;
  /** Keepers that have not been asked, the next one first. */
  readonly keepers: PeerId[];
  holders: readonly PeerId[];
  emptyAnswers: number;
}

/** Asks keepers who holds paths: many paths in one question, each path once at a time, answers kept for seconds. */
export class Lookups implements Disposable {
  readonly #components: LookupsComponents;
  readonly #self: PeerId;
  readonly #cache: HolderCache;
  readonly #underWay = new Map<PathHash, Promise<void>>();
  readonly #abort = new AbortController();
  #missed: Set<PathHash> | undefined;

  constructor(components: LookupsComponents, init: { readonly self: PeerId }) {
    this.#components = components;
    this.#self = init.self;
    this.#cache = new HolderCache(components);
  }

  /** What is known; when nothing is, it is asked for in the background. */
  of(path: PathHash): readonly PeerId[] {
    const known = this.#cache.get(path);
    if (known === undefined) this.#miss(path);
    return known ?? [];
  }

  /** @throws NiphasError Cancelled */
  async lookUp(paths: readonly PathHash[], signal: AbortSignal): Promise<void> {
    const unknown = paths.filter((path) => this.#cache.get(path) === undefined);
    const fresh = [...new Set(unknown)].filter((path) => !this.#underWay.has(path));
    if (fresh.length > 0) this.#start(fresh);
    const flights = new Set(unknown.map((path) => this.#underWay.get(path)));
    await unlessAborted(Promise.all(flights), signal);
  }

  [Symbol.dispose](): void {
    this.#abort.abort(new NiphasError("Cancelled", "discovery has ended"));
  }

  #miss(path: PathHash): void {
    if (this.#missed === undefined) {
      const missed = new Set<PathHash>();
      this.#missed = missed;
      this.#components.clock.setTimer(GATHER_MS, () => {
        this.#missed = undefined;
        this.lookUp([...missed], this.#abort.signal).catch(() => undefined);
      });
    }
    this.#missed.add(path);
  }

  #start(paths: readonly PathHash[]): void {
    const flight = this.#resolve(paths.map((path) => this.#newLookup(path))).finally(() => {
      for (const path of paths) this.#underWay.delete(path);
    });
    for (const path of paths) this.#underWay.set(path, flight);
  }

  #newLookup(path: PathHash): Lookup {
    const digest = digestOf(path);
    const shard = shardOf(digest);
    const keepers = this.#components.view().keepersOf(shard).filter(this.#components.isUsable);
    // Each node begins at another one, so that they share the load.
    const first = rendezvousScore(rendezvousMember(this.#self), shard) % Math.max(keepers.length, 1);
    const rotated = [...keepers.slice(first), ...keepers.slice(0, first)];
    return { path, digest, keepers: rotated, holders: [], emptyAnswers: 0 };
  }

  async #resolve(lookups: readonly Lookup[]): Promise<void> {
    for (let open = lookups.filter(isOpen); open.length > 0; open = open.filter(isOpen)) {
      const groups = Map.groupBy(open, (lookup) => lookup.keepers.shift());
      await Promise.all([...groups].map(([keeper, group]) => this.#askAll(keeper, group)));
    }
    for (const { path, holders } of lookups) this.#cache.set(path, holders);
  }

  async #askAll(keeper: PeerId | undefined, lookups: readonly Lookup[]): Promise<void> {
    if (keeper === undefined) return;
    for (let start = 0; start < lookups.length; start += MAX_QUERY_DIGESTS) {
      await this.#ask(keeper, lookups.slice(start, start + MAX_QUERY_DIGESTS));
    }
  }

  async #ask(keeper: PeerId, lookups: readonly Lookup[]): Promise<void> {
    const abort = new AbortController();
    const timeout = this.#components.clock.setTimer(QUERY_TIMEOUT_MS, () => abort.abort());
    const signal = AbortSignal.any([abort.signal, this.#abort.signal]);
    try {
      const digests = digestList(lookups.map(({ digest }) => digest));
      const lists = await this.#components.channel.query(keeper, digests, signal);
      const view = this.#components.view();
      for (const [index, lookup] of lookups.entries()) {
        lookup.holders = (lists[index] ?? []).filter((peer) => view.has(peer) && peer !== this.#self);
        if (lookup.holders.length === 0) lookup.emptyAnswers++;
      }
    } catch {
      // The next keeper knows as much.
    } finally {
      timeout.cancel();
    }
  }
}

function isOpen(lookup: Lookup): boolean {
  return lookup.holders.length === 0 && lookup.emptyAnswers < EMPTY_ANSWERS_BELIEVED && lookup.keepers.length > 0;
}

async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const cancelled = (): NiphasError =>
    new NiphasError("Cancelled", "the lookup was cancelled", { cause: signal.reason });
  if (signal.aborted) throw cancelled();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(cancelled());
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
