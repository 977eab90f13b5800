import type { Connection, Libp2p, Libp2pEvents } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";
import type { Member, Membership, PeerId } from "../../ports.ts";
import { Permits } from "../budgets/permits.ts";
import { peerIdText } from "../identity/peer-id.ts";
import { CONNECTION_LIMITS } from "../limits.ts";
import { ConnectionTrimmer, type TrimRules } from "./connection-trimmer.ts";
import type { Farewell } from "./farewell.ts";
import { MemberLink } from "./member-link.ts";

/** Of two that could dial each other the one with the smaller id does at once, the other one when nobody has called. */
const HEAD_START_MS = 1_000;
const SPREAD_MS_PER_MEMBER = 20;
const MAX_SPREAD_MS = 4_000;

export interface MemberLinksInit {
  readonly libp2p: Libp2p;
  readonly membership: Membership;
  readonly self: PeerId;
  readonly farewell: Farewell;
  readonly longLivedProtocols: ReadonlySet<string>;
  readonly rules: ConnectionRules;
}

export interface ConnectionRules extends TrimRules {
  /** Up to this many members each one has a connection to each other one. */
  readonly eagerMembers: number;
}

/** Keeps the connections in line with the membership. */
export class MemberLinks implements Disposable {
  readonly #libp2p: Libp2p;
  readonly #membership: Membership;
  readonly #self: PeerId;
  readonly #init: MemberLinksInit;
  readonly #dials = new Permits(CONNECTION_LIMITS.maxBackgroundDials);
  readonly #links = new Map<PeerId, MemberLink>();
  readonly #listeners = new Set<(peer: PeerId) => void>();
  readonly #resources = new DisposableStack();
  #isEager = true;

  constructor(init: MemberLinksInit) {
    this.#libp2p = init.libp2p;
    this.#membership = init.membership;
    this.#self = init.self;
    this.#init = init;
  }

  /** After libp2p has started. */
  start(): void {
    this.#listen("connection:open", ({ detail }) => this.#onOpen(detail));
    this.#listen("connection:close", ({ detail }) => this.#links.get(peerIdText(detail.remotePeer))?.onClose(detail));
    this.#resources.use(new ConnectionTrimmer({ links: () => this.#links.values() }, this.#init.rules));
    this.#resources.use(this.#membership.onChange(() => this.#onMembersChange()));
    this.#onMembersChange();
  }

  /** @throws NiphasError SubstituterUnavailable when it is no member, known as down, or cannot be reached within 1.5 s */
  async connect(peer: PeerId, signal: AbortSignal): Promise<Connection> {
    const link = this.#links.get(peer);
    if (link === undefined) throw new NiphasError("SubstituterUnavailable", "the peer is not a member of the mesh");
    return await link.connect(signal);
  }

  isMember(peer: PeerId): boolean {
    return this.#links.has(peer);
  }

  connection(peer: PeerId): Connection | undefined {
    return this.#links.get(peer)?.connection;
  }

  /** See {@link MemberLink.noteUse}. */
  noteUse(peer: PeerId): void {
    this.#links.get(peer)?.noteUse();
  }

  drop(peer: PeerId, reason: Error): void {
    this.#links.get(peer)?.drop(reason);
  }

  isLost(peer: PeerId): boolean {
    return this.#links.get(peer)?.isLost ?? true;
  }

  onChange(listener: (peer: PeerId) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Cuts all members off. */
  [Symbol.dispose](): void {
    this.#resources.dispose();
    for (const link of this.#links.values()) link[Symbol.dispose]();
    this.#links.clear();
  }

  #listen<Type extends keyof Libp2pEvents>(type: Type, listener: (event: Libp2pEvents[Type]) => void): void {
    this.#libp2p.addEventListener(type, listener);
    this.#resources.defer(() => this.#libp2p.removeEventListener(type, listener));
  }

  #onOpen(connection: Connection): void {
    const link = this.#links.get(peerIdText(connection.remotePeer));
    // A member that was removed while its connection was being set up.
    if (link === undefined) connection.abort(new NiphasError("PolicyDenied", "the peer is not a member of the mesh"));
    else link.onOpen(connection);
  }

  #onMembersChange(): void {
    const members = new Map(this.#membership.members().map((member) => [member.peerId, member]));
    members.delete(this.#self);
    for (const peer of [...this.#links.keys()].filter((known) => !members.has(known))) this.#remove(peer);
    const wasEager = this.#isEager;
    this.#isEager = members.size <= this.#init.rules.eagerMembers;
    for (const member of members.values()) this.#addOrUpdate(member);
    if (this.#isEager && !wasEager) for (const link of this.#links.values()) link.seek();
  }

  #addOrUpdate(member: Member): void {
    const link = this.#links.get(member.peerId);
    if (link === undefined) this.#add(member);
    else link.update(member);
  }

  #add(member: Member): void {
    const headStartMs = this.#self < member.peerId ? 0 : HEAD_START_MS;
    const spreadMs = (): number => Math.min(MAX_SPREAD_MS, this.#links.size * SPREAD_MS_PER_MEMBER);
    const onChange = (): void => this.#tell(member.peerId);
    const { farewell, longLivedProtocols } = this.#init;
    const shared = { libp2p: this.#libp2p, dials: this.#dials, farewell, longLivedProtocols };
    const isEager = (): boolean => this.#isEager;
    const link = new MemberLink(member, { ...shared, isEager, headStartMs, spreadMs, onChange });
    this.#links.set(member.peerId, link);
    // Who has heard of the new member before us has been told that it is lost.
    this.#tell(member.peerId);
  }

  #remove(peer: PeerId): void {
    this.#links.get(peer)?.[Symbol.dispose]();
    this.#links.delete(peer);
    this.#tell(peer);
  }

  #tell(peer: PeerId): void {
    for (const listener of [...this.#listeners]) listener(peer);
  }
}
