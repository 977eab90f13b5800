import { destination, type Logger, pino } from "pino";

const STDERR = 2;
/** A reader that stalls must not stop the work: what it has not taken beyond this is dropped. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

/**
 * JSON lines on stderr. Each line goes to the kernel at once, by a thread of the pool, so that neither a slow reader
 * nor a burst of audit records holds up the event loop; what is left is written when the process ends.
 */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  return pino(options, destination({ fd: STDERR, sync: false, maxLength: MAX_BUFFERED_BYTES }));
}
