import type { PeerId } from "../../ports.ts";
import type { Clock, Reachability, Timer } from "../ports.ts";
import type { MemberView } from "./member-view.ts";
import type { MemberViews } from "./member-views.ts";

/** How long what a lost peer said is kept, hidden, so that after a short break only the changes are asked. */
const FORGET_AFTER_MS = 4000;

/** Hears of each peer; never of ourselves. */
export interface MemberListener {
  /** The members have changed. Comes before what it means for single peers. */
  viewChanged(view: MemberView, previous: MemberView): void;
  /** A member has come, or has been found again after a loss. */
  found(peer: PeerId): void;
  /** A member cannot be reached now. What it said is hidden already. */
  lost(peer: PeerId): void;
  /** It is no member any more, or has been lost for 4 s: nothing that it said is needed. */
  forgotten(peer: PeerId): void;
}

export interface MemberWatchComponents {
  readonly views: MemberViews;
  readonly reachability: Reachability;
  readonly clock: Clock;
}

/** Turns membership and reachability into one story for each peer. */
export class MemberWatch implements Disposable {
  readonly #components: MemberWatchComponents;
  readonly #self: PeerId;
  readonly #listener: MemberListener;
  #view: MemberView;
  readonly #lost = new Map<PeerId, Timer>();
  readonly #subscriptions: readonly Disposable[];

  constructor(components: MemberWatchComponents, init: { readonly self: PeerId; readonly listener: MemberListener }) {
    this.#components = components;
    this.#self = init.self;
    this.#listener = init.listener;
    this.#view = components.views.current();
    this.#subscriptions = [
      components.views.onChange(() => this.#viewChanged()),
      components.reachability.onChange((peer) => this.#reachabilityChanged(peer)),
    ];
  }

  get view(): MemberView {
    return this.#view;
  }

  /** Whether what the peer says counts now. */
  isUsable(peer: PeerId): boolean {
    return peer !== this.#self && this.#view.has(peer) && !this.#components.reachability.isLost(peer);
  }

  /** The members that can be reached, as far as anybody knows. */
  usablePeers(): PeerId[] {
    return [...this.#view.peers()].filter((peer) => this.isUsable(peer));
  }

  /** Tells of the members that are there at the start. */
  start(): void {
    for (const peer of this.#view.peers()) this.#joined(peer);
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    for (const timer of this.#lost.values()) timer.cancel();
  }

  #viewChanged(): void {
    const previous = this.#view;
    this.#view = this.#components.views.current();
    this.#listener.viewChanged(this.#view, previous);
    for (const peer of previous.peers()) {
      if (!this.#view.has(peer)) this.#left(peer);
    }
    for (const peer of this.#view.peers()) {
      if (!previous.has(peer)) this.#joined(peer);
    }
  }

  #joined(peer: PeerId): void {
    if (peer === this.#self) return;
    if (this.#components.reachability.isLost(peer)) this.#reachabilityChanged(peer);
    else this.#listener.found(peer);
  }

  #left(peer: PeerId): void {
    this.#lost.get(peer)?.cancel();
    this.#lost.delete(peer);
    if (peer !== this.#self) this.#listener.forgotten(peer);
  }

  #reachabilityChanged(peer: PeerId): void {
    const isLost = this.#components.reachability.isLost(peer);
    if (peer === this.#self || !this.#view.has(peer) || isLost === this.#lost.has(peer)) return;
    if (isLost) {
      const forget = (): void => this.#listener.forgotten(peer);
      this.#lost.set(peer, this.#components.clock.setTimer(FORGET_AFTER_MS, forget));
      this.#listener.lost(peer);
      return;
    }
    this.#lost.get(peer)?.cancel();
    this.#lost.delete(peer);
    this.#listener.found(peer);
  }
}
