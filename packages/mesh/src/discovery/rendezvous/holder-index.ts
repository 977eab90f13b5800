import type { PeerId } from "../../ports.ts";
import { DigestPairs } from "../hashes/digest-pairs.ts";
import { type DigestList, digestsIn, type PathDigest, shardOfWord } from "../hashes/path-digest.ts";
import { type Announcement, type AnnouncementAnswer, MAX_HOLDERS } from "./announcement.ts";

export interface HolderIndexInit {
  /** As `Math.random`. */
  readonly random: () => number;
  /** (path, holder) of all holders together; 24 to 64 bytes each. @default 3_000_000 */
  readonly maxPairs?: number;
  /** Paths of one holder: what bounds a liar. @default 65_536 */
  readonly maxPairsPerHolder?: number;
}

interface Holder {
  readonly peer: PeerId;
  readonly number: number;
  readonly epoch: number;
  sequence: number;
  pairCount: number;
  /** {@link HolderIndex.#lossCount} when it began anew. */
  readonly lossesAtStart: number;
}

const DEFAULT_MAX_PAIRS = 3_000_000;
const DEFAULT_MAX_PAIRS_PER_HOLDER = 65_536;
/** So many holders gone, a path may have lost too many of the few that are remembered: the others tell again. */
const LOSSES_BEFORE_RESEND = MAX_HOLDERS / 4;

/**
 * What a keeper knows: who holds which path. A holder is a number here, used once; it is forgotten at once when it is
 * lost, and what it announced is garbage that is swept away later, in parts.
 */
export class HolderIndex {
  readonly #pairs: DigestPairs;
  readonly #random: () => number;
  readonly #maxPairs: number;
  readonly #maxPairsPerHolder: number;
  readonly #byNumber = new Map<number, Holder>();
  readonly #byPeer = new Map<PeerId, Holder>();
  #nextNumber = 0;
  #garbageCount = 0;
  #lossCount = 0;
  /** Holders beyond the cap have displaced others. */
  #wasFull = false;

  constructor(init: HolderIndexInit) {
    this.#random = init.random;
    this.#maxPairs = init.maxPairs ?? DEFAULT_MAX_PAIRS;
    this.#maxPairsPerHolder = init.maxPairsPerHolder ?? DEFAULT_MAX_PAIRS_PER_HOLDER;
    this.#pairs = new DigestPairs({ seed: Math.floor(init.random() * 2 ** 32) });
  }

  get pairCount(): number {
    return this.#pairs.size;
  }

  get sizeBytes(): number {
    return this.#pairs.sizeBytes;
  }

  /** Pairs of forgotten holders that are still in the table. */
  get garbageCount(): number {
    return this.#garbageCount;
  }

  get slotCount(): number {
    return this.#pairs.slotCount;
  }

  take(peer: PeerId, announcement: Announcement): AnnouncementAnswer {
    const { epoch, sequence, added, removed } = announcement;
    if (sequence === 0) this.#begin(peer, epoch);
    const holder = this.#byPeer.get(peer);
    if (holder === undefined || !this.#continues(holder, announcement)) return "resend";
    holder.sequence = sequence;
    for (const digest of digestsIn(added)) this.#add(digest, holder);
    this.#remove(removed, holder);
    return "applied";
  }

  holdersOf(digest: PathDigest): PeerId[] {
    return this.#pairs.values(digest).flatMap((number) => this.#byNumber.get(number)?.peer ?? []);
  }

  /** At once; the memory comes back with {@link sweep}. */
  forget(peer: PeerId): void {
    if (this.#retire(peer)) this.#lossCount++;
  }

  /** Removes from the slots from `start` to `end` the garbage, and what lies in shards that are not kept. */
  sweep(start: number, end: number, isKept: (shard: number) => boolean): void {
    this.#pairs.sweep(start, end, (firstWord, number) => {
      const holder = this.#byNumber.get(number);
      const keeps = holder !== undefined && isKept(shardOfWord(firstWord));
      if (!keeps) this.#pairGoes(holder);
      return keeps;
    });
  }

  #begin(peer: PeerId, epoch: number): void {
    this.#retire(peer);
    const number = this.#nextNumber++;
    const holder = { peer, number, epoch, sequence: 0, pairCount: 0, lossesAtStart: this.#lossCount };
    this.#byNumber.set(number, holder);
    this.#byPeer.set(peer, holder);
  }

  #retire(peer: PeerId): boolean {
    const holder = this.#byPeer.get(peer);
    if (holder === undefined) return false;
    this.#byPeer.delete(peer);
    this.#byNumber.delete(holder.number);
    this.#garbageCount += holder.pairCount;
    return true;
  }

  /** The next message, or the last one again, whose answer was lost. */
  #continues(holder: Holder, { epoch, sequence, added, removed }: Announcement): boolean {
    const isInOrder = sequence === holder.sequence || sequence === holder.sequence + 1;
    const isCheck = sequence > 0 && added.length + removed.length === 0;
    const hasMissedLosses = this.#wasFull && this.#lossCount - holder.lossesAtStart >= LOSSES_BEFORE_RESEND;
    return holder.epoch === epoch && isInOrder && !(isCheck && hasMissedLosses);
  }

  #add(digest: PathDigest, holder: Holder): void {
    if (holder.pairCount >= this.#maxPairsPerHolder || this.#pairs.size >= this.#maxPairs) return;
    this.#makeRoom(digest, holder.number);
    if (this.#pairs.add(digest, holder.number)) holder.pairCount++;
  }

  /**
   * Half of the places stay with who came first: they hold the whole path by now. The others go to who comes last, which
   * spreads the load of a path that many are getting.
   */
  #makeRoom(digest: PathDigest, number: number): void {
    const numbers = this.#pairs.values(digest);
    if (numbers.length < MAX_HOLDERS || numbers.includes(number)) return;
    const lasting = MAX_HOLDERS / 2;
    const displaced = numbers[lasting + Math.floor(this.#random() * (numbers.length - lasting))] ?? 0;
    const holder = this.#byNumber.get(displaced);
    this.#pairs.delete(digest, displaced);
    this.#pairGoes(holder);
    if (holder !== undefined) this.#wasFull = true;
  }

  /** @param holder undefined for garbage */
  #pairGoes(holder: Holder | undefined): void {
    if (holder === undefined) this.#garbageCount--;
    else holder.pairCount--;
  }

  #remove(removed: DigestList, holder: Holder): void {
    for (const digest of digestsIn(removed)) {
      if (this.#pairs.delete(digest, holder.number)) holder.pairCount--;
    }
  }
}
