import type { ComponentLogger, Logger } from "@libp2p/interface";

const ignore = (): void => undefined;
const silent: Logger = Object.assign(() => undefined, {
  error: ignore,
  trace: ignore,
  enabled: false,
  newScope: (): Logger => silent,
});

/** libp2p's own makes dozens of functions for each connection and stream, for lines that nobody reads. */
export function silentLogger(): ComponentLogger {
  return { forComponent: () => silent };
}
