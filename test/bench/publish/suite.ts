import type { Measurement } from "../rows.ts";
import type { RunControl, Suite } from "../scenario.ts";
import { coldPublish } from "./cold-publish.ts";
import { prepareContext } from "./context.ts";
import { eventLoop } from "./event-loop.ts";
import { firstView } from "./first-view.ts";
import { memory } from "./memory.ts";
import { mounts } from "./mounts.ts";
import type { PublishScenario } from "./publish-scenario.ts";
import { PUBLISH_SPECS } from "./specs.ts";
import { warmBurst } from "./warm-burst.ts";
import { warmPublish } from "./warm-publish.ts";

const SCENARIOS: readonly PublishScenario[] = [
  warmPublish,
  warmBurst,
  mounts,
  firstView,
  eventLoop,
  memory,
  coldPublish,
];

export const publishSuite: Suite = { specs: PUBLISH_SPECS, run: runScenarios };

async function runScenarios(rowIds: ReadonlySet<string>, control: RunControl): Promise<readonly Measurement[]> {
  const context = await prepareContext(control);
  const measurements: Measurement[] = [];
  for (const scenario of SCENARIOS) {
    if (!scenario.rowIds.some((id) => rowIds.has(id))) continue;
    control.report(`measuring ${scenario.rowIds.join(", ")}`);
    try {
      measurements.push(...(await scenario.run(context)));
    } catch (error) {
      if (control.signal.aborted) throw error;
      control.report(
        `${scenario.rowIds.join(", ")}: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
      );
    }
  }
  return measurements;
}
