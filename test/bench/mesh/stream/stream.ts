import { join } from "node:path";
import { openStoreDatabase } from "@niphas/nix";
import { ClosureCaches, type GuestProcess, MeshNetwork, type MeshNode } from "../../../mesh/network/index.ts";
import { median } from "../../rows.ts";
import { repeat, type Scenario } from "../../scenario.ts";
import { SUBSTITUTER_URL, startMeshDaemons } from "../network/mesh-side.ts";
import { processorMs } from "../network/process-figures.ts";
import type { RolloutContext } from "../network/rollout.ts";
import { measureThroughput } from "../throughput/measure-throughput.ts";

const FULL_MIB = 512;
const QUICK_MIB = 64;
const BYTES_PER_MIB = 2 ** 20;
const BYTES_PER_MB = 1e6;
const FILES = 32;

/** Rates in MB/s; what each part's processors did, in ms for each MB. */
interface Passage {
  readonly rate: number;
  readonly cpu: Readonly<Record<string, number>>;
}

/** One path: from node 1's store over the mesh into node 2's, then from nginx into it. */
export const stream: Scenario<RolloutContext> = {
  rowIds: ["stream-nginx", "stream-libp2p"],
  run: async ({ control, bundleFile }) => {
    const { signal } = control;
    const sizeBytes = control.repeats(FULL_MIB, QUICK_MIB) * BYTES_PER_MIB;
    const shape = { name: "large", pathCount: 1, fileCount: FILES, fileSizeBytes: sizeBytes / FILES };
    const caches = await ClosureCaches.create(join(control.directory, "stream"), shape);
    const cacheDir = await caches.cacheDir("none");
    const mesh: Passage[] = [];
    const nginx: number[] = [];
    const bare: number[] = [];
    await repeat("one large NAR", control.repeats(5, 1), control, async () => {
      await using net = await MeshNetwork.start({ nodes: 3, cacheDir, signal });
      nginx.push((await passage(net.node(3), caches, [net.upstream.url], new Map(), signal)).rate);
      await net.node(1).seed(caches.storeDir, signal);
      const daemons = await startMeshDaemons({ net, caches, bundleFile, signal, nodes: [net.node(1), net.node(2)] });
      mesh.push(await passage(net.node(2), caches, [SUBSTITUTER_URL], daemons, signal));
      bare.push((await measureThroughput({ sizeBytes, signal })).bareMBPerSecond);
    });
    const samples = mesh.map(({ rate }) => rate);
    const cpu = mesh.at(-1)?.cpu ?? {};
    const ours = median(samples);
    return [
      { id: "stream-nginx", samples, peers: { nginx: median(nginx), ...cpu }, ratio: ours / median(nginx) },
      { id: "stream-libp2p", samples, peers: { libp2p: median(bare) }, ratio: ours / median(bare) },
    ];
  },
};

async function passage(
  node: MeshNode,
  caches: ClosureCaches,
  substituters: readonly string[],
  daemons: ReadonlyMap<MeshNode, GuestProcess>,
  signal: AbortSignal,
): Promise<Passage> {
  const parts = [...daemons].map(([{ name }, daemon]) => ({ name, daemon, before: processorMs(daemon.pid) }));
  const trust = { substituters, trustedPublicKeys: [caches.publicKey], signal };
  const { elapsedMs, nixProcessorMs } = await node.realise(caches.closure.root, trust);
  const megabytes = narBytes(caches) / BYTES_PER_MB;
  const used = parts.map(({ name, daemon, before }) => [name, processorMs(daemon.pid) - before] as const);
  const perMegabyte = [...used, ["nix", nixProcessorMs] as const].map(
    ([name, ms]) => [`${name}CpuMsPerMB`, ms / megabytes] as const,
  );
  return { rate: megabytes / (elapsedMs / 1000), cpu: Object.fromEntries(perMegabyte) };
}

function narBytes({ storeDir, closure }: ClosureCaches): number {
  const database = openStoreDatabase({ rootDir: storeDir });
  try {
    return database.closureSize([closure.root]).narSizeBytes;
  } finally {
    database.close();
  }
}
