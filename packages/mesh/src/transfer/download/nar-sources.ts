import type { ByteRange, PathHash, PeerId } from "../../ports.ts";
import { SourceChoice } from "../choice/index.ts";
import type { ByteSource } from "../ports.ts";
import type { PeerTraffic } from "./peer-traffic.ts";

export interface NarSourcesInit {
  readonly path: PathHash;
  /** Nobody else is asked. @default everybody may be */
  readonly only?: ByteSource | undefined;
  /** Peers that are getting the NAR, too. @default nobody */
  readonly sharers?: () => readonly PeerId[];
}

/** The peers that may give one NAR: members that say that they hold it, and those whom a coordinator named. */
export class NarSources {
  readonly #traffic: PeerTraffic;
  readonly #path: PathHash;
  readonly #named = new Set<PeerId>();
  readonly #inUse = new Set<PeerId>();
  readonly #abandoned = new Set<PeerId>();
  /** Their last answer was that they have no slot free. */
  readonly #busy = new Set<PeerId>();
  readonly #only: ByteSource | undefined;
  readonly #sharers: () => readonly PeerId[];
  /** What peers that are getting the NAR have told that they have. */
  readonly #offers = new Map<PeerId, readonly ByteRange[]>();
  /** Who holds all of it, at the choice that is made: there may be hundreds, and each is looked at. */
  #holding: ReadonlySet<PeerId> = new Set();
  readonly choice: SourceChoice;

  constructor(components: { readonly traffic: PeerTraffic }, init: NarSourcesInit) {
    this.#traffic = components.traffic;
    this.#path = init.path;
    this.#only = init.only;
    this.#sharers = init.sharers ?? (() => []);
    const { loads, clock, random, isNear } = components.traffic;
    const isUsable = (peer: PeerId): boolean => this.#isUsable(peer);
    const isLastChoice = (peer: PeerId): boolean => this.#isLastChoice(peer);
    const hasOffered = (peer: PeerId): boolean => this.#offers.has(peer);
    const nowMs = (): number => clock.nowMs();
    this.choice = new SourceChoice({ loads, nowMs, random, isUsable, isNear, isLastChoice, hasOffered });
  }

  /** A coordinator says that these have the NAR or are getting it. */
  add(peers: readonly PeerId[]): void {
    for (const peer of peers) this.#named.add(peer);
  }

  /** All of them, usable or not. */
  get all(): readonly PeerId[] {
    return this.#with(new Set(this.#holders));
  }

  /** It has said that it has these ranges, and perhaps no others. */
  offered(peer: PeerId, ranges: readonly ByteRange[]): void {
    this.#offers.set(peer, ranges);
  }

  offersOf(peer: PeerId): readonly ByteRange[] | undefined {
    return this.#offers.get(peer);
  }

  /** Nothing of what it has offered is missing any more. */
  forgetOffers(peer: PeerId): void {
    this.#offers.delete(peer);
  }

  /** A peer that is asked for nothing of this NAR now; {@link release} it. */
  take(sizeBytes: number): PeerId | undefined {
    this.#holding = new Set(this.#holders);
    const peer = this.choice.choose(this.#with(this.#holding), sizeBytes);
    if (peer !== undefined) this.#inUse.add(peer);
    return peer;
  }

  release(peer: PeerId): void {
    this.#inUse.delete(peer);
  }

  heard(peer: PeerId, { isBusy }: { readonly isBusy: boolean }): void {
    if (isBusy) this.#busy.add(peer);
    else this.#busy.delete(peer);
  }

  /** Somebody who may have the NAR has only no slot free. */
  get isQueued(): boolean {
    return this.#busy.values().some((peer) => this.#traffic.isUsable(peer));
  }

  /** Nothing more of this NAR comes from this peer. */
  abandon(peer: PeerId): void {
    this.#abandoned.add(peer);
    this.choice.abandon(peer);
  }

  /** When to look again; undefined when nobody is left who could give it. */
  nextTryMs(): number | undefined {
    const busyMs = this.choice.nextTryMs(this.all);
    if (busyMs !== undefined) return busyMs;
    const isCrowded = this.all.some((peer) => !this.#abandoned.has(peer) && this.#traffic.isCrowded(peer));
    return isCrowded ? this.#traffic.clock.nowMs() : undefined;
  }

  /** Others that could take over. */
  othersThan(peer: PeerId): readonly PeerId[] {
    return this.all.filter((other) => other !== peer && !this.#abandoned.has(other) && this.#isUsable(other));
  }

  #with(holders: ReadonlySet<PeerId>): readonly PeerId[] {
    if (this.#only !== undefined) return this.#only === "upstream" ? [] : [this.#only];
    return [...holders, ...this.#sharers().filter((peer) => !holders.has(peer))];
  }

  get #holders(): readonly PeerId[] {
    return [...this.#named, ...this.#traffic.holders.of(this.#path)];
  }

  /** One that may be frozen, or may have nothing yet. */
  #isLastChoice(peer: PeerId): boolean {
    if (this.#traffic.isSuspect(peer)) return true;
    return this.#sharers().includes(peer) && !this.#offers.has(peer) && !this.#holding.has(peer);
  }

  /** Also asked for peers that others have named, which may be anybody. */
  #isUsable(peer: PeerId): boolean {
    if (this.#only !== undefined && this.#only !== peer) return false;
    return !this.#inUse.has(peer) && this.#traffic.isUsable(peer) && !this.#traffic.isCrowded(peer);
  }
}
