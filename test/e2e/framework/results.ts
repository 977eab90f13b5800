import type { CaseResult, Outcome } from "./story.ts";

/** The last line of a run. */
export function closingLine(results: readonly CaseResult[]): string {
  const count = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length;
  return `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
}

/** 0 only if something passed and nothing failed or was skipped: a skip here always has a failure before it. */
export function exitCodeOf(results: readonly CaseResult[]): number {
  const isGood = results.length > 0 && results.every((result) => result.outcome === "passed");
  return isGood ? 0 : 1;
}

/** The text of a `--json` file. */
export function resultsJson(results: readonly CaseResult[]): string {
  const cases = results.map((result) => ({ ...result, durationMs: Math.round(result.durationMs) }));
  return `${JSON.stringify({ summary: closingLine(results), cases }, null, 2)}\n`;
}
