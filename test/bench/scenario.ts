import type { Measurement, RowSpec } from "./rows.ts";

/** Measures one or more rows in one interleaved run. */
export interface Scenario<Context> {
  /** The rows that {@link run} answers with; all of them, or it throws. */
  readonly rowIds: readonly string[];
  run(context: Context): Promise<readonly Measurement[]>;
}

/** What every scenario may use, whatever it measures. */
export interface RunControl {
  /** Empty, and removed after the run by its owner. */
  readonly directory: string;
  /** Aborted when the run is to end early; loops check it. */
  readonly signal: AbortSignal;
  /** Larger closures are wanted, whatever it takes. */
  readonly isLong: boolean;
  /** How often to repeat: `full`, or `quick` in a smoke run. */
  repeats(full: number, quick: number): number;
  /** Prints one line. */
  report(line: string): void;
}

/** A benchmark that can be asked for by name. */
export interface Suite {
  readonly specs: readonly RowSpec[];
  /** Runs the scenarios that answer one of `rowIds`. A scenario that fails is reported, and its rows are missing. */
  run(rowIds: ReadonlySet<string>, control: RunControl): Promise<readonly Measurement[]>;
}

/**
 * Runs the scenarios that answer one of `rowIds`, one after the other. One that fails is reported and passed over.
 * @throws when the run is to end early
 */
export async function runScenarios<Context extends { readonly control: RunControl }>(
  scenarios: readonly Scenario<Context>[],
  rowIds: ReadonlySet<string>,
  context: Context,
): Promise<readonly Measurement[]> {
  const { control } = context;
  const measurements: Measurement[] = [];
  for (const scenario of scenarios) {
    if (!scenario.rowIds.some((id) => rowIds.has(id))) continue;
    const name = scenario.rowIds.join(", ");
    control.report(`measuring ${name}`);
    try {
      measurements.push(...(await scenario.run(context)));
    } catch (error) {
      if (control.signal.aborted) throw error;
      control.report(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    }
  }
  return measurements;
}

/** Runs `action` `count` times, printing how far it is about ten times. */
export async function repeat(
  what: string,
  count: number,
  control: RunControl,
  action: (index: number) => Promise<void>,
): Promise<void> {
  const every = Math.max(1, Math.round(count / 10));
  for (let index = 0; index < count; index++) {
    control.signal.throwIfAborted();
    await action(index);
    if ((index + 1) % every === 0 || index + 1 === count) control.report(`${what} ${index + 1}/${count}`);
  }
}

/** Milliseconds that `action` takes. */
export async function timeMs(action: () => unknown): Promise<number> {
  const startedAtMs = performance.now();
  await action();
  return performance.now() - startedAtMs;
}
