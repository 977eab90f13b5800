import { NiphasError } from "@niphas/core";
import type { PeerId } from "../ports.ts";
import { DnsAddressResolver } from "./dns/address-resolver.ts";
import { DnsMembership } from "./dns/dns-membership.ts";
import type { MembersSource } from "./members-flag.ts";
import { parsePeerIp } from "./peer-address.ts";
import type { MembershipLog, ObservedMembership, PeerIdentifier } from "./ports.ts";
import { StaticMembership } from "./static/static-membership.ts";

export interface MembershipComponents {
  /** Asked for members by DNS only. */
  readonly identifier: PeerIdentifier;
  readonly log: MembershipLog;
}

/** Where this daemon is in its cluster. */
export interface ClusterPlace {
  readonly nodeName: string;
  /** The platform's. */
  readonly namespace: string;
  /** The IP address at which other nodes reach us. */
  readonly host: string;
  readonly version: string;
  /** @default the pod's own service account */
  readonly kubeconfigFile?: string | undefined;
}

export interface MembershipInit {
  readonly self: PeerId;
  /** On which we listen. */
  readonly port: number;
  /** Whether our trust group has a secret. */
  readonly hasGroupSecret: boolean;
  /** Needed for members by Kubernetes only. */
  readonly cluster?: ClusterPlace | undefined;
}

/** A membership that has not begun to look for members. */
export interface StartableMembership extends ObservedMembership {
  start(): void;
}

/**
 * The membership that `--members` asks for.
 * @throws NiphasError InvalidConfiguration when it lacks something
 */
export async function createMembership(
  source: MembersSource,
  components: MembershipComponents,
  init: MembershipInit,
): Promise<StartableMembership> {
  switch (source.kind) {
    case "static":
      return new StaticMembership({ self: init.self, members: source.members });
    case "dns": {
      if (!init.hasGroupSecret) {
        throw invalid("members by DNS need a group secret: the secret is what tells a member from a stranger");
      }
      const resolver = new DnsAddressResolver();
      return new DnsMembership({ ...components, resolver }, { ...source, ...init, port: source.port ?? init.port });
    }
    case "kubernetes":
      return await inCluster(components.log, init);
  }
}

async function inCluster(log: MembershipLog, { self, port, cluster }: MembershipInit): Promise<StartableMembership> {
  if (cluster === undefined)
    throw invalid("members by Kubernetes need the names of node and namespace, and an address");
  const { nodeName, namespace, version, kubeconfigFile } = cluster;
  const host = parsePeerIp(cluster.host);
  if (host === undefined) throw invalid("members by Kubernetes need an IP address at which other nodes reach this one");
  // Loaded only here: no daemon outside of a cluster needs it.
  const { connectToCluster } = await import("./kubernetes/connect.ts");
  const own = { peerId: self, host, port, version };
  return await connectToCluster({ log }, { nodeName, namespace, own, kubeconfigFile });
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidConfiguration", `--members: ${message}`);
}
