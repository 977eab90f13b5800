import { accessSync, constants, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { CACHE_NIXOS_ORG_KEY, NiphasError, parseTrustedKey, systemErrorCode } from "@niphas/core";
import type { NixSettings } from "@niphas/nix";
import type { Command } from "commander";
import type { CliContext } from "../cli/context.ts";

/** What the flags of all commands that use a store say. */
export interface StoreFlags {
  readonly store?: string;
  readonly stateDir?: string;
  readonly substituter?: readonly string[];
  readonly trustedPublicKey?: readonly string[];
  readonly netrcFile?: string;
}

/** What places and defaults are worked out from. */
type Surroundings = Pick<CliContext, "env" | "uid" | "homeDir" | "workingDir">;

export const DEFAULT_SUBSTITUTER = "https://cache.nixos.org";
export const DEFAULT_ROOT_STATE_DIR = "/var/lib/niphas/run";
const DAEMON_SOCKET = "/nix/var/nix/daemon-socket/socket";

const CONNECT_TIMEOUT_SECONDS = 15;
const STALLED_DOWNLOAD_TIMEOUT_SECONDS = 60;
const REALISE_TIMEOUT_MS = 24 * 60 * 60 * 1000;
const MAX_JOBS = 16;

/** For options that may be given more than once. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

export function addStoreOption(command: Command): Command {
  return command.option(
    "--store <dir>",
    "Nix store to use: the root of a chroot store, or / for this machine's own; " +
      "by default this machine's own if a Nix daemon runs, else one in the state directory",
  );
}

export function addStateDirOption(command: Command): Command {
  return command.option(
    "--state-dir <dir>",
    `where niphas keeps its store, views and caches (default: ${DEFAULT_ROOT_STATE_DIR} for root, ` +
      "else $XDG_STATE_HOME/niphas or ~/.local/state/niphas)",
  );
}

export function addSubstituterOptions(command: Command): Command {
  return command
    .option("--substituter <url>", `binary cache to fetch from, may repeat (default: ${DEFAULT_SUBSTITUTER})`, collect)
    .option(
      "--trusted-public-key <key>",
      "key that signs what is fetched, may repeat; cache.nixos.org's is always trusted",
      collect,
    );
}

export function addNetrcFileOption(command: Command): Command {
  return command.option(
    "--netrc-file <file>",
    "credentials for the binary caches, as lines `machine … login … password …`; a Nix daemon uses its own instead",
  );
}

/** The directory that holds niphas's own store, views and caches; not made here. */
export function stateDirOf(flags: StoreFlags, context: Surroundings): string {
  if (flags.stateDir !== undefined) return resolve(context.workingDir, flags.stateDir);
  if (context.uid === 0) return DEFAULT_ROOT_STATE_DIR;
  const stateHome = context.env["XDG_STATE_HOME"];
  // The specification has relative values ignored.
  const base = stateHome?.startsWith("/") ? stateHome : join(context.homeDir, ".local/state");
  return join(base, "niphas");
}

/** `/` for this machine's own store, else the root directory of a chroot store. */
export function storeRootDir(
  flags: StoreFlags,
  context: Surroundings,
  daemonIsThere: () => boolean = () => existsSync(DAEMON_SOCKET),
): string {
  if (flags.store !== undefined) return resolve(context.workingDir, flags.store);
  if (daemonIsThere()) return "/";
  const stateDir = stateDirOf(flags, context);
  return join(stateDir, "store");
}

/** The keys as given, the default first. */
export function trustedKeyTexts(flags: StoreFlags): readonly string[] {
  return [...new Set([CACHE_NIXOS_ORG_KEY, ...(flags.trustedPublicKey ?? [])])];
}

export function substituterUrls(flags: StoreFlags): readonly string[] {
  return flags.substituter ?? [DEFAULT_SUBSTITUTER];
}

/**
 * What Nix is told.
 * @throws NiphasError InvalidConfiguration for a key or URL that cannot be right, and a file that cannot be read
 */
export function nixSettings(flags: StoreFlags, context: Surroundings): NixSettings {
  return {
    store: { rootDir: storeRootDir(flags, context) },
    substituters: substituterUrls(flags).map(assertSubstituter),
    trustedKeys: trustedKeyTexts(flags).map(parseTrustedKey),
    netrcFile: flags.netrcFile === undefined ? undefined : readableFile(resolve(context.workingDir, flags.netrcFile)),
    cacheDir: join(stateDirOf(flags, context), "cache"),
    maxJobs: MAX_JOBS,
    connectTimeoutSeconds: CONNECT_TIMEOUT_SECONDS,
    stalledDownloadTimeoutSeconds: STALLED_DOWNLOAD_TIMEOUT_SECONDS,
    realiseTimeoutMs: REALISE_TIMEOUT_MS,
  };
}

/** Nix takes a list with spaces between; one URL must stay one. */
function assertSubstituter(text: string): string {
  if (URL.canParse(text) && !/\s/.test(text)) return text;
  throw new NiphasError("InvalidConfiguration", "--substituter takes a URL such as https://cache.example.org");
}

/** Nix itself says nothing about a file that is not there: the cache would refuse, and nobody would know why. */
function readableFile(path: string): string {
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch (cause) {
    const message = `--netrc-file ${path} cannot be read (${systemErrorCode(cause) ?? "unknown error"})`;
    throw new NiphasError("InvalidConfiguration", message, { cause });
  }
}
