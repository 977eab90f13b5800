import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions, SecuredConnection } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { peerIdText } from "../identity/peer-id.ts";
import { HANDSHAKE_BYTES } from "../limits.ts";
import { isReceiving, limitArrival } from "./byte-allowance.ts";
import { admitToGroup, type Channel, joinGroup } from "./group-handshake.ts";
import { type Introductions, NOT_A_MEMBER, remoteHost } from "./introductions.ts";

export interface AdmissionRules {
  readonly self: PeerId;
  readonly groupKey: Uint8Array;
  isMember(peer: PeerId): boolean;
  /** How strangers become members. @default they do not */
  readonly introductions?: Introductions | undefined;
  /** See {@link onAdmitted}. */
  isAdmitted?(connection: MessageStream): boolean;
  /** The peer is a member of our group: nothing more is held against the connection. */
  onAdmitted(plain: MessageStream, encrypted: MessageStream): void;
}

/**
 * TLS or Noise, and before anything else runs on the connection: is the peer a member, and of our trust group?
 *
 * Noise could carry the group in its prologue, TLS as libp2p speaks it has no place for it; a proof inside the encrypted
 * channel works for both, and a side that is no member is refused before it has seen anything of the group.
 */
export class AdmissionEncrypter implements ConnectionEncrypter {
  readonly protocol: string;
  readonly #inner: ConnectionEncrypter;
  readonly #rules: AdmissionRules;

  constructor(inner: ConnectionEncrypter, rules: AdmissionRules) {
    this.protocol = `/niphas/mesh/1${inner.protocol}`;
    this.#inner = inner;
    this.#rules = rules;
  }

  async secureOutbound(connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    // Of a connection to somebody of whom only the address is known, the gater is not asked.
    if (options?.remotePeer === undefined) this.#limit(connection, connection);
    const secured = await this.#inner.secureOutbound(connection, options);
    this.#limit(secured.connection, connection);
    const channel = this.#channel(secured, options);
    await joinGroup(this.#rules.groupKey, channel);
    this.#admit(channel.peer, connection);
    this.#rules.onAdmitted(connection, secured.connection);
    return secured;
  }

  async secureInbound(connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    const secured = await this.#inner.secureInbound(connection, options);
    this.#limit(secured.connection, connection);
    const channel = this.#channel(secured, options);
    await admitToGroup(this.#rules.groupKey, channel);
    this.#admit(channel.peer, connection);
    this.#rules.onAdmitted(connection, secured.connection);
    return secured;
  }

  /** What comes through `layer` until all of the connection is admitted. */
  #limit(layer: MessageStream, connection: MessageStream): void {
    const isAdmitted = (): boolean => this.#rules.isAdmitted?.(connection) === true;
    if (isReceiving(layer)) limitArrival(layer, HANDSHAKE_BYTES, isAdmitted);
  }

  /** A side that is no member, and cannot become one, is refused before it has seen anything of the group. */
  #channel(secured: SecuredConnection, options: SecureConnectionOptions | undefined): Channel {
    const peer = peerIdText(secured.remotePeer);
    const mayCome = this.#rules.isMember(peer) || this.#rules.introductions?.isOpen === true;
    if (!mayCome) throw notAMember();
    return { stream: secured.connection, self: this.#rules.self, peer, signal: options?.signal };
  }

  /** It has shown that it knows the group's key. */
  #admit(peer: PeerId, connection: MessageStream): void {
    if (this.#rules.isMember(peer)) return;
    const host = remoteHost(connection);
    const isKnownNow = host !== undefined && this.#rules.introductions?.introduce(peer, host) === true;
    // We ourselves may have an address of the mesh's, and are no member of our own.
    if (peer !== this.#rules.self && !(isKnownNow && this.#rules.isMember(peer))) throw notAMember();
  }
}

function notAMember(): NiphasError {
  return new NiphasError("PolicyDenied", NOT_A_MEMBER);
}
