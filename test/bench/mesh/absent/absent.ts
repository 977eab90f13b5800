import { join } from "node:path";
import { ClosureCaches, MeshNetwork, type MeshNode } from "../../../mesh/network/index.ts";
import { percentile } from "../../rows.ts";
import type { Scenario } from "../../scenario.ts";
import { holdPlan } from "../narinfo/narinfo.ts";
import { SUBSTITUTER_URL, startMeshDaemons } from "../network/mesh-side.ts";
import { type RolloutContext, rolloutShape } from "../network/rollout.ts";

const PROGRAM = join(import.meta.dirname, "ask-absent.ts");
const SIZE_MIB = 4;

/** Narinfos of paths that nobody has, while a plan is held, beside upstream's own answers. */
export const absent: Scenario<RolloutContext> = {
  rowIds: ["narinfo-absent-p99"],
  run: async ({ control, bundleFile }) => {
    const { signal } = control;
    const caches = await ClosureCaches.create(join(control.directory, "absent"), rolloutShape("planned", SIZE_MIB));
    await using net = await MeshNetwork.start({ nodes: 2, cacheDir: await caches.cacheDir("none"), signal });
    await net.node(1).seed(caches.storeDir, signal);
    await startMeshDaemons({ net, caches, bundleFile, signal });
    const node = net.node(2);
    await using _plan = await holdPlan(node, SUBSTITUTER_URL, caches.closure.root, signal);
    const count = control.repeats(1_000, 100);
    const samples = await askAbsent(node, SUBSTITUTER_URL, count, signal);
    const upstream = await askAbsent(node, net.upstream.url, count, signal);
    const peers = { upstream: percentile(upstream, 0.99) };
    return [{ id: "narinfo-absent-p99", samples, ours: percentile(samples, 0.99), peers }];
  },
};

async function askAbsent(node: MeshNode, url: string, count: number, signal: AbortSignal): Promise<readonly number[]> {
  const { stdout } = await node.run([process.execPath, PROGRAM, url, String(count)], { signal });
  return JSON.parse(stdout);
}
