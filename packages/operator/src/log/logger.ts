import { isNiphasError, toNiphasError } from "@niphas/core";
import { destination, type Logger, pino } from "pino";

const STDERR = 2;
const MAX_CAUSES = 8;

/** JSON lines on stderr, as the node plugin writes them. */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  return pino(options, destination({ fd: STDERR, sync: true }));
}

/** An error as log fields; a stack only where nobody expected an error. */
export function errorFields(cause: unknown): Readonly<Record<string, unknown>> {
  const { code, kind, message } = toNiphasError(cause);
  const causes: string[] = [];
  for (let at = cause; at instanceof Error && causes.length < MAX_CAUSES; at = at.cause) {
    if (at !== cause || !isNiphasError(at)) causes.push(`${at.name}: ${at.message}`);
  }
  return { code, kind, reason: message, causes };
}
