import type { Measurement } from "../rows.ts";
import { type RunControl, runScenarios, type Suite } from "../scenario.ts";
import { type PodsContext, preparePods } from "./context.ts";
import { nodeIdle } from "./node-idle.ts";
import { PodCrowd } from "./pod-crowd.ts";
import { podMemory } from "./pod-memory.ts";
import { podMounts } from "./pod-mounts.ts";
import type { PodScenario } from "./pod-scenario.ts";
import { podStart } from "./pod-start.ts";
import { podStart40 } from "./pod-start-40.ts";
import { SIDES } from "./sides.ts";
import { POD_SPECS } from "./specs.ts";

const SCENARIOS: readonly PodScenario[] = [podStart, podMounts, nodeIdle, podMemory, podStart40];
const WARM_UP_PODS = 2;

/** Pods on a real node, beside pods of an ordinary image with the same files. */
export const podsSuite: Suite = { specs: POD_SPECS, run: runPods };

async function runPods(rowIds: ReadonlySet<string>, control: RunControl): Promise<readonly Measurement[]> {
  await using context = await preparePods(control);
  await warmUp(context);
  return await runScenarios(SCENARIOS, rowIds, context);
}

/** Fetches the closure, builds its view, and lets all programs on the way run once. */
async function warmUp(context: PodsContext): Promise<void> {
  context.control.report("warming up");
  for (const side of SIDES) {
    await using _crowd = await PodCrowd.start(context, side, WARM_UP_PODS);
  }
}
