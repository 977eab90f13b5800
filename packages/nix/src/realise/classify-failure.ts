import { NiphasError, type StorePath } from "@niphas/core";
import { noSpaceError } from "../disk/space.ts";
import type { NixSettings } from "../ports.ts";
import { storeLayout } from "../store/layout.ts";
import { redactUrls } from "./redact.ts";

export interface RealiseFailure {
  readonly roots: readonly StorePath[];
  /** Nix's errors and warnings in order, as plain text without credentials. */
  readonly messages: readonly string[];
  readonly unknownPaths: readonly string[];
}

type Rule = (failure: RealiseFailure, settings: NixSettings) => NiphasError | undefined;

const LAST_MESSAGES = 3;
const SHOWN_PATHS = 3;

/** What each means, in the words of Nix 2.8 and of 2.34; the real tests provoke them. */
const WORDS = {
  noSpace: anyOf("no space left on device", "disk quota exceeded", "database or disk is full"),
  badDatabase: anyOf(
    "database disk image is malformed",
    "file is not a database",
    "database is locked",
    "read-only file system",
  ),
  untrusted: /'(\/nix\/store\/[^']+)'.*(?:not signed by any of the keys|lacks a (?:valid )?signature)/i,
  badBytes: anyOf(
    "(?:hash|size) mismatch",
    "is incomplete",
    "is corrupt",
    "archive .*(?:invalid|corrupt|not recognized)|(?:invalid|unrecognized|bad) .*archive",
    "looks? like a nix archive",
    "expected (?:tag|string|token|open|close)",
    "string is too long",
    "non-zero padding",
    "compression not recognized",
    "compressed data|compressed file|decompress|lzma|zstd|brotli|truncated (?:input|gzip)",
  ),
  cacheDown: anyOf(
    "unable to (?:download|connect)",
    "does not appear to be a binary cache",
    "does not exist in binary cache",
    "disabling binary cache|substituter '[^']*' is disabled",
    "timed? ?out",
    "cannot (?:open connection|connect)",
    "failed to start ssh",
    "aws error",
  ),
} as const;

/** The most specific reason wins; Nix names several, since one failure leads to the next. */
const RULES: readonly Rule[] = [noSpace, badDatabase, badBytes, untrusted, cacheDown, unknownPath];

/** Turns what Nix said into one of our errors. The texts are the interface here: Nix's exit status is 1 for all. */
export function classifyFailure(failure: RealiseFailure, settings: NixSettings): NiphasError {
  for (const rule of RULES) {
    const error = rule(failure, settings);
    if (error !== undefined) return error;
  }
  const last = failure.messages.slice(-LAST_MESSAGES).join("; ");
  return new NiphasError("CommandFailed", last === "" ? "Nix failed without saying why" : `Nix failed: ${last}`, {
    cause: failure.messages,
  });
}

function noSpace(failure: RealiseFailure, settings: NixSettings): NiphasError | undefined {
  const message = failure.messages.find((text) => WORDS.noSpace.test(withoutNames(text)));
  return message === undefined ? undefined : noSpaceError(storeLayout(settings.store).stateDir, failure.messages);
}

function badDatabase(failure: RealiseFailure): NiphasError | undefined {
  const message = failure.messages.findLast((text) => WORDS.badDatabase.test(withoutNames(text)));
  if (message === undefined) return undefined;
  return new NiphasError("StoreUnavailable", `Nix cannot use the node's store: ${message}`, {
    cause: failure.messages,
  });
}

function badBytes(failure: RealiseFailure): NiphasError | undefined {
  const message = failure.messages.findLast((text) => WORDS.badBytes.test(withoutNames(text)));
  if (message === undefined) return undefined;
  const advice = "nothing of it is used; repair the cache, or look for a proxy that changes it";
  return new NiphasError("BadBytes", `a binary cache gave wrong bytes: ${withoutSeverity(message)}; ${advice}`, {
    cause: failure.messages,
  });
}

function untrusted(failure: RealiseFailure, settings: NixSettings): NiphasError | undefined {
  for (const message of failure.messages) {
    const path = WORDS.untrusted.exec(message)?.[1];
    if (path !== undefined) return untrustedPath(path, settings, failure.messages);
  }
  return undefined;
}

function untrustedPath(path: string, settings: NixSettings, cause: unknown): NiphasError {
  const names = settings.trustedKeys.map((key) => key.name).join(", ");
  return new NiphasError(
    "UntrustedPath",
    `${path} is not signed by a trusted key (trusted: ${names === "" ? "none" : names}): sign it, or add its key`,
    { cause },
  );
}

function cacheDown(failure: RealiseFailure, settings: NixSettings): NiphasError | undefined {
  const message = failure.messages.findLast((text) => WORDS.cacheDown.test(withoutNames(text)));
  if (message === undefined) return undefined;
  const wanted = pathList(failure.unknownPaths.length > 0 ? failure.unknownPaths : failure.roots);
  const reason = withoutSeverity(message).replace(/[.;\s]+$/, "");
  return new NiphasError(
    "SubstituterUnavailable",
    `${wanted} could not be fetched from ${substituterList(settings)}: ${reason}; check that the cache is up and reachable from this node`,
    { cause: failure.messages },
  );
}

function unknownPath(failure: RealiseFailure, settings: NixSettings): NiphasError | undefined {
  const paths = failure.unknownPaths.length > 0 ? failure.unknownPaths : missingReferences(failure);
  if (paths.length === 0) return undefined;
  return new NiphasError(
    "PathNotFound",
    `${pathList(paths)} is in none of the binary caches asked (${substituterList(settings)}): push it there, or add its cache`,
    { cause: failure.messages },
  );
}

/** Nix 2.34 says it so, for a path that another needs. */
function missingReferences(failure: RealiseFailure): readonly string[] {
  return failure.messages.flatMap((text) => {
    const path = /^(?:error: )?path '(\/nix\/store\/[^']+)' is required, but there is no substituter/.exec(text)?.[1];
    return path === undefined ? [] : [path];
  });
}

function pathList(paths: readonly string[]): string {
  const shown = paths.slice(0, SHOWN_PATHS).join(", ");
  return paths.length > SHOWN_PATHS ? `${shown} and ${paths.length - SHOWN_PATHS} more` : shown;
}

function substituterList(settings: NixSettings): string {
  return settings.substituters.length === 0 ? "none is configured" : settings.substituters.map(redactUrls).join(", ");
}

/** Names are the tenant's to choose: a path called zstd must not read as a decompression error. */
function withoutNames(message: string): string {
  return message.replace(/\/nix\/store\/[^\s'"]+/g, "PATH").replace(/\b[a-z][a-z0-9+.-]{0,15}:\/\/[^\s'"]+/gi, "URL");
}

function withoutSeverity(message: string): string {
  return message.replace(/^(?:(?:error|warning): )+/i, "");
}

function anyOf(...patterns: readonly string[]): RegExp {
  return new RegExp(patterns.join("|"), "i");
}
