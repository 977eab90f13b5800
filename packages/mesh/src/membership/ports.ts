import type { NiphasError } from "@niphas/core";
import type { Logger } from "pino";
import type { HostPort, Membership, PeerId } from "../ports.ts";

/** A membership that can say how it is. */
export interface ObservedMembership extends Membership {
  /** Why {@link Membership.members} may be out of date; undefined: it is not. The last known members stay meanwhile. */
  readonly problem: NiphasError | undefined;
  /** Our own failure domain, as far as the membership knows it. */
  readonly zone: string | undefined;
}

/** Finds out who is at an address, for a membership that is told addresses only. */
export interface PeerIdentifier {
  /**
   * Connects, and answers once the peer has proved both its peer id and that it knows the secret of our trust group. May
   * answer with our own peer id.
   * @throws NiphasError SubstituterUnavailable when nobody answers, PolicyDenied for a peer of another group
   */
  identify(address: HostPort, signal: AbortSignal): Promise<PeerId>;
}

/** A membership whose members are told by address, and known by the trust group's secret. */
export interface IntroducedMembership extends ObservedMembership {
  /**
   * The peer has proved its peer id and the group's secret on a connection with this remote address. Afterwards it is a
   * member if it may be one; listeners have been called.
   * @returns whether it is a member
   */
  introduce(peer: PeerId, host: string): boolean;
}

export type MembershipLog = Pick<Logger, "info" | "warn">;
