import type { IncomingHttpHeaders } from "node:http";

const DEFAULT_MS = 1000;
const MAX_MS = 30_000;

/**
 * How long the API server wants us to wait before the same request; undefined when trying again is not its idea. It
 * sends the header only with requests that it has not begun. Seconds, since it never sends a date.
 */
export function retryAfterMs(httpStatus: number, headers: IncomingHttpHeaders): number | undefined {
  const header = headers["retry-after"];
  if (httpStatus !== 429 && (httpStatus < 500 || header === undefined)) return undefined;
  const seconds = Number(header ?? "");
  const isGiven = header !== undefined && Number.isFinite(seconds) && seconds >= 0;
  return isGiven ? Math.min(seconds * 1000, MAX_MS) : DEFAULT_MS;
}
