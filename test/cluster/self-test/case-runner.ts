export interface SelfTestResult {
  /** A sentence. */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly durationMs: number;
  /** Why it failed or was skipped. */
  readonly message?: string;
}

/** Runs one case; that it throws is its result. */
export async function runCase(name: string, run: () => Promise<void>): Promise<SelfTestResult> {
  const startedAtMs = performance.now();
  const durationMs = (): number => Math.round(performance.now() - startedAtMs);
  try {
    await run();
    return { name, outcome: "passed", durationMs: durationMs() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { name, outcome: "failed", durationMs: durationMs(), message };
  }
}

export function skippedCase(name: string, message: string): SelfTestResult {
  return { name, outcome: "skipped", durationMs: 0, message };
}
