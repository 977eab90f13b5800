import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StorePath } from "@niphas/core";
import type { ClusterNode } from "../../cluster/index.ts";
import { type Closure, WORKER } from "../closures/closure-source.ts";
import { workerOf, workerPod } from "../core/support.ts";
import type { Case } from "../framework/story.ts";
import { deploymentManifest } from "../kubernetes/manifests.ts";
import { STATE_DIR } from "../oracles/node-state.ts";
import type { CaseContext } from "../world/context.ts";
import { receivedSince, receivedSoFar } from "./received.ts";
import { describeSent, sentOf } from "./upstream-log.ts";

const PODS = 40;
const PARTS = 12;
const PART_BYTES = 4 * 2 ** 20;
/** What upstream may send, in copies of the closure. */
const COPIES = 1.2;
const ATTEMPTS = 4;
const LIMITS = { timeoutMs: 240_000 };

/** One closure, pushed to upstream once. */
export const spreadCase: Case<CaseContext> = {
  name: `a closure that is pushed once reaches ${PODS} pods on all nodes, upstream sends one copy, and may go then`,
  timeoutMs: 900_000,
  run: async (context) => {
    const { namespace, cluster, cache, progress } = context;
    const closure = await spreadThroughMesh(context);
    await cache.stop();
    for (const node of cluster.nodes) {
      await namespace.apply(workerPod(`new-${node.name}`, closure.root, node.name));
    }
    await progress.step("upstream is off: new pods start on every node", async () => {
      for (const node of cluster.nodes) await namespace.ready(`new-${node.name}`);
    });
  },
};

/** Whether a path lies in the node's store. */
export function isOn(node: ClusterNode, path: StorePath): boolean {
  return existsSync(node.hostPath(join(STATE_DIR, "store", path)));
}

/**
 * A plugin waits a second or two for its mesh daemon, no longer. On a machine that is too busy for that it goes on without
 * it, as it should; what upstream sends then says nothing about the mesh, and another closure is pushed.
 * @returns the closure that all nodes got through the mesh
 */
async function spreadThroughMesh(context: CaseContext): Promise<Closure> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const name = `spread-${attempt}`;
    const closure = await context.closures.add({ name, script: WORKER, parts: PARTS, dataBytes: PART_BYTES });
    if (await isSpread(context, name, closure)) return closure;
    context.progress.note(`attempt ${attempt}: nodes were too busy to wait for the mesh`);
    await context.namespace.empty();
  }
  throw new Error(`in ${ATTEMPTS} attempts nodes went on without the mesh`);
}

/** On all nodes at once, then in all pods. False: upstream sent too much, to nodes that did not wait for the mesh. */
async function isSpread(context: CaseContext, name: string, closure: Closure): Promise<boolean> {
  const { namespace, cluster, cache, progress } = context;
  const fresh = closure.paths.filter((path) => cluster.nodes.every((node) => !isOn(node, path)));
  assert.ok(fresh.length > PARTS, "the nodes have the closure already");
  const [requestsBefore, before] = [cache.requests.length, await receivedSoFar(context)];
  const deployment = `deployment/${name}`;
  const first = { name, replicas: cluster.nodes.length, isSpread: true, ...workerOf(closure.root) };
  await namespace.apply(deploymentManifest(first));
  await progress.step("a pod on each node is ready", () => namespace.ready(deployment, LIMITS));
  const received = await receivedSince(context, before);
  progress.note(
    `the nodes got ${received.upstreamBytes} raw bytes from upstream, ${received.peerBytes} from each other`,
  );
  const early = sentOf(context, fresh, requestsBefore);
  if (early.bytes > COPIES * early.oneCopyBytes && received.fetchesWithoutMesh > 0) return false;
  await namespace.run(["scale", deployment, `--replicas=${PODS}`]);
  await progress.step(`${PODS} pods are ready`, () => namespace.ready(deployment, LIMITS));
  await assertOnAllNodes(context, closure.paths);
  const sent = sentOf(context, fresh, requestsBefore);
  progress.note(describeSent(sent));
  assert.ok(sent.bytes >= sent.oneCopyBytes, "the access log does not hold what the nodes got");
  assert.ok(sent.bytes <= COPIES * sent.oneCopyBytes, "upstream sent more than one copy");
  const closureBytes = PARTS * PART_BYTES;
  // Of what Nix got without the mesh, the daemons know nothing.
  if (received.fetchesWithoutMesh > 0) return true;
  assert.ok(received.upstreamBytes >= closureBytes, "what came from upstream is not in the metrics");
  assert.ok(received.peerBytes >= (cluster.nodes.length - COPIES) * closureBytes, "too little came from other nodes");
  return true;
}

async function assertOnAllNodes({ namespace, cluster }: CaseContext, paths: readonly StorePath[]): Promise<void> {
  const pods = (await namespace.pods()).filter(({ isReady }) => isReady);
  assert.equal(pods.length, PODS);
  for (const node of cluster.nodes) {
    assert.notEqual(pods.filter(({ nodeName }) => nodeName === node.name).length, 0, `${node.name} has no pod`);
    assert.ok(
      paths.every((path) => isOn(node, path)),
      `${node.name} has not got all`,
    );
  }
}
