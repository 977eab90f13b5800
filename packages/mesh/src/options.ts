import { readFileSync } from "node:fs";
import {
  CACHE_NIXOS_ORG_KEY,
  isNiphasError,
  type ListenAddress,
  LOG_LEVELS,
  type LogLevel,
  NiphasError,
  parseChoice,
  parseDirectory,
  parseDurationMs,
  parseListenAddress,
  parseTrustedKey,
  type TrustedKey,
} from "@niphas/core";
import { envName, FLAGS, type FlagName, type RawMeshOptions } from "./flags.ts";
import { type MembersSource, parseMembers } from "./membership/members-flag.ts";
import { parsePeerIp } from "./membership/peer-address.ts";
import { parseAddress, parseAmountBytes, parseCount, parseUpstream } from "./option-values.ts";

/** Everything the daemon is told, checked; see `niphas mesh --help` for meanings and defaults. */
export interface MeshOptions {
  readonly listen: ListenAddress;
  readonly substituter: ListenAddress;
  /** What stands before `/nix`. */
  readonly storeRootDir: string;
  readonly upstreams: readonly string[];
  readonly trustedKeys: readonly TrustedKey[];
  readonly netrcFile: string | undefined;
  readonly members: MembersSource;
  readonly groupSecretFile: string | undefined;
  readonly stateDir: string;
  readonly metricsListen: ListenAddress | undefined;
  readonly logLevel: LogLevel;
  readonly uploadSlots: number;
  readonly spoolBytes: number;
  readonly shutdownGraceMs: number;
  readonly cluster: ClusterOptions | undefined;
}

/** Where the daemon is in its cluster; only with members by Kubernetes. */
export interface ClusterOptions {
  readonly nodeName: string;
  readonly namespace: string;
  readonly host: string;
  readonly kubeconfigFile: string | undefined;
}

const HOUR_MS = 3_600_000;
const MAX_UPLOAD_SLOTS = 256;
const MIN_SECRET_BYTES = 32;
const ANY_IPV4 = "0.0.0.0";
const ANY_IPV6 = "::";

/**
 * Checks raw flag values; what is missing gets its default.
 * @throws NiphasError InvalidConfiguration naming the flag, its variable and what is allowed
 */
export function parseMeshOptions(raw: RawMeshOptions): MeshOptions {
  const read = <T>(name: FlagName, parse: (text: string) => T): T => named(name, () => parse(textOf(raw, name)));
  const readOptional = <T>(name: FlagName, parse: (text: string) => T): T | undefined =>
    raw[name] === undefined ? undefined : read(name, parse);
  const members = read("members", parseMembers);
  const advertise = readOptional("advertise", parseAdvertised);
  return {
    listen: anyAddress(read("listen", parseAddress), advertise),
    substituter: read("substituter", parseAddress),
    storeRootDir: read("store", (text) => (text === "/" ? text : parseDirectory(text))),
    upstreams: named("upstream", () => listOf(raw, "upstream").map(parseUpstream)),
    trustedKeys: named("trustedPublicKey", () => trustedKeysOf(raw)),
    netrcFile: readOptional("netrcFile", parseDirectory),
    members,
    groupSecretFile: readOptional("groupSecretFile", parseDirectory),
    stateDir: read("stateDir", parseDirectory),
    metricsListen: read("metricsListen", parseListenAddress),
    logLevel: read("logLevel", (text) => parseChoice(text, LOG_LEVELS)),
    uploadSlots: read("uploadSlots", (text) => parseCount(text, { min: 1, max: MAX_UPLOAD_SLOTS })),
    spoolBytes: read("spoolBytes", parseAmountBytes),
    shutdownGraceMs: read("shutdownGrace", (text) => parseDurationMs(text, { minMs: 0, maxMs: HOUR_MS })),
    cluster: members.kind === "kubernetes" ? clusterOf(read, readOptional) : undefined,
  };
}

/** The group's secret. @throws NiphasError InvalidConfiguration when it cannot be read or is too short to be one */
export function readGroupSecret(file: string): Uint8Array {
  return named("groupSecretFile", () => {
    const secret = readSecret(file);
    if (secret.length >= MIN_SECRET_BYTES) return secret;
    throw invalid(`${file} holds less than ${MIN_SECRET_BYTES} bytes: make one with head -c 32 /dev/urandom`);
  });
}

function readSecret(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new NiphasError("InvalidConfiguration", `${file} cannot be read`, { cause });
  }
}

type Read = <T>(name: FlagName, parse: (text: string) => T) => T;
type ReadOptional = <T>(name: FlagName, parse: (text: string) => T) => T | undefined;

function clusterOf(read: Read, readOptional: ReadOptional): ClusterOptions {
  return {
    nodeName: read("nodeName", parseObjectName),
    namespace: read("namespace", parseObjectName),
    host: read("advertise", parseAdvertised),
    kubeconfigFile: readOptional("kubeconfig", parseDirectory),
  };
}

/** All addresses of the family in which others reach us. */
function anyAddress({ host, port }: ListenAddress, advertise: string | undefined): ListenAddress {
  if (host !== "") return { host, port };
  return { host: advertise?.includes(":") === true ? ANY_IPV6 : ANY_IPV4, port };
}

function parseAdvertised(text: string): string {
  const host = parsePeerIp(text);
  if (host === undefined) throw invalid("must be an IP address at which other machines reach this one");
  return host;
}

function parseObjectName(text: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) throw invalid("must be the name of a Kubernetes object");
  return text;
}

function textOf(raw: RawMeshOptions, name: FlagName): string {
  const value = raw[name] ?? FLAGS[name].defaultText;
  if (typeof value === "string") return value;
  throw invalid("is missing");
}

function listOf(raw: RawMeshOptions, name: FlagName): readonly string[] {
  const value = raw[name] ?? FLAGS[name].defaultText ?? [];
  return typeof value === "string" ? [value] : value;
}

/** cache.nixos.org's key is one of them unless the operator says no. */
function trustedKeysOf(raw: RawMeshOptions): readonly TrustedKey[] {
  const texts = [...listOf(raw, "trustedPublicKey")];
  if (raw.defaultKey !== false) texts.push(CACHE_NIXOS_ORG_KEY);
  return [...new Set(texts)].map(parseTrustedKey);
}

function named<T>(name: FlagName, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!isNiphasError(cause)) throw cause;
    // The parser of members, which other ways in use too, may have named its flag already.
    const words = cause.message.replace(/^--members: /, "");
    throw new NiphasError("InvalidConfiguration", `${FLAGS[name].flag} (${envName(name)}): ${words}`, { cause });
  }
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidConfiguration", message);
}
