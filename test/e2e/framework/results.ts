import type { CaseResult, Outcome } from "./story.ts";

const OUTCOMES = ["passed", "failed", "skipped"] as const satisfies readonly Outcome[];

/** The last line of a run. */
export function closingLine(results: readonly CaseResult[]): string {
  return OUTCOMES.map((outcome) => `${count(results, outcome)} ${outcome}`).join(", ");
}

/** 0 only if something passed and nothing failed or was skipped: a skip here always has a failure before it. */
export function exitCodeOf(results: readonly CaseResult[]): number {
  const isGood = results.length > 0 && results.every((result) => result.outcome === "passed");
  return isGood ? 0 : 1;
}

/** The text of a `--json` file. */
export function resultsJson(results: readonly CaseResult[]): string {
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, count(results, outcome)]));
  const cases = results.map((result) => ({ ...result, durationMs: Math.round(result.durationMs) }));
  return `${JSON.stringify({ summary: closingLine(results), ...counts, cases }, null, 2)}\n`;
}

function count(results: readonly CaseResult[], outcome: Outcome): number {
  return results.filter((result) => result.outcome === outcome).length;
}
