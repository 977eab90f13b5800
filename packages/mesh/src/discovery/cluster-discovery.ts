import { NiphasError } from "@niphas/core";
import type { PathHash, PeerId } from "../ports.ts";
import { type DiscoveryMode, nextMode, suppliedModes } from "./cluster-size.ts";
import type { DigestList } from "./hashes/path-digest.ts";
import type { MemberView } from "./members/member-view.ts";
import type { MemberViews } from "./members/member-views.ts";
import { type MemberListener, MemberWatch } from "./members/member-watch.ts";
import type { Discovery, DiscoveryRequests, Reachability, Timer } from "./ports.ts";
import type { Announcement, AnnouncementAnswer } from "./rendezvous/announcement.ts";
import { RendezvousDiscovery } from "./rendezvous/rendezvous-discovery.ts";
import type { DiscoveryComponents, DiscoveryInit, Strategy } from "./strategy.ts";
import type { SummaryAnswer, SummaryDelta, SummaryPosition } from "./summaries/summary.ts";
import { SummaryDiscovery } from "./summaries/summary-discovery.ts";

/** After a switch both ways are asked, until the new one has heard from everybody. */
const OVERLAP_MS = 30_000;

export interface ClusterDiscoveryComponents extends DiscoveryComponents {
  readonly views: MemberViews;
  readonly reachability: Reachability;
}

/** Finds holders by summaries in small clusters and by keepers in large ones, and changes over without a gap. */
export class ClusterDiscovery implements Discovery, DiscoveryRequests, MemberListener {
  readonly #components: ClusterDiscoveryComponents;
  readonly #watch: MemberWatch;
  readonly #summaries: SummaryDiscovery;
  readonly #rendezvous: RendezvousDiscovery;
  #mode: DiscoveryMode;
  /** Set while the previous way is still asked, too. */
  #overlap: Timer | undefined;

  /** Begins at once. */
  constructor(components: ClusterDiscoveryComponents, init: DiscoveryInit) {
    this.#components = components;
    this.#watch = new MemberWatch(components, { self: init.self, listener: this });
    this.#summaries = new SummaryDiscovery({ ...components, members: this.#watch });
    this.#rendezvous = new RendezvousDiscovery({ ...components, members: this.#watch }, init);
    this.#mode = nextMode(this.#watch.view.size);
    this.#strategyOf(this.#mode).setConsulted(true);
    this.#supply();
    this.#watch.start();
  }

  get mode(): DiscoveryMode {
    return this.#mode;
  }

  /** What is kept of others: bytes of summaries, and pairs (path, holder) kept for the cluster. */
  get footprint(): { readonly summaryBytes: number; readonly keptPairs: number } {
    return { summaryBytes: this.#summaries.sizeBytes, keptPairs: this.#rendezvous.pairCount };
  }

  /** Whether the peer keeps an index in which something of ours is. */
  isKeeper(peer: PeerId): boolean {
    return this.#rendezvous.isKeeper(peer);
  }

  of(path: PathHash): readonly PeerId[] {
    const all = this.#consulted().flatMap((strategy) => strategy.of(path));
    return [...new Set(all)].filter((peer) => this.#watch.isUsable(peer));
  }

  async lookUp(paths: readonly PathHash[], signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new NiphasError("Cancelled", "the lookup was cancelled", { cause: signal.reason });
    await Promise.all(this.#consulted().map((strategy) => strategy.lookUp(paths, signal)));
  }

  fetchSummary(_from: PeerId, known: SummaryPosition | undefined): SummaryAnswer {
    return this.#summaries.answer(known);
  }

  takeDelta(from: PeerId, delta: SummaryDelta): void {
    this.#summaries.takeDelta(from, delta);
  }

  /** Of who is no member here yet nothing is kept: it will be told to send it again. */
  takeAnnouncement(from: PeerId, announcement: Announcement): AnnouncementAnswer {
    return this.#watch.view.has(from) ? this.#rendezvous.takeAnnouncement(from, announcement) : "resend";
  }

  query(_from: PeerId, digests: DigestList): readonly (readonly PeerId[])[] {
    return this.#rendezvous.query(digests);
  }

  viewChanged(view: MemberView, previous: MemberView): void {
    for (const strategy of this.#strategies()) strategy.viewChanged(view, previous);
    this.#supply();
    const mode = nextMode(view.size, this.#mode);
    if (mode !== this.#mode) this.#switchTo(mode);
  }

  found(peer: PeerId): void {
    for (const strategy of this.#strategies()) strategy.found(peer);
  }

  lost(peer: PeerId): void {
    for (const strategy of this.#strategies()) strategy.lost(peer);
  }

  forgotten(peer: PeerId): void {
    for (const strategy of this.#strategies()) strategy.forgotten(peer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    this.#overlap?.cancel();
    await Promise.all(this.#strategies().map((strategy) => strategy[Symbol.asyncDispose]()));
  }

  #strategies(): readonly Strategy[] {
    return [this.#summaries, this.#rendezvous];
  }

  #strategyOf(mode: DiscoveryMode): Strategy {
    return mode === "summaries" ? this.#summaries : this.#rendezvous;
  }

  #consulted(): readonly Strategy[] {
    return this.#overlap === undefined ? [this.#strategyOf(this.#mode)] : this.#strategies();
  }

  #supply(): void {
    const modes = suppliedModes(this.#watch.view.size);
    this.#summaries.setSupplying(modes.has("summaries"));
    this.#rendezvous.setSupplying(modes.has("rendezvous"));
  }

  #switchTo(mode: DiscoveryMode): void {
    this.#mode = mode;
    this.#strategyOf(mode).setConsulted(true);
    this.#overlap?.cancel();
    this.#overlap = this.#components.clock.setTimer(OVERLAP_MS, () => {
      this.#overlap = undefined;
      for (const strategy of this.#strategies()) strategy.setConsulted(strategy === this.#strategyOf(this.#mode));
    });
  }
}
