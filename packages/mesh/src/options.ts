import { readFileSync } from "node:fs";
import {
  type ListenAddress,
  LOG_LEVELS,
  type LogLevel,
  NiphasError,
  parseChoice,
  parseDirectory,
  parseDurationMs,
  parseListenAddress,
  parseSocketAddress,
  type TrustedKey,
} from "@niphas/core";
import { FlagReader, nameFlag } from "@niphas/service";
import { FLAGS, type FlagName, type RawMeshOptions } from "./flags.ts";
import { type MembersSource, parseMembers } from "./membership/members-flag.ts";
import { parsePeerIp } from "./membership/peer-address.ts";
import { parseAmountBytes, parseCount, parseUpstream } from "./option-values.ts";

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
  const flags = new FlagReader("mesh", FLAGS, raw);
  const members = flags.read("members", parseMembers);
  const advertise = flags.readOptional("advertise", parseAdvertised);
  if (members.kind === "dns") flags.read("groupSecretFile", parseDirectory);
  return {
    listen: anyAddress(
      flags.read("listen", (text) => parseSocketAddress(text)),
      advertise,
    ),
    substituter: flags.read("substituter", (text) => parseSocketAddress(text)),
    storeRootDir: flags.read("store", (text) => (text === "/" ? text : parseDirectory(text))),
    upstreams: flags.readList("upstream", parseUpstream),
    trustedKeys: flags.readTrustedKeys("trustedPublicKey"),
    netrcFile: flags.readOptional("netrcFile", parseDirectory),
    members,
    groupSecretFile: flags.readOptional("groupSecretFile", parseDirectory),
    stateDir: flags.read("stateDir", parseDirectory),
    metricsListen: flags.read("metricsListen", parseListenAddress),
    logLevel: flags.read("logLevel", (text) => parseChoice(text, LOG_LEVELS)),
    uploadSlots: flags.read("uploadSlots", (text) => parseCount(text, { min: 1, max: MAX_UPLOAD_SLOTS })),
    spoolBytes: flags.read("spoolBytes", parseAmountBytes),
    shutdownGraceMs: flags.read("shutdownGrace", (text) => parseDurationMs(text, { minMs: 0, maxMs: HOUR_MS })),
    cluster: members.kind === "kubernetes" ? clusterOf(flags) : undefined,
  };
}

/** The group's secret. @throws NiphasError InvalidConfiguration when it cannot be read or is too short to be one */
export function readGroupSecret(file: string): Uint8Array {
  return nameFlag("mesh", FLAGS.groupSecretFile, () => {
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

function clusterOf(flags: FlagReader<FlagName>): ClusterOptions {
  return {
    nodeName: flags.read("nodeName", parseObjectName),
    namespace: flags.read("namespace", parseObjectName),
    host: flags.read("advertise", parseAdvertised),
    kubeconfigFile: flags.readOptional("kubeconfig", parseDirectory),
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

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidConfiguration", message);
}
