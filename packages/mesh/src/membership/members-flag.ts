import { isIP } from "node:net";
import { isNiphasError, NiphasError } from "@niphas/core";
import { parsePeerId } from "../network/identity/peer-id.ts";
import { memberAddress } from "../network/node/member-address.ts";
import type { Member, PeerId } from "../ports.ts";
import { parseHostPort, parsePeerIp } from "./peer-address.ts";

/** Where the members come from: the value of `--members`. */
export type MembersSource =
  | { readonly kind: "static"; readonly members: readonly Member[] }
  /** `port`: that of all members; undefined: the one that we listen on. */
  | { readonly kind: "dns"; readonly name: string; readonly port: number | undefined }
  | { readonly kind: "kubernetes" };

const FORMS = "must be static:<peer id>@<host>:<port>,..., dns:<name>, dns:<name>:<port> or kubernetes";
const MAX_STATIC_MEMBERS = 1_000;
const DNS_NAME = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?$/;
const MAX_PORT = 65_535;

/** @throws NiphasError InvalidConfiguration that says which part is wrong and what is allowed */
export function parseMembers(text: string): MembersSource {
  if (text === "kubernetes") return { kind: "kubernetes" };
  const [kind, ...parts] = text.split(":");
  const rest = parts.join(":");
  if (kind === "static") return { kind, members: parseStatic(rest) };
  if (kind === "dns") return { kind, ...parseDns(rest) };
  throw invalid(FORMS);
}

function parseStatic(text: string): readonly Member[] {
  const entries = text.split(",").map((entry) => entry.trim());
  if (text.trim() === "") throw invalid("static: names no member; give <peer id>@<host>:<port>, separated by commas");
  if (entries.length > MAX_STATIC_MEMBERS) throw invalid(`static: names more than ${MAX_STATIC_MEMBERS} members`);
  const positions = new Map<PeerId, number>();
  return entries.map((entry, index) => {
    const member = parseMember(entry, index + 1);
    const other = positions.get(member.peerId);
    if (other !== undefined) throw invalid(`static: members ${other} and ${index + 1} have the same peer id`);
    positions.set(member.peerId, index + 1);
    return member;
  });
}

function parseMember(entry: string, position: number): Member {
  const wrong = (what: string): NiphasError => invalid(`static: member ${position}: ${what}`);
  const at = entry.indexOf("@");
  if (at === -1) throw wrong("must be <peer id>@<host>:<port>");
  const peerId = peerIdOf(entry.slice(0, at));
  if (peerId === undefined) throw wrong("the part before the @ is not the peer id of an ed25519 key (12D3KooW...)");
  const address = parseHostPort(entry.slice(at + 1));
  if (address === undefined || !isReachable({ ...address, peerId })) {
    throw wrong("the part after the @ must be <host>:<port> of one machine, such as 10.0.0.1:9811 or [fd00::1]:9811");
  }
  return { peerId, ...address, zone: undefined };
}

/** Loopback addresses may be given: somebody has typed them. */
function isReachable(member: Pick<Member, "host" | "port" | "peerId">): boolean {
  try {
    memberAddress(member);
  } catch {
    return false;
  }
  const isLoopback = member.host === "::1" || /^127\./.test(member.host);
  return isIP(member.host) === 0 || isLoopback || parsePeerIp(member.host) !== undefined;
}

function peerIdOf(text: string): PeerId | undefined {
  try {
    return parsePeerId(text);
  } catch (error) {
    if (isNiphasError(error)) return undefined;
    throw error;
  }
}

function parseDns(text: string): { readonly name: string; readonly port: number | undefined } {
  const [name = "", digits, ...more] = text.split(":");
  const port = digits === undefined ? undefined : Number(digits);
  const isPort = port === undefined || (/^\d{1,5}$/.test(digits ?? "") && port > 0 && port <= MAX_PORT);
  if (!DNS_NAME.test(name) || isIP(name) !== 0 || more.length > 0) throw invalid("dns: must be followed by a DNS name");
  if (!isPort) throw invalid("dns: the port after the name must be between 1 and 65535");
  return { name, port };
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidConfiguration", message);
}
