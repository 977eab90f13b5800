import { homedir } from "node:os";
import type { Output } from "../terminal/output.ts";

/** What every command gets from the process it runs in. */
export interface CliContext {
  readonly output: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDir: string;
  readonly uid: number;
  readonly gid: number;
  readonly homeDir: string;
  /** Aborts when the person interrupts. */
  readonly signal: AbortSignal;
  /** {@link signal} does not abort from now on: the command handles signals itself. */
  readonly releaseSignals: () => void;
  /** What the process exits with, when that is not 0. */
  readonly setExitCode: (code: number) => void;
}

export function isRoot(context: CliContext): boolean {
  return context.uid === 0;
}

/** The process's own surroundings. */
export function processContext(
  rest: Pick<CliContext, "output" | "signal" | "releaseSignals" | "setExitCode">,
): CliContext {
  return {
    ...rest,
    env: process.env,
    workingDir: process.cwd(),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    homeDir: homedir(),
  };
}
