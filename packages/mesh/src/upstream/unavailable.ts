import { NiphasError } from "@niphas/core";

/** SubstituterUnavailable, with when the cache wants to be asked again, if it said so. */
export class UpstreamUnavailable extends NiphasError {
  readonly retryAfterMs: number | undefined;

  constructor(
    name: string,
    reason: string,
    init: { readonly retryAfterMs?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super("SubstituterUnavailable", `${name}: ${reason}`, { cause: init.cause });
    this.retryAfterMs = init.retryAfterMs;
  }
}

/** The cache answers, but with something that cannot be what it says. */
export function badBytes(name: string, reason: string, cause?: unknown): NiphasError {
  return new NiphasError("BadBytes", `${name}: ${reason}`, { cause });
}
