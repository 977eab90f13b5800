import { posix } from "node:path";
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
import { type FreeTarget, parseFreeTarget } from "@niphas/nix";
import { envName, FLAGS, type FlagName, type RawCsiOptions } from "./flags.ts";
import { parseMeshUrl, parseNodeId, parseSubstituter, parseUnixEndpoint } from "./option-values.ts";

/** Everything the plugin is told, checked; see `niphas csi --help` for meanings and defaults. */
export interface CsiPluginOptions {
  readonly endpointPath: string;
  /** Undefined: somebody else registers the driver. */
  readonly registrationDir: string | undefined;
  readonly nodeId: string;
  readonly stateDir: string;
  readonly kubeletDir: string;
  readonly substituters: readonly string[];
  readonly trustedKeys: readonly TrustedKey[];
  /** Undefined: there is no mesh. */
  readonly mesh: string | undefined;
  readonly netrcFile: string | undefined;
  readonly policyFile: string | undefined;
  readonly metricsListen: ListenAddress | undefined;
  readonly gcFreeBytes: FreeTarget;
  readonly gcFreeInodes: FreeTarget;
  readonly gcIntervalMs: number;
  readonly janitorIntervalMs: number;
  readonly publishWaitMs: number;
  readonly shutdownGraceMs: number;
  readonly view: "auto" | "composefs" | "tree";
  readonly logLevel: LogLevel;
}

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;
/** The call's own budget is 100 s: what comes after the wait needs some of it. */
const MAX_PUBLISH_WAIT_MS = 95 * SECOND_MS;

/**
 * Checks raw flag values; what is missing gets its default.
 * @throws NiphasError InvalidConfiguration naming the flag, its variable and what is allowed
 */
export function parseCsiOptions(raw: RawCsiOptions): CsiPluginOptions {
  const read = <T>(name: FlagName, parse: (text: string) => T): T => named(name, () => parse(textOf(raw, name)));
  const readOptional = <T>(name: FlagName, parse: (text: string) => T): T | undefined =>
    raw[name] === undefined ? undefined : read(name, parse);
  const duration = (name: FlagName, minMs: number, maxMs: number): number =>
    read(name, (text) => parseDurationMs(text, { minMs, maxMs }));
  const kubeletDir = read("kubeletDir", parseDirectory);
  return {
    endpointPath: readOptional("endpoint", parseUnixEndpoint) ?? `${kubeletDir}/plugins/csi.niphas.io/csi.sock`,
    registrationDir: registrationDirOf(raw, kubeletDir),
    nodeId: read("nodeId", parseNodeId),
    stateDir: read("stateDir", parseDirectory),
    kubeletDir,
    substituters: named("substituter", () => listOf(raw, "substituter").map(parseSubstituter)),
    trustedKeys: named("trustedPublicKey", () => trustedKeysOf(raw)),
    mesh: readOptional("mesh", parseMeshUrl),
    netrcFile: readOptional("netrcFile", parseDirectory),
    policyFile: readOptional("policyFile", parseDirectory),
    metricsListen: read("metricsListen", parseListenAddress),
    gcFreeBytes: read("gcFreeBytes", parseFreeTarget),
    gcFreeInodes: read("gcFreeInodes", parseFreeTarget),
    gcIntervalMs: duration("gcInterval", SECOND_MS, 24 * HOUR_MS),
    janitorIntervalMs: duration("janitorInterval", SECOND_MS, 24 * HOUR_MS),
    publishWaitMs: duration("publishWait", SECOND_MS, MAX_PUBLISH_WAIT_MS),
    shutdownGraceMs: duration("shutdownGrace", 0, HOUR_MS),
    view: read("view", (text) => parseChoice(text, ["auto", "composefs", "tree"])),
    logLevel: read("logLevel", (text) => parseChoice(text, LOG_LEVELS)),
  };
}

function textOf(raw: RawCsiOptions, name: FlagName): string {
  const value = raw[name] ?? FLAGS[name].defaultText;
  if (typeof value === "string") return value;
  throw new NiphasError("InvalidConfiguration", "is missing");
}

function listOf(raw: RawCsiOptions, name: FlagName): readonly string[] {
  const value = raw[name] ?? FLAGS[name].defaultText ?? [];
  return typeof value === "string" ? [value] : value;
}

function registrationDirOf(raw: RawCsiOptions, kubeletDir: string): string | undefined {
  const text = raw.registrationDir ?? posix.join(kubeletDir, "plugins_registry");
  if (text === "off") return undefined;
  return named("registrationDir", () => parseDirectory(String(text)));
}

/** cache.nixos.org's key is one of them unless the operator says no. */
function trustedKeysOf(raw: RawCsiOptions): readonly TrustedKey[] {
  const texts = [...listOf(raw, "trustedPublicKey")];
  if (raw.defaultKey !== false) texts.push(CACHE_NIXOS_ORG_KEY);
  return [...new Set(texts)].map(parseTrustedKey);
}

function named<T>(name: FlagName, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!isNiphasError(cause)) throw cause;
    const message = `${FLAGS[name].flag} (${envName(name)}): ${cause.message}`;
    throw new NiphasError("InvalidConfiguration", message, { cause });
  }
}
