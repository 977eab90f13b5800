import { NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { digestList, type PathDigest, shardOf, sliceDigests } from "../hashes/path-digest.ts";
import type { MemberView } from "../members/member-view.ts";
import { ChangeBatch } from "../peers/change-batch.ts";
import { PeerJobs } from "../peers/peer-jobs.ts";
import type { Clock, DiscoveryChannel, OwnPaths, OwnPathsChange, Timer } from "../ports.ts";
import { AnnouncedPaths, type Outgoing } from "./announced-paths.ts";
import { type Announcement, MAX_ANNOUNCED_DIGESTS } from "./announcement.ts";
import { ShardedDigests } from "./sharded-digests.ts";

const BATCH_MS = 250;
const CONCURRENCY = 32;
const ANNOUNCE_TIMEOUT_MS = 5000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
/** Every keeper is asked so often whether it still knows us. */
const CHECK_INTERVAL_MS = 600_000;
/** Shards whose keepers are found in one go: 10 ms with 10,000 members. */
const SHARDS_A_STEP = 64;

export interface AnnouncerComponents {
  readonly channel: Pick<DiscoveryChannel, "announce">;
  readonly paths: OwnPaths;
  readonly clock: Clock;
  readonly random: () => number;
  readonly view: () => MemberView;
  readonly isUsable: (peer: PeerId) => boolean;
}

/** Tells the keepers of each shard which paths this node holds in it, and follows own paths, keepers and losses. */
export class Announcer implements AsyncDisposable {
  readonly #components: AnnouncerComponents;
  readonly #self: PeerId;
  readonly #epoch: number;
  readonly #keepers = new Map<PeerId, AnnouncedPaths>();
  /** Shards in which we hold something and whose keepers are known. */
  readonly #shards = new Set<number>();
  readonly #jobs: PeerJobs;
  readonly #batch: ChangeBatch;
  readonly #subscription: Disposable;
  #isActive: boolean = false;
  /** Kept while several keepers are told from it; never out of date. */
  #sharded: ShardedDigests | undefined;
  #step: Timer | undefined;
  #check: Timer | undefined;

  constructor(components: AnnouncerComponents, init: { readonly self: PeerId }) {
    this.#components = components;
    this.#self = init.self;
    this.#epoch = Math.floor(components.random() * 2 ** 32);
    this.#batch = new ChangeBatch(components, { delayMs: BATCH_MS, onBatch: (changes) => this.#ownChanged(changes) });
    this.#subscription = components.paths.onChange((change) => {
      this.#sharded = undefined;
      if (this.#isActive) this.#batch.add(change);
    });
    this.#jobs = new PeerJobs(components, {
      run: (peer, signal) => this.#tell(peer, signal),
      concurrency: CONCURRENCY,
      timeoutMs: ANNOUNCE_TIMEOUT_MS,
      firstRetryMs: FIRST_RETRY_MS,
      maxRetryMs: MAX_RETRY_MS,
    });
  }

  start(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    this.#assign(this.#own().shards());
    this.#checkLater();
  }

  isTold(peer: PeerId): boolean {
    return this.#keepers.has(peer);
  }

  stop(): void {
    this.#isActive = false;
    this.#step?.cancel();
    this.#check?.cancel();
    for (const peer of this.#keepers.keys()) this.#jobs.cancel(peer);
    this.#keepers.clear();
    this.#shards.clear();
    this.#sharded = undefined;
  }

  viewChanged(view: MemberView, previous: MemberView): void {
    for (const shard of this.#shards) {
      const before = previous.keepersOf(shard);
      const now = view.keepersOf(shard);
      for (const peer of before) if (!now.includes(peer)) this.#keepers.get(peer)?.dropShard(shard);
      for (const peer of now) if (!before.includes(peer)) this.#keeper(peer)?.addShard(shard);
    }
    this.#tellAll();
  }

  found(peer: PeerId): void {
    const keeper = this.#keepers.get(peer);
    if (keeper === undefined) return;
    keeper.startAnew();
    this.#jobs.want(peer);
  }

  lost(peer: PeerId): void {
    this.#jobs.cancel(peer);
    this.#keepers.get(peer)?.startAnew();
  }

  forgotten(peer: PeerId): void {
    this.lost(peer);
    if (!this.#components.view().has(peer)) this.#keepers.delete(peer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.#subscription[Symbol.dispose]();
    this.#batch[Symbol.dispose]();
    await this.#jobs[Symbol.asyncDispose]();
  }

  #own(): ShardedDigests {
    this.#sharded ??= new ShardedDigests(this.#components.paths.digests());
    return this.#sharded;
  }

  /** Undefined for ourselves. */
  #keeper(peer: PeerId): AnnouncedPaths | undefined {
    if (peer === this.#self) return undefined;
    const keeper = this.#keepers.get(peer) ?? new AnnouncedPaths();
    this.#keepers.set(peer, keeper);
    return keeper;
  }

  /** Finds the keepers of shards, a few at a time, then tells them. */
  #assign(shards: readonly number[]): void {
    const view = this.#components.view();
    for (const shard of shards.slice(0, SHARDS_A_STEP)) {
      this.#shards.add(shard);
      for (const peer of view.keepersOf(shard)) this.#keeper(peer)?.addShard(shard);
    }
    const rest = shards.slice(SHARDS_A_STEP);
    if (rest.length === 0) this.#tellAll();
    else this.#step = this.#components.clock.setTimer(1, () => this.#assign(rest));
  }

  #ownChanged(changes: readonly OwnPathsChange[]): void {
    if (!this.#isActive) return;
    const view = this.#components.view();
    const note = (digest: PathDigest, isHeld: boolean): void => {
      const shard = shardOf(digest);
      this.#shards.add(shard);
      for (const peer of view.keepersOf(shard)) this.#keeper(peer)?.addChange(shard, digest, isHeld);
    };
    for (const { added, removed } of changes) {
      for (const digest of added) note(digest, true);
      for (const digest of removed) note(digest, false);
    }
    this.#tellAll();
  }

  #tellAll(): void {
    for (const [peer, keeper] of this.#keepers) {
      if (keeper.hasNews && this.#components.isUsable(peer)) this.#jobs.want(peer);
    }
  }

  async #tell(peer: PeerId, signal: AbortSignal): Promise<void> {
    const keeper = this.#keepers.get(peer);
    if (keeper === undefined) return;
    try {
      // Without news, the last message again asks whether the keeper still knows us.
      const outgoing = keeper.hasNews ? keeper.take(() => this.#own()) : undefined;
      for (const announcement of this.#messages(keeper, outgoing)) {
        const answer = await this.#components.channel.announce(peer, announcement, signal);
        if (answer === "resend") throw new NiphasError("SubstituterUnavailable", "a keeper has forgotten this node");
        keeper.sequence = announcement.sequence;
      }
    } catch (error) {
      keeper.startAnew();
      throw error;
    }
  }

  *#messages(keeper: AnnouncedPaths, outgoing: Outgoing | undefined): Generator<Announcement> {
    const [added, removed] = [digestList(outgoing?.added ?? []), digestList(outgoing?.removed ?? [])];
    const count = Math.max(outgoing?.added.length ?? 0, outgoing?.removed.length ?? 0);
    const first = outgoing === undefined ? keeper.sequence : outgoing.isFirst ? 0 : keeper.sequence + 1;
    for (let start = 0; start === 0 || start < count; start += MAX_ANNOUNCED_DIGESTS) {
      const end = start + MAX_ANNOUNCED_DIGESTS;
      yield {
        epoch: this.#epoch,
        sequence: first + start / MAX_ANNOUNCED_DIGESTS,
        added: sliceDigests(added, start, end),
        removed: sliceDigests(removed, start, end),
      };
    }
  }

  #checkLater(): void {
    this.#check = this.#components.clock.setTimer(CHECK_INTERVAL_MS, () => {
      for (const peer of this.#keepers.keys()) {
        if (this.#components.isUsable(peer)) this.#jobs.want(peer);
      }
      this.#checkLater();
    });
  }
}
