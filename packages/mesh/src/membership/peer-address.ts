import { BlockList, isIP, SocketAddress } from "node:net";
import { parseSocketAddress } from "@niphas/core";
import type { HostPort } from "../ports.ts";

/**
 * The usual spelling of an IP address at which another machine can be; undefined for anything else: host names, addresses
 * with a zone, and those that name this machine, this link, a group, or nothing.
 * https://www.iana.org/assignments/iana-ipv4-special-registry https://www.iana.org/assignments/iana-ipv6-special-registry
 */
export function parsePeerIp(text: string): string | undefined {
  const version = text.includes("%") ? 0 : isIP(text);
  if (version === 0) return undefined;
  const family = version === 4 ? "ipv4" : "ipv6";
  if (NOT_OF_PEERS[family].check(text, family)) return undefined;
  return new SocketAddress({ address: text, family }).address;
}

/** `10.0.0.1:9811` or `[fd00::1]:9811`; undefined for anything else. The host may still be any name. */
export function parseHostPort(text: string): HostPort | undefined {
  try {
    const address = parseSocketAddress(text);
    return address.host === "" || address.port === 0 ? undefined : address;
  } catch {
    return undefined;
  }
}

/** The reverse of {@link parseHostPort}. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** One list for each family: a list takes an IPv4 address for the same as its IPv6 form, which is refused. */
const NOT_OF_PEERS = {
  ipv4: blockList("ipv4", [
    ["0.0.0.0", 8],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    // Groups, reserved ones and broadcast.
    ["224.0.0.0", 3],
  ]),
  ipv6: blockList("ipv6", [
    // Nothing, this machine, and IPv4 addresses in disguise, old and new.
    ["::", 80],
    ["64:ff9b::", 96],
    ["fe80::", 10],
    ["ff00::", 8],
  ]),
};

function blockList(family: "ipv4" | "ipv6", subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, family);
  return list;
}
