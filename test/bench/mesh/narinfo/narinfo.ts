import { join } from "node:path";
import { type StorePath, storePathHash } from "@niphas/core";
import { waitUntil } from "@niphas/testing";
import { ClosureCaches, type GuestProcess, MeshNetwork, type MeshNode } from "../../../mesh/network/index.ts";
import { percentile } from "../../rows.ts";
import type { Scenario } from "../../scenario.ts";
import { SUBSTITUTER_URL, startMeshDaemons } from "../network/mesh-side.ts";
import { type RolloutContext, rolloutShape } from "../network/rollout.ts";
import { askNarInfos } from "./ask-all.ts";

const PATHS = 2_000;
const SIZE_MIB = 4;
const HOLD_PLAN = join(import.meta.dirname, "hold-plan.ts");

/** Every narinfo of a planned closure from the local substituter, beside nginx on the same switch. */
export const narInfo: Scenario<RolloutContext> = {
  rowIds: ["narinfo-p50", "narinfo-p99"],
  run: async ({ control, bundleFile }) => {
    const { signal } = control;
    const caches = await ClosureCaches.create(
      join(control.directory, "narinfo"),
      rolloutShape("many", SIZE_MIB, PATHS),
    );
    const cacheDir = await caches.cacheDir("none");
    await using net = await MeshNetwork.start({ nodes: 2, cacheDir, signal });
    await net.node(1).seed(caches.storeDir, signal);
    await startMeshDaemons({ net, caches, bundleFile, signal });
    const node = net.node(2);
    await using _plan = await holdPlan(node, SUBSTITUTER_URL, caches.closure.root, signal);
    const ask = { hashes: caches.closure.paths.map(storePathHash), status: 200, signal } as const;
    const samples: number[] = [];
    const nginx: number[] = [];
    for (let round = 0; round < control.repeats(5, 1); round++) {
      samples.push(...(await askNarInfos(node, { ...ask, url: SUBSTITUTER_URL })));
      nginx.push(...(await askNarInfos(node, { ...ask, url: net.upstream.url })));
    }
    const at = (fraction: number) => ({
      samples,
      ours: percentile(samples, fraction),
      peers: { nginx: percentile(nginx, fraction) },
    });
    return [
      { id: "narinfo-p50", ...at(0.5) },
      { id: "narinfo-p99", ...at(0.99) },
    ];
  },
};

/** Returns when all narinfos of the plan are in memory. */
export async function holdPlan(
  node: MeshNode,
  url: string,
  root: StorePath,
  signal: AbortSignal,
): Promise<GuestProcess> {
  const plan = await node.startDaemon([process.execPath, HOLD_PLAN, url, root], { signal });
  await waitUntil(`the plan to be ready: ${plan.logs.tail()}`, () => {
    signal.throwIfAborted();
    if (!plan.isRunning) throw new Error(`the plan ended: ${plan.logs.tail()}`);
    return plan.logs.lines.some((line) => line.includes('"event":"ready"'));
  });
  return plan;
}
