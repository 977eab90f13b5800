import type { ClosureCaches, Compression } from "../../../mesh/network/index.ts";
import type { Measurement } from "../../rows.ts";
import { median } from "../../rows.ts";
import type { Scenario } from "../../scenario.ts";
import { describeLost, fetchAtOnce } from "../network/fetch-at-once.ts";
import { meshSide } from "../network/mesh-side.ts";
import { type RolloutContext, rolloutCaches, rolloutNetwork } from "../network/rollout.ts";
import { nixAlone, type Side } from "../network/side.ts";

export interface CreateInit {
  readonly caches: ClosureCaches;
  readonly compression: Compression;
  readonly nodes: number;
  readonly side: Side;
}

export interface CreateResult {
  /** Until the last node has the closure. */
  readonly lastMs: number;
  /** All that upstream has sent. */
  readonly upstreamBytes: number;
}

const NODES = 8;
/** One run beside its baseline takes four minutes with eight nodes. */
const REPEATS = 1;
const LONG_REPEATS = 3;
/** One node alone takes as long with the mesh as without, so that their noise decides. */
const ONE_NODE_REPEATS = 3;

/** Cold nodes that fetch a closure at once. */
export async function measureCreate(context: RolloutContext, init: CreateInit): Promise<CreateResult> {
  const { caches, compression, nodes, side } = init;
  const { signal, report } = context.control;
  report(`${side.name}, ${nodes} nodes, ${compression}: starting`);
  await using net = await rolloutNetwork(context, caches, { nodes, compression });
  const sources = await side.prepare({ net, caches, signal });
  net.upstream.clearLog();
  const trust = { ...sources, trustedPublicKeys: [caches.publicKey], signal };
  const fetched = await fetchAtOnce(net.nodes, caches.closure.root, trust);
  const upstreamBytes = net.upstream.bytesServed();
  const { lastMs } = fetched;
  report(`${side.name}, ${nodes} nodes, ${compression}: ${lastMs.toFixed(0)} ms, ${upstreamBytes} bytes`);
  for (const line of describeLost(fetched)) report(line);
  return { lastMs, upstreamBytes };
}

export const createRaw = createMany("create-8-raw", "none");
export const createXz = createMany("create-8-xz", "xz");

/** One cold node, which nobody helps, beside Nix alone. */
export const createOne: Scenario<RolloutContext> = {
  rowIds: ["create-1"],
  run: async (context) => {
    const caches = await rolloutCaches(context, "create-1");
    const init = { caches, compression: "none", nodes: 1 } as const;
    const baseline: number[] = [];
    const samples: number[] = [];
    for (let index = 0; index < context.control.repeats(ONE_NODE_REPEATS, 1); index++) {
      baseline.push((await measureCreate(context, { ...init, side: nixAlone })).lastMs);
      samples.push((await measureMesh(context, init)).lastMs);
    }
    const alone = median(baseline);
    return [{ id: "create-1", samples, peers: { nixAlone: alone }, ratio: median(samples) / alone }];
  },
};

/** 8 cold nodes, beside Nix alone. */
function createMany(id: string, compression: Compression): Scenario<RolloutContext> {
  return {
    rowIds: [id, `${id}-bytes`],
    run: async (context) => {
      const caches = await rolloutCaches(context, id);
      const init = { caches, compression, nodes: NODES };
      const mesh: CreateResult[] = [];
      const count = context.control.isLong ? LONG_REPEATS : REPEATS;
      for (let index = 0; index < count; index++) mesh.push(await measureMesh(context, init));
      // What eight nodes wait for upstream does not vary, and takes minutes.
      const baseline = await measureCreate(context, { ...init, side: nixAlone });
      return manyRows(id, { mesh, baseline, closureBytes: await caches.fileBytes(compression) });
    },
  };
}

interface ManyResults {
  readonly mesh: readonly CreateResult[];
  readonly baseline: CreateResult;
  /** The sum of `FileSize`. */
  readonly closureBytes: number;
}

function manyRows(id: string, { mesh, baseline, closureBytes }: ManyResults): readonly Measurement[] {
  const times = mesh.map(({ lastMs }) => lastMs);
  const bytes = mesh.map(({ upstreamBytes }) => upstreamBytes);
  const peers = { nixAlone: baseline.upstreamBytes, closure: closureBytes };
  return [
    { id, samples: times, peers: { nixAlone: baseline.lastMs }, ratio: baseline.lastMs / median(times) },
    { id: `${id}-bytes`, samples: bytes, peers, ratio: Math.max(...bytes) / closureBytes },
  ];
}

function measureMesh(context: RolloutContext, init: Omit<CreateInit, "side">): Promise<CreateResult> {
  return measureCreate(context, { ...init, side: meshSide(context.bundleFile) });
}
