import type { PathHash, PeerId } from "../../ports.ts";
import { type DigestList, digestOf, digestsIn, type PathDigest, shardOf } from "../hashes/path-digest.ts";
import type { MemberView } from "../members/member-view.ts";
import type { DiscoveryComponents, DiscoveryInit, MemberState, Strategy } from "../strategy.ts";
import type { Announcement, AnnouncementAnswer } from "./announcement.ts";
import { Announcer } from "./announcer.ts";
import { HolderIndex } from "./holder-index.ts";
import { IndexSweeper } from "./index-sweeper.ts";
import { Lookups } from "./lookups.ts";

/** Other nodes may see new keepers later than we do: until then they ask and tell us. */
const GRACE_MS = 30_000;

/**
 * The hash space lies in 4,096 shards, each kept by three members that all nodes compute alike. A node tells keepers
 * what it holds and asks them who holds a path: for clusters where nobody could keep a summary of everybody.
 */
export class RendezvousDiscovery implements Strategy {
  readonly #members: MemberState;
  readonly #self: PeerId;
  readonly #index: HolderIndex;
  readonly #sweeper: IndexSweeper;
  readonly #announcer: Announcer;
  readonly #lookups: Lookups;

  constructor(components: DiscoveryComponents & { readonly members: MemberState }, init: DiscoveryInit) {
    const { members, clock } = components;
    const view = (): MemberView => members.view;
    const isUsable = (peer: PeerId): boolean => members.isUsable(peer);
    this.#members = members;
    this.#self = init.self;
    this.#index = new HolderIndex(components);
    const isKept = (shard: number): boolean => members.view.isKeeper(init.self, shard);
    this.#sweeper = new IndexSweeper({ clock, index: this.#index }, { isKept });
    this.#announcer = new Announcer({ ...components, view, isUsable }, init);
    this.#lookups = new Lookups({ ...components, view, isUsable }, init);
  }

  /** Pairs (path, holder) that this node keeps for others. */
  get pairCount(): number {
    return this.#index.pairCount;
  }

  /** Whether we tell the peer what we hold. */
  isKeeper(peer: PeerId): boolean {
    return this.#announcer.isTold(peer);
  }

  setSupplying(isSupplying: boolean): void {
    if (isSupplying) this.#announcer.start();
    else this.#announcer.stop();
  }

  /** Nothing is kept for questions, so nothing is to be made ready. */
  setConsulted(): void {}

  of(path: PathHash): readonly PeerId[] {
    const kept = this.#kept(path);
    return kept.length > 0 ? kept : this.#lookups.of(path);
  }

  async lookUp(paths: readonly PathHash[], signal: AbortSignal): Promise<void> {
    const unknown = paths.filter((path) => this.#kept(path).length === 0);
    await this.#lookups.lookUp(unknown, signal);
  }

  takeAnnouncement(from: PeerId, announcement: Announcement): AnnouncementAnswer {
    const answer = this.#index.take(from, announcement);
    if (this.#index.garbageCount > 0) this.#sweeper.wake();
    return answer;
  }

  query(digests: DigestList): readonly (readonly PeerId[])[] {
    return [...digestsIn(digests)].map((digest) => this.#usableHolders(digest));
  }

  viewChanged(view: MemberView, previous: MemberView): void {
    this.#announcer.viewChanged(view, previous);
    if (this.#index.pairCount > 0) this.#sweeper.wake(GRACE_MS);
  }

  found(peer: PeerId): void {
    this.#announcer.found(peer);
  }

  lost(peer: PeerId): void {
    this.#announcer.lost(peer);
  }

  forgotten(peer: PeerId): void {
    this.#announcer.forgotten(peer);
    // A lost member stays, hidden: it may not have noticed that it was lost, and would not tell us again when it is back.
    if (this.#members.view.has(peer)) return;
    this.#index.forget(peer);
    if (this.#index.garbageCount > 0) this.#sweeper.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sweeper[Symbol.dispose]();
    this.#lookups[Symbol.dispose]();
    await this.#announcer[Symbol.asyncDispose]();
  }

  /** By our own index, when we are a keeper of the path. */
  #kept(path: PathHash): readonly PeerId[] {
    if (this.#index.pairCount === 0) return [];
    const digest = digestOf(path);
    return this.#members.view.isKeeper(this.#self, shardOf(digest)) ? this.#usableHolders(digest) : [];
  }

  #usableHolders(digest: PathDigest): readonly PeerId[] {
    return this.#index.holdersOf(digest).filter((peer) => this.#members.isUsable(peer));
  }
}
