import { constants } from "node:os";

const SIGNAL_BASE = 128;

/** What a shell reports for a process: its own code, or 128 plus the signal's number. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return signal === null ? (code ?? 0) : signalExitCode(signal);
}

export function signalExitCode(signal: NodeJS.Signals): number {
  return SIGNAL_BASE + constants.signals[signal];
}
