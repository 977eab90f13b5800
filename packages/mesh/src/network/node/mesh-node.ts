import type { Connection, Libp2p, MessageStream, PrivateKey, Stream } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { NiphasError } from "@niphas/core";
import { fairTimeout } from "../../fair-time/limit.ts";
import type { HostPort, Membership, PeerId } from "../../ports.ts";
import type { Introductions } from "../admission/introductions.ts";
import { memberGater } from "../admission/member-gater.ts";
import { groupKey, type TrustGroup } from "../admission/trust-group.ts";
import { peerIdText } from "../identity/peer-id.ts";
import { CONNECTION_LIMITS } from "../limits.ts";
import { identifyPeer } from "./identify-peer.ts";
import { createNode, type Encryption } from "./libp2p-node.ts";
import { type ConnectionRules, MemberLinks } from "./member-links.ts";

export interface MeshNodeInit {
  /** See {@link loadPrivateKey}. */
  readonly privateKey: PrivateKey;
  /** An address of this machine or `0.0.0.0`; port 0 for any. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Stays the caller's. */
  readonly membership: Membership;
  readonly trustGroup: TrustGroup;
  /** How strangers become members. @default they do not */
  readonly introductions?: Introductions;
  /** In the order of preference. @default ["tls", "noise"] */
  readonly encryptions?: readonly Encryption[];
  /** @default those of `CONNECTION_LIMITS`, and all members are equally important */
  readonly connections?: Partial<ConnectionRules>;
}

export interface HandlerLimits {
  /** At once, on each connection. */
  readonly maxInboundStreams: number;
  /** Its streams stay open while nobody uses them, and do not keep a connection. @default false */
  readonly isLongLived?: boolean;
}

/** Serves one stream. The stream is closed when it returns, aborted when it throws; `signal` says when it is gone. */
export type StreamHandler = (stream: Stream, peer: PeerId, signal: AbortSignal) => Promise<void>;

/** This daemon in the mesh: connections to members and to nobody else, with streams on them. */
export class MeshNode implements AsyncDisposable {
  readonly peerId: PeerId;
  readonly #libp2p: Libp2p;
  readonly #links: MemberLinks;
  readonly #longLivedProtocols: Set<string>;
  readonly #stop = new AbortController();

  private constructor(libp2p: Libp2p, links: MemberLinks, longLivedProtocols: Set<string>) {
    this.#libp2p = libp2p;
    this.#links = links;
    this.#longLivedProtocols = longLivedProtocols;
    this.peerId = peerIdText(libp2p.peerId);
  }

  /** A node that does not listen yet: first give it its handlers, then {@link start} it. */
  static async create(init: MeshNodeInit): Promise<MeshNode> {
    const self = peerIdText(peerIdFromPrivateKey(init.privateKey));
    const admitted = new WeakSet<MessageStream>();
    let links: MemberLinks | undefined;
    const rules = {
      self,
      groupKey: groupKey(init.trustGroup),
      introductions: init.introductions,
      isMember: (peer: PeerId) => links?.isMember(peer) ?? false,
      isAdmitted: (connection: MessageStream) => admitted.has(connection),
      onAdmitted: (connection: MessageStream) => void admitted.add(connection),
    };
    const { libp2p, farewell } = await createNode({
      privateKey: init.privateKey,
      listen: init.listen,
      encryptions: init.encryptions ?? ["tls", "noise"],
      admission: rules,
      gater: memberGater(rules),
    });
    const longLivedProtocols = new Set<string>();
    const connectionRules = { ...DEFAULT_RULES, ...init.connections };
    links = new MemberLinks({
      libp2p,
      membership: init.membership,
      self,
      farewell,
      longLivedProtocols,
      rules: connectionRules,
    });
    return new MeshNode(libp2p, links, longLivedProtocols);
  }

  /** Listens, and connects to the members. @throws NiphasError InvalidConfiguration when it cannot listen */
  async start(): Promise<void> {
    try {
      await this.#libp2p.start();
    } catch (error) {
      throw new NiphasError("InvalidConfiguration", "the mesh cannot listen on its address", { cause: error });
    }
    this.#links.start();
  }

  /** Where it listens; undefined before it has started. */
  get port(): number | undefined {
    const address = this.#libp2p.getMultiaddrs()[0];
    const port = address?.getComponents().find((component) => component.name === "tcp")?.value;
    return port === undefined ? undefined : Number(port);
  }

  /** Before {@link start}. */
  async handle(protocol: string, handler: StreamHandler, limits: HandlerLimits): Promise<void> {
    const { maxInboundStreams } = limits;
    if (limits.isLongLived === true) this.#longLivedProtocols.add(protocol);
    const options = { maxInboundStreams, maxOutboundStreams: maxInboundStreams };
    await this.#libp2p.handle(protocol, (stream, connection) => this.#serve(handler, stream, connection), options);
  }

  /** @throws NiphasError SubstituterUnavailable; the signal's reason */
  async openStream(peer: PeerId, protocol: string, signal: AbortSignal): Promise<Stream> {
    const connection = await this.#links.connect(peer, signal);
    try {
      const timeout = fairTimeout(CONNECTION_LIMITS.protocolNegotiationTimeoutMs);
      return await connection.newStream(protocol, { signal: AbortSignal.any([signal, timeout]) });
    } catch (error) {
      signal.throwIfAborted();
      throw new NiphasError("SubstituterUnavailable", "the peer opens no stream", { cause: error });
    }
  }

  /** Who is at an address; the `PeerIdentifier` of a membership that is told addresses. */
  async identify(address: HostPort, signal: AbortSignal): Promise<PeerId> {
    return await identifyPeer(this.#libp2p, { self: this.peerId, address, signal });
  }

  isConnected(peer: PeerId): boolean {
    return this.#links.connection(peer) !== undefined;
  }

  /** True from the loss of a connection or a failed dial until the next success, and for those who are no members. */
  isLost(peer: PeerId): boolean {
    return this.#links.isLost(peer);
  }

  /** Calls `listener` when a peer is lost or found again. Disposing ends it. */
  onChange(listener: (peer: PeerId) => void): Disposable {
    return this.#links.onChange(listener);
  }

  /** Something is asked or answered on a stream that is long open: connections that nobody uses may be closed. */
  noteUse(peer: PeerId): void {
    this.#links.noteUse(peer);
  }

  /** The peer gives no sign of life: ends its connections and takes it as down. */
  drop(peer: PeerId, reason: NiphasError): void {
    this.#links.drop(peer, reason);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new NiphasError("ShuttingDown", "the mesh is shutting down"));
    this.#links[Symbol.dispose]();
    await this.#libp2p.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #serve(handler: StreamHandler, stream: Stream, connection: Connection): Promise<void> {
    const gone = new AbortController();
    stream.addEventListener("close", () => gone.abort(new NiphasError("SubstituterUnavailable", "the peer has gone")));
    try {
      await handler(stream, peerIdText(connection.remotePeer), AbortSignal.any([gone.signal, this.#stop.signal]));
      await stream.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) });
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error("the stream failed"));
    }
  }
}

const CLOSE_TIMEOUT_MS = 5_000;

const DEFAULT_RULES: ConnectionRules = {
  eagerMembers: CONNECTION_LIMITS.eagerMembers,
  keptConnections: CONNECTION_LIMITS.keptConnections,
  idleMs: CONNECTION_LIMITS.idleConnectionMs,
  intervalMs: CONNECTION_LIMITS.trimIntervalMs,
  importance: () => 0,
};
