import type { StorePath } from "@niphas/core";
import { type BinaryCacheServer, waitUntil } from "@niphas/testing";
import { MeshDaemon } from "./mesh.ts";
import { DemoNode, type NodeInit } from "./node.ts";
import type { Timeline } from "./timeline.ts";

export interface NeighbourInit extends NodeInit {
  /** A node that has the closure. */
  readonly first: DemoNode;
  /** Where it came from. Switched off here. */
  readonly cache: BinaryCacheServer;
  readonly publicKey: string;
  readonly root: StorePath;
  /** Of the closure, as NARs. */
  readonly narSizeBytes: number;
}

interface Pair {
  readonly second: DemoNode;
  readonly firstMesh: MeshDaemon;
  readonly secondMesh: MeshDaemon;
}

/** A second node joins, and gets the closure from the first one while there is nobody else to ask. */
export async function fetchFromNeighbour(timeline: Timeline, init: NeighbourInit): Promise<void> {
  await using owner = new AsyncDisposableStack();
  const upstream = init.cache.url;
  await timeline.step("switch the binary cache off, for good", () => init.cache[Symbol.asyncDispose]());
  const pair = await startPair(timeline, { ...init, upstream }, owner);
  const { second, secondMesh } = pair;
  const published = await timeline.step("publish the closure on the second node", () => second.publish(init.root));
  for (const message of new Set(published.progress)) timeline.detail(`event: ${message}`);
  await checkSource(timeline, pair, init.narSizeBytes);
  const reasons = await timeline.step(`niphas mesh why ${init.root}`, () => secondMesh.explain(init.root));
  timeline.detail(reasons.replaceAll(/\n+/g, "\n").trim());
  await timeline.step("unpublish it", () => second.unpublish(published));
  timeline.check("nothing of it is left on the second node", second.remains.length === 0, second.remains.join(", "));
}

async function startPair(
  timeline: Timeline,
  init: NeighbourInit & { readonly upstream: string },
  owner: AsyncDisposableStack,
): Promise<Pair> {
  const { niphas, first, upstream, publicKey, directory } = init;
  const meshOf = (name: string) => {
    const place = { stateDir: directory.join(name, "mesh"), storeDir: directory.join(name, "state/store") };
    return MeshDaemon.create({ ...place, niphas, upstream, publicKey, signal: timeline.signal });
  };
  const [firstMesh, secondMesh] = await timeline.step("niphas mesh id: a key for each of two nodes", () =>
    Promise.all([meshOf(first.name), meshOf("second")]),
  );
  const daemons = [owner.use(firstMesh), owner.use(secondMesh)];
  const sources = { substituter: upstream, publicKey, mesh: secondMesh.url };
  const second = await DemoNode.create({ ...init, ...sources }, "second", owner);
  await timeline.step("start the second node, and niphas mesh on both", async () => {
    await Promise.all([second.start(), ...daemons.map((daemon) => daemon.start(daemons))]);
    await waitUntil("the second node to know what the first one has", async () => {
      const { holders } = await secondMesh.why(init.root);
      return holders.some(({ hasIt }) => hasIt);
    });
  });
  return { second, firstMesh, secondMesh };
}

async function checkSource(timeline: Timeline, { firstMesh, secondMesh }: Pair, narSizeBytes: number): Promise<void> {
  const { zone, peer, upstream } = (await secondMesh.status()).receivedBytes;
  timeline.detail(`${mib(zone + peer)} from ${firstMesh.peerId}, the first node; ${upstream} bytes from upstream`);
  const holds = zone + peer >= narSizeBytes && upstream === 0;
  timeline.check("each byte came from the neighbour", holds, `the closure has ${mib(narSizeBytes)}`);
}

function mib(sizeBytes: number): string {
  return `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`;
}
