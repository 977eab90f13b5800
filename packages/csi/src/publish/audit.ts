import type { View } from "@niphas/views";
import type { Logger } from "pino";
import type { PhaseTimer, PublishPath } from "./phase-timer.ts";
import type { PublishRequest } from "./request.ts";

/** The one audit record of a publish: who got what, how. Its fields are documented in docs/interfaces.md. */
export function auditPublish(
  logger: Logger,
  request: PublishRequest,
  outcome: { readonly view: View; readonly path: PublishPath; readonly rule: string; readonly timer: PhaseTimer },
): void {
  const { view, path, rule, timer } = outcome;
  const durationsMs: Record<string, number> = {};
  for (const [phase, ms] of Object.entries(timer.durationsMs)) durationsMs[phase] = roundMs(ms);
  durationsMs["total"] = roundMs(timer.totalMs());
  const fields = {
    audit: true,
    event: "publish",
    volumeId: request.volumeId,
    targetPath: request.targetPath,
    pod: request.pod,
    roots: request.volume.roots,
    viewKey: view.key,
    viewStrategy: view.strategy,
    policyRule: rule,
    path,
    durationsMs,
  };
  logger.info(fields, "published");
}

function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
