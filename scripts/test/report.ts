/** What one stage of `npm test` found; written as JSON by the reporter (and by test.sh), read by the summary. */
export interface StageReport {
  /** For example `unit`, or `real, Nix 2.34.8`. */
  readonly stage: string;
  readonly passed: number;
  /** Full names of failed tests, of files that could not be loaded, and unhandled errors. */
  readonly failed: readonly string[];
  readonly skipped: readonly SkippedTest[];
}

export interface SkippedTest {
  readonly name: string;
  readonly reason: string;
}

/** The totals of all stages, and the lines to print before them. */
export interface Summary {
  readonly lines: readonly string[];
  readonly failed: number;
}

/** One line for each failed and each skipped test, then the totals as the last line. */
export function summarise(reports: readonly StageReport[]): Summary {
  const passed = reports.reduce((sum, report) => sum + report.passed, 0);
  const failed = reports.flatMap((report) => report.failed.map((name) => `failed  [${report.stage}] ${name}`));
  const skipped = reports.flatMap((report) =>
    report.skipped.map(({ name, reason }) => `skipped [${report.stage}] ${name}: ${reason}`),
  );
  const totals = `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
  return { lines: [...skipped, ...failed, totals], failed: failed.length };
}
