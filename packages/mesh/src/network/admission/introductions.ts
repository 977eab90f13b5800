import type { MessageStream } from "@libp2p/interface";
import type { PeerId } from "../../ports.ts";

/**
 * A membership that is told addresses and no peer ids: who has shown that it knows the group's secret, at one of these
 * addresses, is a member (docs/adr/0014-members-by-dns.md).
 */
export interface Introductions {
  /** False: only those who are members already may begin a handshake. */
  readonly isOpen: boolean;
  /** Afterwards the peer is a member if it may be one. @returns whether it is */
  introduce(peer: PeerId, host: string): boolean;
}

export const NOT_A_MEMBER = "the peer is not a member of the mesh";

/** The IP address at the other end. */
export function remoteHost(connection: MessageStream): string | undefined {
  if (!("remoteAddr" in connection) || !hasComponents(connection.remoteAddr)) return undefined;
  return connection.remoteAddr.getComponents().find(({ name }) => name === "ip4" || name === "ip6")?.value;
}

function hasComponents(value: unknown): value is {
  getComponents(): readonly { readonly name: string; readonly value?: string }[];
} {
  return typeof value === "object" && value !== null && "getComponents" in value;
}
