import type { Connection, Libp2p, PeerId as Libp2pPeerId } from "@libp2p/interface";
import { NiphasError, untilAborted } from "@niphas/core";
import { fairTimeout } from "../../fair-time/limit.ts";
import type { Member, PeerId } from "../../ports.ts";
import type { Permits } from "../budgets/permits.ts";
import { toLibp2pPeerId } from "../identity/peer-id.ts";
import { CONNECTION_LIMITS } from "../limits.ts";
import { backOffMs } from "./back-off.ts";
import type { TrimmableLink } from "./connection-trimmer.ts";
import type { Farewell } from "./farewell.ts";
import { memberAddress } from "./member-address.ts";

/** A connection that is lost this soon counts as a failed dial: the peer does not want us. */
const STEADY_AFTER_MS = 5_000;

export interface MemberLinkInit {
  readonly libp2p: Libp2p;
  /** Dial without being asked. */
  readonly isEager: () => boolean;
  readonly farewell: Farewell;
  /** Streams of these protocols stay open while nobody uses them. */
  readonly longLivedProtocols: ReadonlySet<string>;
  /** How long to wait for the other side to dial before we do, so that rarely both do. */
  readonly headStartMs: number;
  /** When many lose one peer at once, their calls are spread over this time: it can take about 50 handshakes a second. */
  readonly spreadMs: () => number;
  /** Dials in the background. More at once, and each takes longer than it may. */
  readonly dials: Permits;
  /** The member is lost, or found again. */
  readonly onChange: () => void;
}

/**
 * The way to one member: connected, being dialled, or known as down. Down ends when the member dials us, when a dial in
 * the background succeeds, or when its address changes; until then nobody waits for it.
 */
export class MemberLink implements Disposable, TrimmableLink {
  readonly #libp2p: Libp2p;
  readonly #init: MemberLinkInit;
  readonly #peerId: Libp2pPeerId;
  readonly #end = new AbortController();
  #member: Member;
  #dial: Promise<Connection> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #upSinceMs = 0;
  #isLost = false;
  #usedAtMs = 0;
  /** Closed by us because nobody used them. */
  readonly #rested = new WeakSet<Connection>();

  constructor(member: Member, init: MemberLinkInit) {
    this.#libp2p = init.libp2p;
    this.#init = init;
    this.#member = member;
    this.#peerId = toLibp2pPeerId(member.peerId);
    this.seek();
  }

