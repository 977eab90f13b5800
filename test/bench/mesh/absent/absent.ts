import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { encodeNix32 } from "@niphas/core";
import { ClosureCaches, MeshNetwork } from "../../../mesh/network/index.ts";
import { percentile } from "../../rows.ts";
import type { RunControl, Scenario } from "../../scenario.ts";
import { askNarInfos } from "../narinfo/ask-all.ts";
import { holdPlan } from "../narinfo/narinfo.ts";
import { SUBSTITUTER_URL, startMeshDaemons } from "../network/mesh-side.ts";
import { type RolloutContext, rolloutShape } from "../network/rollout.ts";

const HASH_BYTES = 20;
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
    const ask = { status: 404, signal } as const;
    const samples = await askNarInfos(node, { ...ask, url: SUBSTITUTER_URL, hashes: strangers(control) });
    const upstream = await askNarInfos(node, { ...ask, url: net.upstream.url, hashes: strangers(control) });
    const peers = { upstream: percentile(upstream, 0.99) };
    return [{ id: "narinfo-absent-p99", samples, ours: percentile(samples, 0.99), peers }];
  },
};

/** Hashes of no path. */
function strangers({ repeats }: RunControl): readonly string[] {
  return Array.from({ length: repeats(1_000, 100) }, () => encodeNix32(randomBytes(HASH_BYTES)));
}
