import type { EventEmitter } from "node:events";
import { isForeground } from "./foreground.ts";

/** From the terminal these reach the program without us; sent to niphas alone, they must be passed on. */
const TERMINAL_SIGNALS = ["SIGINT", "SIGQUIT", "SIGHUP", "SIGWINCH"] as const;
const OTHER_SIGNALS = ["SIGTERM", "SIGUSR1", "SIGUSR2"] as const;
/** What the program's process must not get before it is the program: Node.js gives these a meaning of its own. */
const HELD_UNTIL_STARTED: ReadonlySet<NodeJS.Signals> = new Set(["SIGUSR1", "SIGUSR2", "SIGWINCH"]);

export interface SignalForwarding {
  /** Call when the program runs: held signals are sent now. */
  programStarted(): void;
  /** Gives the signals back their default meaning. */
  stop(): void;
}

/**
 * Passes signals on to the program; niphas itself survives them and waits.
 * SIGTSTP is left alone: it stops niphas and the program alike, and `fg` goes on with both.
 */
export function forwardSignals(
  send: (signal: NodeJS.Signals) => void,
  comesFromTerminal: () => boolean = isForeground,
  source: EventEmitter = process,
): SignalForwarding {
  let isStarted = false;
  const held = new Set<NodeJS.Signals>();
  const forward = (signal: NodeJS.Signals): void => {
    if (!isStarted && HELD_UNTIL_STARTED.has(signal)) held.add(signal);
    else send(signal);
  };
  const forwardUnlessTerminal = (signal: NodeJS.Signals): void => {
    if (!comesFromTerminal()) forward(signal);
  };
  for (const name of OTHER_SIGNALS) source.on(name, forward);
  for (const name of TERMINAL_SIGNALS) source.on(name, forwardUnlessTerminal);
  return {
    programStarted: () => {
      isStarted = true;
      for (const signal of held) send(signal);
      held.clear();
    },
    stop: () => {
      for (const name of OTHER_SIGNALS) source.off(name, forward);
      for (const name of TERMINAL_SIGNALS) source.off(name, forwardUnlessTerminal);
    },
  };
}
