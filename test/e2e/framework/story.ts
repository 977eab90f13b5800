/** One thing that must hold, told as a sentence of the specification. */
export interface Case<Context> {
  readonly name: string;
  run(context: Context): Promise<void>;
  /** What comes after it in its story needs it: runs whatever the filter says, and when it fails the rest is skipped. */
  readonly isFoundation?: boolean;
  /** @default 300_000 */
  readonly timeoutMs?: number;
}

/** Cases that run in this order, on one cluster. */
export interface Story<Context> {
  readonly name: string;
  readonly cases: readonly Case<Context>[];
}

/** What is around each case, whatever it tests. */
export interface Surroundings<Context> {
  /** Makes what a case works with. `signal` is aborted when the case has to end. */
  enter(caseName: string, progress: CaseProgress, signal: AbortSignal): Promise<Context>;
  /** Removes what the case made. @returns what is wrong now, one line each: left behind, or lost */
  leave(context: Context): Promise<readonly string[]>;
  /** All that helps to understand a failure; called before {@link leave}. */
  diagnose(context: Context): Promise<string>;
}

/** How a case says what it is doing. */
export interface CaseProgress {
  /** Runs one step and prints how long it took. */
  step<T>(what: string, action: () => Promise<T>): Promise<T>;
  /** Prints one line below the last step. */
  note(text: string): void;
}

export type Outcome = "passed" | "failed" | "skipped";

export interface CaseResult {
  readonly story: string;
  readonly name: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
  /** Why it failed or was skipped; empty when it passed. */
  readonly reason: string;
}
