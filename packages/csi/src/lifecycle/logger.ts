import { destination, type Logger, pino } from "pino";

const STDERR = 2;

/**
 * JSON lines on stderr. Written at once: an audit record that is still in a buffer when the process is killed would be
 * a publish without a trace.
 */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  return pino(options, destination({ fd: STDERR, sync: true }));
}
