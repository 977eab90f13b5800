import type { EventEmitter } from "node:events";

/** Signals that end work in progress. */
const INTERRUPTS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

export interface Interrupts {
  /** Aborts at the first of SIGINT, SIGTERM, SIGHUP and SIGQUIT. */
  readonly signal: AbortSignal;
  /** The one that came, if one did. */
  received(): NodeJS.Signals | undefined;
  /** From now on they do nothing here: others handle them, and nothing may cut off the cleaning up. */
  release(): void;
}

/**
 * Turns the first interrupt into an abort, so that child processes and
 * temporary directories are cleaned up. The second one ends the process at once.
 * There is no way back: a signal in the last moments must not change how the process ends.
 */
export function watchInterrupts(exitNow: (signal: NodeJS.Signals) => void, source: EventEmitter = process): Interrupts {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  let isReleased = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isReleased) return;
    if (received !== undefined) {
      exitNow(signal);
      return;
    }
    received = signal;
    controller.abort();
  };
  for (const name of INTERRUPTS) source.on(name, onSignal);
  return {
    signal: controller.signal,
    received: () => received,
    release: () => {
      isReleased = true;
    },
  };
}
