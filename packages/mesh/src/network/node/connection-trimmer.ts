import type { PeerId } from "../../ports.ts";

/** How many connections are kept, and which. */
export interface TrimRules {
  /** With more, those are closed that nobody has used for `idleMs`. */
  readonly keptConnections: number;
  readonly idleMs: number;
  /** How often to look. */
  readonly intervalMs: number;
  /** Of those that are idle the less important ones are closed first, and of equals the one that was used longest ago. */
  readonly importance: (peer: PeerId) => number;
}

/** A member with a connection. */
export interface TrimmableLink {
  readonly peerId: PeerId;
  readonly isConnected: boolean;
  /** Undefined while something goes on. */
  readonly idleSinceMs: number | undefined;
  /** Closes the connection; the member is not lost. */
  rest(): void;
}

/** Closes connections that nobody uses when there are more than there should be. */
export class ConnectionTrimmer implements Disposable {
  readonly #links: () => Iterable<TrimmableLink>;
  readonly #rules: TrimRules;
  readonly #timer: NodeJS.Timeout;

  constructor(components: { readonly links: () => Iterable<TrimmableLink> }, rules: TrimRules) {
    this.#links = components.links;
    this.#rules = rules;
    this.#timer = setInterval(() => this.#trim(), rules.intervalMs).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #trim(): void {
    const connected = [...this.#links()].filter(({ isConnected }) => isConnected);
    const excess = connected.length - this.#rules.keptConnections;
    if (excess <= 0) return;
    const beforeMs = performance.now() - this.#rules.idleMs;
    const idle = connected.filter(({ idleSinceMs }) => idleSinceMs !== undefined && idleSinceMs <= beforeMs);
    const { importance } = this.#rules;
    const order = (a: TrimmableLink, b: TrimmableLink): number =>
      importance(a.peerId) - importance(b.peerId) || (a.idleSinceMs ?? 0) - (b.idleSinceMs ?? 0);
    for (const link of idle.toSorted(order).slice(0, excess)) link.rest();
  }
}
