import { highestMembers, type RendezvousMember, rendezvousMember } from "../../coordination/rendezvous.ts";
import type { PeerId } from "../../ports.ts";

/** Keepers of each shard. Part of the wire contract. */
export const KEEPER_COUNT = 3;
/** Keeps the weights of shards apart from those of paths. */
const SHARD_KEY = 0x6b656570;

/**
 * One state of the membership, ourselves included, and what follows from it: the keepers of each shard. They are found
 * when they are first asked for: one costs a few nanoseconds for each member.
 */
export class MemberView {
  readonly #members: ReadonlyMap<PeerId, RendezvousMember>;
  readonly #keepers: Map<number, readonly RendezvousMember[]>;

  private constructor(
    members: ReadonlyMap<PeerId, RendezvousMember>,
    keepers: Map<number, readonly RendezvousMember[]> = new Map(),
  ) {
    this.#members = members;
    this.#keepers = keepers;
  }

  static of(peers: Iterable<PeerId>): MemberView {
    return new MemberView(new Map([...peers].map((peer) => [peer, rendezvousMember(peer)])));
  }

  get size(): number {
    return this.#members.size;
  }

  peers(): Iterable<PeerId> {
    return this.#members.keys();
  }

  has(peer: PeerId): boolean {
    return this.#members.has(peer);
  }

  /** The same on all nodes with the same members; the first has the highest weight. */
  keepersOf(shard: number): readonly PeerId[] {
    return this.#keepersOf(shard).map(({ peerId }) => peerId);
  }

  isKeeper(peer: PeerId, shard: number): boolean {
    return this.#keepersOf(shard).some(({ peerId }) => peerId === peer);
  }

  /** The shards of `shards` that `peer` keeps. */
  shardsOf(peer: PeerId, shards: Iterable<number>): number[] {
    return [...shards].filter((shard) => this.isKeeper(peer, shard));
  }

  /** The view of other members. Of the keepers that are known only those are looked for again that may have changed. */
  changedTo(peers: Iterable<PeerId>): MemberView {
    const members = new Map([...peers].map((peer) => [peer, this.#members.get(peer) ?? rendezvousMember(peer)]));
    const joined = [...members.values()].filter(({ peerId }) => !this.#members.has(peerId));
    const next = new MemberView(members);
    for (const [shard, keepers] of this.#keepers) {
      if (keepers.length < KEEPER_COUNT || keepers.some(({ peerId }) => !members.has(peerId))) continue;
      next.#keepers.set(shard, highestMembers([...keepers, ...joined], SHARD_KEY ^ shard, KEEPER_COUNT));
    }
    return next;
  }

  #keepersOf(shard: number): readonly RendezvousMember[] {
    const known = this.#keepers.get(shard);
    if (known !== undefined) return known;
    const keepers = highestMembers(this.#members.values(), SHARD_KEY ^ shard, KEEPER_COUNT);
    this.#keepers.set(shard, keepers);
    return keepers;
  }
}
