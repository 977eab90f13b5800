import type { Lease, Node, Patch } from "@niphas/kube";
import { parsePeerId } from "../../network/identity/peer-id.ts";
import type { Member, PeerId } from "../../ports.ts";
import { formatHostPort, parseHostPort, parsePeerIp } from "../peer-address.ts";

/** What a daemon registers. */
export interface OwnRegistration {
  readonly peerId: PeerId;
  /** The IP address at which other nodes reach us. */
  readonly host: string;
  readonly port: number;
  readonly version: string;
}

export type LeaseReading = { readonly member: Member } | { readonly problem: string };

const NAME_PREFIX = "niphas-mesh-";
const ADDRESS = "mesh.niphas.io/address";
const ZONE = "mesh.niphas.io/zone";
const VERSION = "mesh.niphas.io/version";
const LABELS = { "app.kubernetes.io/name": "niphas", "app.kubernetes.io/component": "mesh" };
/** https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesiozone */
const NODE_ZONE = "topology.kubernetes.io/zone";
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const ZONE_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
/** More than any value of ours has. */
const MAX_VALUE_LENGTH = 128;

export const LEASE_SELECTOR = Object.entries(LABELS)
  .map(([key, value]) => `${key}=${value}`)
  .join(",");

/** The chart's ValidatingAdmissionPolicy lets a node write the Lease of this name and no other. */
export function leaseName(nodeName: string): string {
  return `${NAME_PREFIX}${nodeName}`;
}

/** What is kept of a Lease, whoever wrote how much into it. */
export function trimLease({ metadata, spec }: Lease): Lease {
  const { name, namespace, uid, resourceVersion, creationTimestamp, annotations = {} } = metadata;
  const kept = [ADDRESS, ZONE].flatMap((key) => {
    const value = annotations[key];
    return value === undefined ? [] : [[key, shortened(value)] as const];
  });
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      annotations: Object.fromEntries(kept),
    },
    spec: { holderIdentity: shortened(spec?.holderIdentity ?? "") },
  };
}

/** Too long is as wrong as empty. */
function shortened(value: unknown): string {
  return typeof value === "string" && value.length <= MAX_VALUE_LENGTH ? value : "";
}

/** Reads a Lease that anybody with the right to may have written. Its times, by others' clocks, do not count. */
export function readLease({ metadata, spec }: Lease): LeaseReading {
  if (!metadata.name.startsWith(NAME_PREFIX)) return { problem: `its name does not begin with ${NAME_PREFIX}` };
  const peerId = peerIdOf(spec?.holderIdentity ?? "");
  if (peerId === undefined) return { problem: "its holder is not a peer id" };
  const address = parseHostPort(metadata.annotations?.[ADDRESS] ?? "");
  if (address === undefined) return { problem: "its address is not <ip>:<port>" };
  const host = parsePeerIp(address.host);
  if (host === undefined) return { problem: "its address is none at which another node can be" };
  const zone = metadata.annotations?.[ZONE];
  if (zone !== undefined && !ZONE_NAME.test(zone)) return { problem: "its zone is not the value of a label" };
  return { member: { peerId, host, port: address.port, zone } };
}

function peerIdOf(text: string): PeerId | undefined {
  try {
    return parsePeerId(text);
  } catch {
    return undefined;
  }
}

export function zoneOf({ metadata }: Node): string | undefined {
  const zone = metadata.labels?.[NODE_ZONE];
  return zone === undefined || zone === "" ? undefined : zone;
}

/** Owned by the Node, so that it goes with it. @param nowMs since the epoch */
export function leasePatch(own: OwnRegistration, node: Node, nowMs: number): Patch {
  const zone = zoneOf(node);
  const { name, uid = "" } = node.metadata;
  const annotations = {
    [ADDRESS]: formatHostPort(own),
    [VERSION]: own.version,
    ...(zone === undefined ? {} : { [ZONE]: zone }),
  };
  const ownerReferences = [{ apiVersion: "v1", kind: "Node", name, uid }];
  const spec = { holderIdentity: own.peerId, renewTime: microTime(nowMs) };
  const object = { metadata: { labels: LABELS, annotations, ownerReferences }, spec };
  // By force: whoever registered this node before us, it is ours now.
  return { type: "apply", object, fieldManager: "niphas-mesh", force: true };
}

/** Kubernetes' MicroTime. */
function microTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace("Z", "000Z");
}
