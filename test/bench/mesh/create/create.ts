import type { ClosureCaches, Compression } from "../../../mesh/network/index.ts";
import type { Measurement } from "../../rows.ts";
import { median } from "../../rows.ts";
import { repeat, type Scenario } from "../../scenario.ts";
import { fetchAtOnce } from "../network/fetch-at-once.ts";
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

/** Cold nodes that fetch a closure at once. */
export async function measureCreate(context: RolloutContext, init: CreateInit): Promise<CreateResult> {
  const { caches, compression, nodes, side } = init;
  const { signal } = context.control;
  await using net = await rolloutNetwork(context, caches, { nodes, compression });
  const sources = await side.prepare({ net, caches, signal });
  net.upstream.clearLog();
  const trust = { ...sources, trustedPublicKeys: [caches.publicKey], signal };
  const { lastMs, meshLost } = await fetchAtOnce(net.nodes, caches.closure.root, trust);
  const upstreamBytes = net.upstream.bytesServed();
  const lost = meshLost.length === 0 ? "" : `; ${meshLost.length} gave the mesh up: ${meshLost[0]}`;
  context.control.report(
    `${side.name}, ${nodes} nodes, ${compression}: ${lastMs.toFixed(0)} ms, ${upstreamBytes} bytes${lost}`,
  );
  return { lastMs, upstreamBytes };
}

/** 8 cold nodes and one, beside Nix alone. */
export const create: Scenario<RolloutContext> = {
  rowIds: ["create-8-raw", "create-8-raw-bytes", "create-8-xz", "create-8-xz-bytes", "create-1"],
  run: async (context) => {
    const caches = await rolloutCaches(context, "create");
    return [
      ...(await createMany(context, caches, "none", "create-8-raw")),
      ...(await createMany(context, caches, "xz", "create-8-xz")),
      await createOne(context, caches),
    ];
  },
};

async function createMany(
  context: RolloutContext,
  caches: ClosureCaches,
  compression: Compression,
  id: string,
): Promise<readonly Measurement[]> {
  const init = { caches, compression, nodes: NODES };
  // What eight nodes wait for upstream does not vary, and takes minutes.
  const baseline = await measureCreate(context, { ...init, side: nixAlone });
  const mesh = await measureMesh(context, init);
  const times = mesh.map(({ lastMs }) => lastMs);
  const bytes = mesh.map(({ upstreamBytes }) => upstreamBytes);
  const closureBytes = await caches.fileBytes(compression);
  const peers = { nixAlone: baseline.upstreamBytes, closure: closureBytes };
  return [
    { id, samples: times, peers: { nixAlone: baseline.lastMs }, ratio: baseline.lastMs / median(times) },
    { id: `${id}-bytes`, samples: bytes, peers, ratio: Math.max(...bytes) / closureBytes },
  ];
}

async function createOne(context: RolloutContext, caches: ClosureCaches): Promise<Measurement> {
  const init = { caches, compression: "none", nodes: 1 } as const;
  const baseline = await measureCreate(context, { ...init, side: nixAlone });
  const samples = (await measureMesh(context, init)).map(({ lastMs }) => lastMs);
  return { id: "create-1", samples, peers: { nixAlone: baseline.lastMs }, ratio: median(samples) / baseline.lastMs };
}

async function measureMesh(context: RolloutContext, init: Omit<CreateInit, "side">): Promise<readonly CreateResult[]> {
  const { control, bundleFile } = context;
  const results: CreateResult[] = [];
  await repeat(`${init.nodes} nodes by the mesh`, control.repeats(3, 1), control, async () => {
    results.push(await measureCreate(context, { ...init, side: meshSide(bundleFile) }));
  });
  return results;
}
