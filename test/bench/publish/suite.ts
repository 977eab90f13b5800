import type { Measurement } from "../rows.ts";
import { type RunControl, runScenarios, type Suite } from "../scenario.ts";
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

export const publishSuite: Suite = { specs: PUBLISH_SPECS, run: runPublish };

async function runPublish(rowIds: ReadonlySet<string>, control: RunControl): Promise<readonly Measurement[]> {
  return runScenarios(SCENARIOS, rowIds, await prepareContext(control));
}
