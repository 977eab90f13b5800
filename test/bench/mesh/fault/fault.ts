import { setTimeout as sleep } from "node:timers/promises";
import type { ClosureCaches, GuestProcess } from "../../../mesh/network/index.ts";
import { median } from "../../rows.ts";
import { repeat, type Scenario } from "../../scenario.ts";
import { fetchAtOnce } from "../network/fetch-at-once.ts";
import { SUBSTITUTER_URL, startMeshDaemons } from "../network/mesh-side.ts";
import { type RolloutContext, rolloutCaches, rolloutNetwork } from "../network/rollout.ts";
import { FAULTS, type Fault } from "./faults.ts";

const HOLDERS = 2;
const NODES = 5;
/** When the fault comes, as a share of the time that the transfer takes without. */
const MIDDLE = 0.4;

export const fault: Scenario<RolloutContext> = {
  rowIds: FAULTS.map(({ id }) => id),
  run: async (context) => {
    const { control } = context;
    const caches = await rolloutCaches(context, "fault");
    const undisturbed: number[] = [];
    const disturbed = new Map(FAULTS.map((each) => [each, [] as number[]]));
    await repeat("a failing holder", control.repeats(3, 1), control, async () => {
      undisturbed.push(await measureFault(context, caches, undefined, 0));
      for (const [each, times] of disturbed) {
        times.push(await measureFault(context, caches, each, MIDDLE * median(undisturbed)));
      }
    });
    const without = median(undisturbed);
    return [...disturbed].map(([{ id }, times]) => ({
      id,
      samples: times.map((time) => time - without),
      peers: { without, with: median(times) },
    }));
  },
};

/** Milliseconds until the last node has the closure that two others held. */
async function measureFault(
  context: RolloutContext,
  caches: ClosureCaches,
  broken: Fault | undefined,
  afterMs: number,
): Promise<number> {
  const { bundleFile, control } = context;
  const { signal } = control;
  await using net = await rolloutNetwork(context, caches, { nodes: NODES, compression: "none" });
  for (const holder of net.nodes.slice(0, HOLDERS)) await holder.seed(caches.storeDir, signal);
  const [victim] = net.nodes;
  if (victim !== undefined) broken?.before?.(victim);
  const daemons = await startMeshDaemons({ net, caches, bundleFile, signal });
  const daemon = victim === undefined ? undefined : daemons.get(victim);
  const sources = { substituters: [net.upstream.url], mesh: SUBSTITUTER_URL };
  const trust = { ...sources, trustedPublicKeys: [caches.publicKey], signal };
  const faultComes = (): Promise<void> => strike(broken, daemon, afterMs, signal);
  const { lastMs } = await fetchAtOnce(net.nodes.slice(HOLDERS), caches.closure.root, trust, faultComes);
  return lastMs;
}

async function strike(
  broken: Fault | undefined,
  daemon: GuestProcess | undefined,
  afterMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (broken?.during === undefined || daemon === undefined) return;
  await sleep(afterMs, undefined, { signal });
  await broken.during(daemon);
}
