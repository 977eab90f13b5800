import { posix } from "node:path";
import {
  type ListenAddress,
  LOG_LEVELS,
  type LogLevel,
  parseChoice,
  parseDirectory,
  parseDurationMs,
  parseListenAddress,
  type TrustedKey,
} from "@niphas/core";
import { type FreeTarget, parseFreeTarget } from "@niphas/nix";
import { FlagReader } from "@niphas/service";
import { FLAGS, type FlagName, type RawCsiOptions } from "./flags.ts";
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
  const flags = new FlagReader("csi", FLAGS, raw);
  const duration = (name: FlagName, minMs: number, maxMs: number): number =>
    flags.read(name, (text) => parseDurationMs(text, { minMs, maxMs }));
  const kubeletDir = flags.read("kubeletDir", parseDirectory);
  return {
    endpointPath: flags.readOptional("endpoint", parseUnixEndpoint) ?? `${kubeletDir}/plugins/csi.niphas.io/csi.sock`,
    registrationDir: registrationDirOf(flags, kubeletDir),
    nodeId: flags.read("nodeId", parseNodeId),
    stateDir: flags.read("stateDir", parseDirectory),
    kubeletDir,
    substituters: flags.readList("substituter", parseSubstituter),
    trustedKeys: flags.readTrustedKeys("trustedPublicKey"),
    mesh: flags.readOptional("mesh", parseMeshUrl),
    netrcFile: flags.readOptional("netrcFile", parseDirectory),
    policyFile: flags.readOptional("policyFile", parseDirectory),
    metricsListen: flags.read("metricsListen", parseListenAddress),
    gcFreeBytes: flags.read("gcFreeBytes", parseFreeTarget),
    gcFreeInodes: flags.read("gcFreeInodes", parseFreeTarget),
    gcIntervalMs: duration("gcInterval", SECOND_MS, 24 * HOUR_MS),
    janitorIntervalMs: duration("janitorInterval", SECOND_MS, 24 * HOUR_MS),
    publishWaitMs: duration("publishWait", SECOND_MS, MAX_PUBLISH_WAIT_MS),
    shutdownGraceMs: duration("shutdownGrace", 0, HOUR_MS),
    view: flags.read("view", (text) => parseChoice(text, ["auto", "composefs", "tree"])),
    logLevel: flags.read("logLevel", (text) => parseChoice(text, LOG_LEVELS)),
  };
}

function registrationDirOf(flags: FlagReader<FlagName>, kubeletDir: string): string | undefined {
  const dir = flags.readOptional("registrationDir", (text) => (text === "off" ? text : parseDirectory(text)));
  return dir === "off" ? undefined : (dir ?? posix.join(kubeletDir, "plugins_registry"));
}
