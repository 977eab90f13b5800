import { NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { digestCount } from "../hashes/path-digest.ts";
import type { DiscoveryChannel, DiscoveryRequests, Reachability } from "../ports.ts";
import { formatHolders, parseAnnouncement, parseHolders, parseQuery } from "../rendezvous/announcement.ts";
import { formatDelta, formatSummary, parseDelta, parseSummary, type SummaryAnswer } from "../summaries/summary.ts";

export interface MemoryNetworkInit {
  /** Waits as long as a message takes. @default not at all */
  readonly travel?: (from: PeerId, to: PeerId) => Promise<void>;
}

/** Connects discoveries in one process. All that passes goes through the wire format and its parsers. */
export class MemoryNetwork {
  readonly #nodes = new Map<PeerId, DiscoveryRequests>();
  readonly #lost = new Map<PeerId, Set<PeerId>>();
  readonly #listeners = new Map<PeerId, (peer: PeerId) => void>();
  readonly #travel: (from: PeerId, to: PeerId) => Promise<void>;
  /** Questions asked so far. */
  questionCount = 0;

  constructor(init: MemoryNetworkInit = {}) {
    this.#travel = init.travel ?? (async () => undefined);
  }

  join(peer: PeerId, requests: DiscoveryRequests): void {
    this.#nodes.set(peer, requests);
  }

  /** It answers nobody any more. Who notices is for {@link setLost} to say. */
  leave(peer: PeerId): void {
    this.#nodes.delete(peer);
  }

  /** What `peer` knows of the liveness of `other`; it also hears no answer from it. */
  setLost(peer: PeerId, other: PeerId, isLost: boolean): void {
    const lost = this.#lost.get(peer) ?? new Set();
    this.#lost.set(peer, lost);
    if (isLost) lost.add(other);
    else lost.delete(other);
    this.#listeners.get(peer)?.(other);
  }

  reachabilityOf(self: PeerId): Reachability {
    return {
      isLost: (peer) => this.#lost.get(self)?.has(peer) === true,
      onChange: (listener) => {
        this.#listeners.set(self, listener);
        return { [Symbol.dispose]: () => this.#listeners.delete(self) };
      },
    };
  }

  channelOf(self: PeerId): DiscoveryChannel {
    const ask = <T>(peer: PeerId, signal: AbortSignal, answer: (requests: DiscoveryRequests) => T): Promise<T> =>
      this.#ask(self, peer, signal, answer);
    return {
      fetchSummary: (peer, known, signal) => ask(peer, signal, (node) => overWire(node.fetchSummary(self, known))),
      pushDelta: (peer, delta, signal) =>
        ask(peer, signal, (node) => node.takeDelta(self, parseDelta(formatDelta(delta)))),
      announce: (peer, announcement, signal) =>
        ask(peer, signal, (node) => node.takeAnnouncement(self, parseAnnouncement(announcement))),
      query: (peer, digests, signal) =>
        ask(peer, signal, (node) => {
          const wire = formatHolders(node.query(self, parseQuery(digests)));
          return parseHolders(wire, digestCount(digests), (text) => text as PeerId);
        }),
    };
  }

  async #ask<T>(from: PeerId, to: PeerId, signal: AbortSignal, answer: (requests: DiscoveryRequests) => T): Promise<T> {
    this.questionCount++;
    await this.#deliver(from, to, signal);
    const node = this.#nodes.get(to);
    if (node === undefined) throw gone();
    const result = answer(node);
    await this.#deliver(to, from, signal);
    return result;
  }

  async #deliver(from: PeerId, to: PeerId, signal: AbortSignal): Promise<void> {
    await Promise.race([this.#travel(from, to), aborted(signal)]);
    signal.throwIfAborted();
    const isCut = this.#lost.get(from)?.has(to) === true || this.#lost.get(to)?.has(from) === true;
    if (isCut || !this.#nodes.has(from)) throw gone();
  }
}

/** @returns a copy that has gone through the parsers */
function overWire(answer: SummaryAnswer): SummaryAnswer {
  if (answer.kind === "current") return answer;
  if (answer.kind === "delta") return { kind: "delta", delta: parseDelta(formatDelta(answer.delta)) };
  return { kind: "summary", summary: parseSummary(formatSummary(answer.summary)) };
}

/** Resolves when the signal has aborted. */
async function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return;
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
}

function gone(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the peer is gone");
}
