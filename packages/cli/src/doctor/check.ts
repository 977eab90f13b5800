/** One thing that was looked at. `fail`: niphas cannot work. `warn`: it works, with less. */
export interface Check {
  /** Stable, for machines. */
  readonly id: string;
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do; empty when there is nothing to do. */
  readonly advice: string;
}

export function ok(id: string, message: string): Check {
  return { id, status: "ok", message, advice: "" };
}

export function warn(id: string, message: string, advice: string): Check {
  return { id, status: "warn", message, advice };
}

export function fail(id: string, message: string, advice: string): Check {
  return { id, status: "fail", message, advice };
}

/** Whether niphas can work here. */
export function isHealthy(checks: readonly Check[]): boolean {
  return checks.every((check) => check.status !== "fail");
}
