import { formatCount, renderTable } from "@niphas/core";
import { type Check, isHealthy } from "./check.ts";

const LABELS: Readonly<Record<Check["status"], string>> = { ok: "ok", warn: "warn", fail: "FAIL" };

/** The checks as a table with a verdict; what to do follows each check that needs it. */
export function renderChecks(checks: readonly Check[]): string {
  const table = renderTable(checks.map((check) => [LABELS[check.status], check.id, check.message]));
  const lines = table.split("\n").slice(0, -1);
  const indent = " ".repeat(Math.max(...Object.values(LABELS).map((label) => label.length)) + 2);
  const body = lines.flatMap((line, index) => {
    const advice = checks[index]?.advice ?? "";
    return advice === "" ? [line] : [line, `${indent}-> ${advice}`];
  });
  return `${[...body, "", verdict(checks)].join("\n")}\n`;
}

/** `{"checks": [{id, status: "ok"|"warn"|"fail", message, advice}]}` */
export function checksJson(checks: readonly Check[]): string {
  return `${JSON.stringify({ checks })}\n`;
}

function verdict(checks: readonly Check[]): string {
  const failed = checks.filter((check) => check.status === "fail").length;
  const warned = checks.filter((check) => check.status === "warn").length;
  if (!isHealthy(checks)) return `${formatCount(failed, "check")} failed: niphas cannot work here yet.`;
  return warned === 0 ? "All is well." : `niphas works here; ${formatCount(warned, "check")} could be better.`;
}
