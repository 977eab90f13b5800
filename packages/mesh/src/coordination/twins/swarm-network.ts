import { NiphasError } from "@niphas/core";
import { ManualClock } from "@niphas/service";
import { MemoryMembership } from "../../membership/twins/memory-membership.ts";
import type { Member, PeerId } from "../../ports.ts";
import type { Reachability, WantChannel, WantRequests } from "../ports.ts";

/** Members that hear each other, until a test makes one dead, frozen or cut off. */
export class SwarmNetwork {
  readonly clock = new ManualClock();
  readonly #requests = new Map<PeerId, WantRequests>();
  readonly #listeners = new Map<PeerId, Set<(peer: PeerId) => void>>();
  readonly #dead = new Set<PeerId>();
  readonly #frozen = new Set<PeerId>();
  readonly #sides = new Map<PeerId, number>();
  /** Messages between different nodes. */
  messageCount = 0;

  join(peer: PeerId, requests: WantRequests): void {
    this.#requests.set(peer, requests);
  }

  /** As the kernel does for a killed process: all others see the connection end. */
  kill(peer: PeerId): void {
    this.#dead.add(peer);
    this.#tell(peer);
  }

  revive(peer: PeerId): void {
    this.#dead.delete(peer);
    this.#tell(peer);
  }

  freeze(peer: PeerId): void {
    this.#frozen.add(peer);
  }

  /** Nodes of different sides lose each other. */
  cut(sideOf: (peer: PeerId) => number): void {
    for (const peer of this.#requests.keys()) this.#sides.set(peer, sideOf(peer));
    for (const peer of this.#requests.keys()) this.#tell(peer);
  }

  isRunning(peer: PeerId): boolean {
    return !this.#dead.has(peer) && !this.#frozen.has(peer);
  }

  canReach(from: PeerId, to: PeerId): boolean {
    return this.isRunning(from) && this.isRunning(to) && !this.#isLost(from, to);
  }

  reachabilityOf(self: PeerId): Reachability {
    const listeners = this.#listeners.get(self) ?? new Set();
    this.#listeners.set(self, listeners);
    return {
      isLost: (peer) => this.#isLost(self, peer),
      onChange: (listener) => {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
    };
  }

  membershipOf(self: PeerId, peers: readonly PeerId[]): MemoryMembership {
    return new MemoryMembership({ self, members: peers.map(memberOf) });
  }

  channelOf(self: PeerId): WantChannel {
    return {
      want: async (owner, reports, signal) => {
        this.messageCount++;
        if (this.#isLost(self, owner)) throw gone();
        if (!this.isRunning(owner) || !this.isRunning(self)) return await never(signal);
        return this.#requests.get(owner)?.want(self, reports) ?? [];
      },
    };
  }

  #isLost(from: PeerId, to: PeerId): boolean {
    const isCut = (this.#sides.get(from) ?? 0) !== (this.#sides.get(to) ?? 0);
    return isCut || this.#dead.has(from) || this.#dead.has(to);
  }

  #tell(about: PeerId): void {
    for (const [peer, listeners] of this.#listeners) {
      if (peer !== about) for (const listener of [...listeners]) listener(about);
    }
  }
}

function memberOf(peerId: PeerId): Member {
  return { peerId, host: "192.0.2.1", port: 1, zone: undefined };
}

function gone(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the peer has gone");
}

async function never(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  return await promise;
}
