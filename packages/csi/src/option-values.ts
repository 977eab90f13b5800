import { posix } from "node:path";
import { NiphasError } from "@niphas/core";
import type { ListenAddress } from "./health/health-server.ts";

/** Parsers of flag values. Each throws NiphasError InvalidConfiguration with what is allowed; the caller names the flag. */

const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `90s`, `5m`, `1h`; at least `minMs`, at most `maxMs`. */
export function parseDurationMs(text: string, range: { readonly minMs: number; readonly maxMs: number }): number {
  const [, digits, unit = ""] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const factor = DURATION_UNITS_MS[unit];
  if (digits === undefined || factor === undefined) throw invalid("must be a duration such as 500ms, 90s, 5m or 1h");
  const ms = Number(digits) * factor;
  if (ms < range.minMs || ms > range.maxMs) {
    throw invalid(`must be between ${range.minMs / 1000} s and ${range.maxMs / 1000} s`);
  }
  return ms;
}

/** An absolute path in normal form, other than `/`; a trailing slash is taken off. */
export function parseDirectory(text: string): string {
  const path = posix.normalize(text).replace(/\/+$/, "");
  if (!path.startsWith("/") || path.includes("\0")) throw invalid("must be an absolute path other than /");
  return path;
}

/** `unix:///run/csi.sock` or a plain absolute path; gives the path. */
export function parseUnixEndpoint(text: string): string {
  const path = text.replace(/^unix:(\/\/)?/, "");
  if (!path.startsWith("/")) throw invalid("must be unix:///<absolute path>: the kubelet speaks to a unix socket only");
  return parseDirectory(path);
}

/** `127.0.0.1:9809`, `[::1]:9809`; `off` gives undefined. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text === "off") return undefined;
  const [, ipv6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (host === undefined || port > 65_535) throw invalid("must be <address>:<port> such as 127.0.0.1:9809, or off");
  return { host, port };
}

/** A binary cache that Nix can ask. Options that weaken signatures are refused. */
export function parseSubstituter(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !SUBSTITUTER_SCHEMES.has(url.protocol) || /\s/.test(text)) {
    throw invalid(`must be the URL of a binary cache (${[...SUBSTITUTER_SCHEMES].join(" ")})`);
  }
  if (url.password !== "") throw invalid("must not hold a password, which every process could read: use --netrc-file");
  if (url.searchParams.has("trusted")) throw invalid("must not set trusted: signatures are always required");
  return text;
}

const SUBSTITUTER_SCHEMES: ReadonlySet<string> = new Set(["https:", "http:", "s3:", "ssh-ng:", "file:"]);

/** One of a closed set. */
export function parseChoice<const T extends string>(text: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === text);
  if (choice === undefined) throw invalid(`must be one of ${choices.join(", ")}`);
  return choice;
}

/** A Kubernetes node name: a DNS subdomain, at most 253 characters; CSI allows 256 bytes. */
export function parseNodeId(text: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) throw invalid("must be the Kubernetes node's name");
  return text;
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidConfiguration", message);
}