  /** Dials, unless there is a connection, or none is wanted before it is needed. */
  seek(): void {
    if (this.#init.isEager() && this.connection === undefined) this.#dialAfter(this.#firstDelayMs());
  }

  get peerId(): PeerId {
    return this.#member.peerId;
  }

  get member(): Member {
    return this.#member;
  }

  /** The newest open connection. */
  get connection(): Connection | undefined {
    return this.#connections().findLast((each) => each.status === "open" && !this.#rested.has(each));
  }

  /** From the loss of a connection or a failed dial until there is a connection again. */
  get isLost(): boolean {
    return this.#isLost;
  }

  get isConnected(): boolean {
    return this.connection !== undefined;
  }

  get idleSinceMs(): number | undefined {
    const isBusy = this.#connections().some(({ streams }) => streams.some(({ protocol }) => this.#isOfUse(protocol)));
    return isBusy ? undefined : Math.max(this.#usedAtMs, this.#upSinceMs);
  }

  /** Something is asked, answered or moved. */
  noteUse(): void {
    this.#usedAtMs = performance.now();
  }

  /** Closes the connection, which is not needed now. The other side hears that this is no loss. */
  rest(): void {
    for (const connection of this.#connections()) {
      this.#rested.add(connection);
      this.#init.farewell.say(connection);
    }
  }

  /** @throws NiphasError SubstituterUnavailable, at once when the member is known as down */
  async connect(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    this.noteUse();
    const open = this.connection;
    if (open !== undefined) return open;
    if (this.#failures > 0) throw new NiphasError("SubstituterUnavailable", "the peer is down");
    return await untilAborted(this.#dialOnce(), signal);
  }

  /** Where the member is may have changed. */
  update(member: Member): void {
    const hasMoved = member.host !== this.#member.host || member.port !== this.#member.port;
    this.#member = member;
    if (!hasMoved) return;
    this.#failures = 0;
    const old = this.#connections().filter((connection) => connection.direction === "outbound");
    if (this.#init.isEager() || old.length > 0) this.#replace(old);
  }

  onOpen(connection: Connection): void {
    this.#failures = 0;
    this.#setLost(false);
    this.#upSinceMs = performance.now();
    clearTimeout(this.#timer);
    this.#closeOlder(connection);
  }

  onClose(connection: Connection): void {
    if (this.connection !== undefined || this.#end.signal.aborted) return;
    if (this.#rested.has(connection) || this.#init.farewell.wasHeard(connection)) {
      this.seek();
      return;
    }
    const wasSteady = performance.now() - this.#upSinceMs >= STEADY_AFTER_MS;
    if (!wasSteady) this.#failures++;
    this.#setLost(true);
    if (this.#init.isEager()) this.#dialAfter(this.#failures === 0 ? this.#firstDelayMs() : backOffMs(this.#failures));
  }

  /** Its connections are dead: known as down from now on. */
  drop(reason: Error): void {
    this.#failures++;
    for (const connection of this.#connections()) connection.abort(reason);
  }

  /** Cuts the member off. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#end.abort(new NiphasError("SubstituterUnavailable", "the peer is no member any more"));
    for (const connection of this.#connections()) connection.abort(this.#end.signal.reason);
  }

  #connections(): readonly Connection[] {
    return this.#libp2p.getConnections(this.#peerId);
  }

  #isOfUse(protocol: string): boolean {
    return !this.#init.longLivedProtocols.has(protocol);
  }

  #setLost(isLost: boolean): void {
    if (this.#isLost === isLost) return;
    this.#isLost = isLost;
    this.#init.onChange();
  }

  /** A peer dials when it has no connection: its older ones are dead, or it wants too many. */
  #closeOlder(newest: Connection): void {
    for (const connection of this.#connections()) {
      if (connection.id === newest.id || connection.direction !== newest.direction) continue;
      connection.abort(new NiphasError("SubstituterUnavailable", "the peer has connected anew"));
    }
  }

  /** A dial to the new address; the old connection serves until it has succeeded. */
  #replace(old: readonly Connection[]): void {
    clearTimeout(this.#timer);
    this.#dialOnce(true).then(
      () => {
        for (const connection of old) connection.abort(new NiphasError("SubstituterUnavailable", "the peer has moved"));
      },
      () => undefined,
    );
  }

  #dialAfter(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#dialInTurn().catch(() => undefined), delayMs);
  }

  async #dialInTurn(): Promise<void> {
    using _permit = await this.#init.dials.take(this.#end.signal);
    if (this.connection === undefined) await this.#dialOnce();
  }

  #firstDelayMs(): number {
    return this.#init.headStartMs + Math.random() * this.#init.spreadMs();
  }

  #dialOnce(isForced = false): Promise<Connection> {
    if (this.#dial !== undefined && !isForced) return this.#dial;
    const dial = this.#dialNow(isForced).finally(() => {
      if (this.#dial === dial) this.#dial = undefined;
    });
    this.#dial = dial;
    return dial;
  }

  async #dialNow(force: boolean): Promise<Connection> {
    const address = memberAddress(this.#member);
    const signal = AbortSignal.any([this.#end.signal, fairTimeout(CONNECTION_LIMITS.dialTimeoutMs)]);
    try {
      // Else libp2p would answer with a connection that is about to close.
      const isClosing = this.connection === undefined && this.#connections().length > 0;
      return await this.#libp2p.dial(address, { signal, force: force || isClosing });
    } catch (error) {
      this.#onDialFailure();
      throw new NiphasError("SubstituterUnavailable", "the peer cannot be reached", { cause: error });
    }
  }

  #onDialFailure(): void {
    if (this.#end.signal.aborted || this.connection !== undefined) return;
    this.#failures++;
    this.#setLost(true);
    if (this.#init.isEager()) this.#dialAfter(backOffMs(this.#failures));
    else this.#forgetFailureAfter(backOffMs(this.#failures));
  }

  /** In a large mesh nobody dials in the background: the next one who wants the peer tries again. */
  #forgetFailureAfter(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#failures = 0;
    }, delayMs);
  }
}
