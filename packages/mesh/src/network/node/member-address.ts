import { isIP } from "node:net";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { NiphasError } from "@niphas/core";
import type { Member } from "../../ports.ts";

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;
const MAX_PORT = 65_535;

/** Where libp2p finds a member. @throws NiphasError InvalidConfiguration */
export function memberAddress(member: Pick<Member, "host" | "port" | "peerId">): Multiaddr {
  return multiaddr(`${tcpAddress(member.host, member.port)}/p2p/${member.peerId}`);
}

/** `/ip4/10.0.0.1/tcp/4001`. Port 0, for listening: any. @throws NiphasError InvalidConfiguration */
export function tcpAddress(host: string, port: number): string {
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) throw invalid("port");
  return `/${hostKind(host)}/${host}/tcp/${port}`;
}

function hostKind(host: string): string {
  const version = isIP(host);
  if (version === 4) return "ip4";
  if (version === 6 && !host.includes("%")) return "ip6";
  if (version === 0 && HOST_NAME.test(host)) return "dns";
  throw invalid("host");
}

function invalid(part: string): NiphasError {
  return new NiphasError("InvalidConfiguration", `the ${part} of a mesh address is not valid`);
}
