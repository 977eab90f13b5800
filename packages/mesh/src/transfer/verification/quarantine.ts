import type { PeerId } from "../../ports.ts";
import { QUARANTINE_LIMITS } from "../limits.ts";
import type { Clock } from "../ports.ts";

export interface QuarantineEntry {
  readonly peer: PeerId;
  readonly reason: string;
  /** How long it still lasts. */
  readonly leftMs: number;
  /** How many times it has been in quarantine. */
  readonly times: number;
}

interface Sentence {
  reason: string;
  untilMs: number;
  times: number;
  excused: number;
}

/** Peers that gave wrong bytes: 10 minutes the first time, doubled each time, at most a day. */
export class Quarantine {
  readonly #clock: Clock;
  readonly #sentences = new Map<PeerId, Sentence>();

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  has(peer: PeerId): boolean {
    return (this.#sentences.get(peer)?.untilMs ?? 0) > this.#clock.nowMs();
  }

  /** Wrong bytes came from this peer. More of them while it is in quarantine were asked for before. */
  add(peer: PeerId, reason: string): void {
    const sentence = this.#of(peer);
    if (this.has(peer)) return;
    const lastsMs = Math.min(QUARANTINE_LIMITS.firstMs * 2 ** Math.min(sentence.times, 16), QUARANTINE_LIMITS.maxMs);
    sentence.times++;
    sentence.reason = reason;
    sentence.untilMs = this.#clock.nowMs() + lastsMs;
  }

  /** Wrong bytes that the peer passed on before it could know. Not for ever: anybody can say so. */
  excuse(peer: PeerId, reason: string): void {
    const sentence = this.#of(peer);
    sentence.excused++;
    if (sentence.excused > QUARANTINE_LIMITS.excusedTimes) this.add(peer, reason);
  }

  /** Who is in quarantine now. */
  get entries(): readonly QuarantineEntry[] {
    const nowMs = this.#clock.nowMs();
    const all = [...this.#sentences].filter(([, { untilMs }]) => untilMs > nowMs);
    return all.map(([peer, { reason, untilMs, times }]) => ({ peer, reason, leftMs: untilMs - nowMs, times }));
  }

  /** Those who have been quarantined longest ago are forgotten first. */
  #of(peer: PeerId): Sentence {
    const sentence = this.#sentences.get(peer) ?? { reason: "", untilMs: 0, times: 0, excused: 0 };
    this.#sentences.delete(peer);
    this.#sentences.set(peer, sentence);
    const [oldest] = this.#sentences.keys();
    if (this.#sentences.size > QUARANTINE_LIMITS.maxPeers && oldest !== undefined) this.#sentences.delete(oldest);
    return sentence;
  }
}
