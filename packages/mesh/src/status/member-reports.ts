import { formatHostPort } from "../membership/peer-address.ts";
import type { ObservedMembership } from "../membership/ports.ts";
import type { Member, PeerId } from "../ports.ts";
import type { QuarantineEntry } from "../transfer/index.ts";
import type { MemberReport, QuarantineReport } from "./ports.ts";

export interface MemberReportsComponents {
  readonly membership: Pick<ObservedMembership, "members">;
  readonly network: { isConnected(peer: PeerId): boolean; isLost(peer: PeerId): boolean };
  readonly quarantine: { readonly entries: readonly QuarantineEntry[] };
}

/** How it stands with each member. */
export class MemberReports {
  readonly #components: MemberReportsComponents;

  constructor(components: MemberReportsComponents) {
    this.#components = components;
  }

  all(): readonly MemberReport[] {
    const { membership, quarantine } = this.#components;
    const entries = new Map(quarantine.entries.map((entry) => [entry.peer, entry]));
    return membership.members().map((member) => this.#report(member, entries.get(member.peerId)));
  }

  #report(member: Member, entry: QuarantineEntry | undefined): MemberReport {
    return {
      peerId: member.peerId,
      address: formatHostPort(member),
      zone: member.zone ?? null,
      state: this.#stateOf(member.peerId),
      quarantine: entry === undefined ? null : quarantineReport(entry),
    };
  }

  #stateOf(peer: PeerId): MemberReport["state"] {
    const { network } = this.#components;
    if (network.isConnected(peer)) return "connected";
    return network.isLost(peer) ? "lost" : "idle";
  }
}

function quarantineReport({ reason, leftMs, times }: QuarantineEntry): QuarantineReport {
  return { reason, leftSeconds: Math.ceil(leftMs / 1000), times };
}
