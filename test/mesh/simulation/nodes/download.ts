import { type PathHash, type PeerId, SourceChoice, type Timer } from "@niphas/mesh";
import type { Outcome, World } from "../world.ts";
import { RangeSet } from "./range-set.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** As the daemon's default: sources of one NAR at once. */
const MAX_AT_WORK = 4;
/** Without any source. */
const RETRY_MS = 100;
/** Holders are asked of discovery so often, not for each range. */
const HOLDERS_MS = 200;
/** What a source said that it holds is believed for so long, unless it had everything. */
const HELD_MS = 1000;
const MAX_KNOWN = 128;

export interface DownloadInit {
  readonly node: SimulatedNode;
  readonly path: PathHash;
  readonly rangeCount: number;
  readonly rangeBytes: number;
  /** Any of the missing ranges next, or the first: nodes that hold different ranges have something to give each other. */
  readonly isSpread: boolean;
  readonly onDone: () => void;
}

interface Known {
  readonly held: RangeSet;
  readonly atMs: number;
}

/** One node gets one NAR in ranges, by real discovery and choice. */
export class Download {
  readonly #world: World;
  readonly #init: DownloadInit;
  readonly #choice: SourceChoice;
  readonly #missing: RangeSet;
  readonly #known = new Map<PeerId, Known>();
  #atWork = 0;
  #retry: Timer | undefined;
  #holders: readonly PeerId[] = [];
  #holdersAtMs = Number.NEGATIVE_INFINITY;

  constructor(world: World, init: DownloadInit) {
    this.#world = world;
    this.#init = init;
    const { node } = init;
    this.#choice = new SourceChoice({
      loads: node.loads,
      nowMs: () => world.time.nowMs(),
      random: node.random,
      isUsable: (peer) => peer !== node.peer && world.canReach(node.peer, peer) && this.#mayHelp(peer),
      isNear: (peer) => world.node(peer)?.zone === node.zone,
    });
    this.#missing = RangeSet.full(init.rangeCount);
    for (const range of node.ranges.list()) this.#missing.delete(range);
  }

  /** Asks until enough sources are at work, or nobody can be asked now. */
  start(): void {
    this.#retry?.cancel();
    while (this.#atWork < MAX_AT_WORK && this.#init.node.isAlive && this.#missing.size > 0) {
      if (!this.#askNext()) return;
    }
  }

  #askNext(): boolean {
    const holders = this.#currentHolders();
    const source = this.#choice.choose(holders, this.#init.rangeBytes);
    const range = source === undefined ? undefined : this.#rangeFrom(source);
    if (source === undefined || range === undefined) this.#later(this.#choice.nextTryMs(holders));
    else this.#ask(source, range);
    return source !== undefined && range !== undefined;
  }

  #later(atMs: number | undefined): void {
    const waitMs = (atMs ?? Number.POSITIVE_INFINITY) - this.#world.time.nowMs();
    this.#retry = this.#world.time.after(Math.max(1, Math.min(waitMs, RETRY_MS)), () => this.start());
  }

  #currentHolders(): readonly PeerId[] {
    const { node, path } = this.#init;
    const nowMs = this.#world.time.nowMs();
    if (nowMs - this.#holdersAtMs >= HOLDERS_MS) {
      this.#holders = node.discovery.of(path);
      this.#holdersAtMs = nowMs;
    }
    return this.#holders;
  }

  /** Undefined when it is not known now. */
  #heldBy(peer: PeerId): RangeSet | undefined {
    const known = this.#known.get(peer);
    if (known === undefined) return undefined;
    const isFresh = known.held.size === this.#init.rangeCount || this.#world.time.nowMs() - known.atMs < HELD_MS;
    return isFresh ? known.held : undefined;
  }

  #learn(source: PeerId, known: Known): void {
    this.#known.delete(source);
    this.#known.set(source, known);
    if (this.#known.size <= MAX_KNOWN) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }

  #mayHelp(peer: PeerId): boolean {
    const held = this.#heldBy(peer);
    return held === undefined || held.size === this.#init.rangeCount || held.intersects(this.#missing);
  }

  #rangeFrom(source: PeerId): number | undefined {
    const useful = this.#missing.list(this.#heldBy(source));
    return useful[this.#init.isSpread ? Math.floor(this.#init.node.random() * useful.length) : 0];
  }

  #ask(source: PeerId, range: number): void {
    const { node, rangeBytes } = this.#init;
    const startedAtMs = this.#world.time.nowMs();
    this.#missing.delete(range);
    this.#atWork++;
    node.loads.started(source, rangeBytes);
    this.#world.request(node, source, { range, sizeBytes: rangeBytes }, (outcome) => {
      const nowMs = this.#world.time.nowMs();
      node.loads.ended(source, rangeBytes, outcome.kind === "bytes" ? rangeBytes : 0, nowMs - startedAtMs);
      this.#learn(source, { held: outcome.held, atMs: nowMs });
      if (outcome.kind === "bytes") this.#received(source, range);
      else this.#refused(source, range, outcome);
      this.#atWork--;
      this.start();
    });
  }

  #refused(source: PeerId, range: number, outcome: Outcome): void {
    this.#missing.add(range);
    if (outcome.kind === "busy") this.#choice.busy(source, outcome.retryWith);
    else if (outcome.kind !== "later") this.#choice.abandon(source);
  }

  #received(source: PeerId, range: number): void {
    const { node, path, rangeCount, onDone } = this.#init;
    this.#choice.succeeded(source);
    node.ranges.add(range);
    // From the first range on others may come: it says so to discovery as for a path in the store.
    if (node.ranges.size === 1) node.paths.add(path);
    if (node.ranges.size === rangeCount) onDone();
  }
}
