import { posix } from "node:path";
import { NiphasError } from "./errors.ts";

/** Parsers of flag values. Each throws NiphasError InvalidConfiguration with what is allowed; the caller names the flag. */

export interface ListenAddress {
  /** Empty: all addresses of this machine. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

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

const ADDRESS_FORMS = "must be <address>:<port> such as 127.0.0.1:9809, or :9809 for all addresses";

/** `127.0.0.1:9809`, `[::1]:9809`, `:9809` for all addresses; `off` gives undefined. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  return text === "off" ? undefined : parseSocketAddress(text, `${ADDRESS_FORMS}; off for none`);
}

/** As {@link parseListenAddress}, where `off` makes no sense. */
export function parseSocketAddress(text: string, forms = ADDRESS_FORMS): ListenAddress {
  const [, ipv6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (host === undefined || port > 65_535) throw invalid(forms);
  return { host, port };
}

/** One of a closed set. */
export function parseChoice<const T extends string>(text: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === text);
  if (choice === undefined) throw invalid(`must be one of ${choices.join(", ")}`);
  return choice;
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidConfiguration", message);
}
