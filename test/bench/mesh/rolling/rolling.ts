import type { ClosureCaches } from "../../../mesh/network/index.ts";
import { median } from "../../rows.ts";
import { repeat, type Scenario } from "../../scenario.ts";
import { fetchAtOnce } from "../network/fetch-at-once.ts";
import { meshSide } from "../network/mesh-side.ts";
import { type RolloutContext, rolloutCaches, rolloutNetwork } from "../network/rollout.ts";
import { narBytesServed } from "../network/served.ts";
import { nixAlone, type Side } from "../network/side.ts";

export interface RollingResult {
  readonly elapsedMs: number;
  readonly narBytes: number;
}

const NODES = 8;

/** The last node fetches what all others have. */
export async function measureRolling(
  context: RolloutContext,
  caches: ClosureCaches,
  side: Side,
): Promise<RollingResult> {
  const { signal } = context.control;
  await using net = await rolloutNetwork(context, caches, { nodes: NODES, compression: "none" });
  for (const node of net.nodes.slice(0, -1)) await node.seed(caches.storeDir, signal);
  const sources = await side.prepare({ net, caches, signal });
  net.upstream.clearLog();
  const trust = { ...sources, trustedPublicKeys: [caches.publicKey], signal };
  const { lastMs } = await fetchAtOnce([net.node(NODES)], caches.closure.root, trust);
  return { elapsedMs: lastMs, narBytes: narBytesServed(net.upstream) };
}

export const rolling: Scenario<RolloutContext> = {
  rowIds: ["rolling", "rolling-bytes"],
  run: async (context) => {
    const { control, bundleFile } = context;
    const caches = await rolloutCaches(context, "rolling");
    const mesh: RollingResult[] = [];
    const baseline: number[] = [];
    await repeat("one more node", control.repeats(3, 1), control, async () => {
      mesh.push(await measureRolling(context, caches, meshSide(bundleFile)));
      baseline.push((await measureRolling(context, caches, nixAlone)).elapsedMs);
    });
    const samples = mesh.map(({ elapsedMs }) => elapsedMs);
    const bytes = mesh.map(({ narBytes }) => narBytes);
    return [
      { id: "rolling", samples, peers: { nixAlone: median(baseline) }, ratio: median(baseline) / median(samples) },
      { id: "rolling-bytes", samples: bytes, ours: Math.max(...bytes) },
    ];
  },
};
