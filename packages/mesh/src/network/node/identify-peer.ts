import type { Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { NiphasError } from "@niphas/core";
import type { HostPort, PeerId } from "../../ports.ts";
import { OTHER_GROUP } from "../admission/group-handshake.ts";
import { NOT_A_MEMBER } from "../admission/introductions.ts";
import { peerIdText } from "../identity/peer-id.ts";
import { CONNECTION_LIMITS } from "../limits.ts";
import { tcpAddress } from "./member-address.ts";

/** libp2p's name for the error of who has called himself. */
const SELF_ERROR = "InvalidPeerIdError";

/**
 * Connects to an address, and answers who is there once that has been proved; see `PeerIdentifier` of `membership/`.
 * @throws NiphasError SubstituterUnavailable, PolicyDenied; the signal's reason
 */
export async function identifyPeer(
  libp2p: Libp2p,
  init: { readonly self: PeerId; readonly address: HostPort; readonly signal: AbortSignal },
): Promise<PeerId> {
  const { self, address, signal } = init;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(CONNECTION_LIMITS.dialTimeoutMs)]);
  try {
    const connection = await libp2p.dial(multiaddr(tcpAddress(address.host, address.port)), { signal: limited });
    return peerIdText(connection.remotePeer);
  } catch (error) {
    signal.throwIfAborted();
    const all = causesOf(error);
    if (all.some(({ name }) => name === SELF_ERROR)) return self;
    const isStranger = all.some(({ message }) => message === NOT_A_MEMBER || message === OTHER_GROUP);
    if (isStranger) throw new NiphasError("PolicyDenied", "the peer is not of our trust group", { cause: error });
    throw new NiphasError("SubstituterUnavailable", "the peer cannot be reached", { cause: error });
  }
}

/** libp2p wraps errors, keeps their messages, and collects those of several attempts. */
function causesOf(error: unknown): readonly Error[] {
  if (!(error instanceof Error)) return [];
  const parts = error instanceof AggregateError ? error.errors : [];
  return [error, ...parts.flatMap(causesOf), ...causesOf(error.cause)];
}
