import { backOffMs } from "../../network/node/back-off.ts";
import type { Member, PeerId } from "../../ports.ts";

interface KnownHost {
  peerId: PeerId | undefined;
  failures: number;
  /** In monotonic milliseconds. */
  askAgainAtMs: number;
  isBeingAsked: boolean;
}

/** The addresses that the name has now, and who is there as far as that is known. */
export class KnownHosts {
  readonly #hosts = new Map<string, KnownHost>();

  has(host: string): boolean {
    return this.#hosts.has(host);
  }

  /** From now on these and no others; what is known of those that stay is kept. */
  replace(addresses: readonly string[]): void {
    const wanted = new Set(addresses);
    for (const host of [...this.#hosts.keys()].filter((known) => !wanted.has(known))) this.#hosts.delete(host);
    for (const host of wanted) {
      if (this.#hosts.has(host)) continue;
      this.#hosts.set(host, { peerId: undefined, failures: 0, askAgainAtMs: 0, isBeingAsked: false });
    }
  }

  /** Takes up to `count` hosts that nobody is known at and that may be asked now; each is to be {@link settle}d. */
  takeUnknown(count: number, nowMs: number): readonly string[] {
    const due = [...this.#hosts].filter(
      ([, host]) => host.peerId === undefined && !host.isBeingAsked && host.askAgainAtMs <= nowMs,
    );
    const taken = due.slice(0, Math.max(0, count));
    for (const [, host] of taken) host.isBeingAsked = true;
    return taken.map(([address]) => address);
  }

  /** @param peerId undefined: nobody answered, or a stranger */
  settle(address: string, peerId: PeerId | undefined, nowMs: number): void {
    const host = this.#hosts.get(address);
    if (host === undefined) return;
    host.isBeingAsked = false;
    if (peerId !== undefined) this.identify(address, peerId);
    else host.askAgainAtMs = nowMs + backOffMs(++host.failures);
  }

  /** Who has proved itself last at an address counts: a machine that was set up anew has another peer id. */
  identify(address: string, peerId: PeerId): void {
    const host = this.#hosts.get(address);
    if (host === undefined) return;
    host.peerId = peerId;
    host.failures = 0;
  }

  /** In the order of their addresses, so that a peer with two of them keeps the same one. */
  *members(port: number): Generator<Member> {
    for (const address of [...this.#hosts.keys()].sort()) {
      const peerId = this.#hosts.get(address)?.peerId;
      if (peerId !== undefined) yield { peerId, host: address, port, zone: undefined };
    }
  }
}
