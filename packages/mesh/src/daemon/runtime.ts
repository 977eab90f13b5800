import type { Clock, Teardown } from "@niphas/service";
import type { Logger } from "pino";

/** What all parts of the daemon are started with. */
export interface Runtime {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly teardown: Teardown;
  /** Ends the daemon. */
  readonly signal: AbortSignal;
}
