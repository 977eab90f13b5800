import assert from "node:assert/strict";
import type { ClusterNode } from "../../cluster/index.ts";
import { WORKER } from "../closures/closure-source.ts";
import type { Case } from "../framework/story.ts";
import { deploymentManifest } from "../kubernetes/manifests.ts";
import { isVolume, readNodeState } from "../oracles/node-state.ts";
import { targetsOf } from "../oracles/staleness.ts";
import { type CaseContext, nodeOf } from "../world/context.ts";
import { applyExample, assertServes, workerOf, workerPod } from "./support.ts";

const CROWD = 40;

/** What happens to a cluster in its ordinary life. */
export const operationCases: readonly Case<CaseContext>[] = [
  {
    name: "the cache hangs: closures on the node still start, others wait with a clear event and start afterwards",
    run: runBlockedUpstream,
  },
  {
    name: "a drained node: its pods move, nothing of them stays, and it serves again when it is uncordoned",
    run: runDrain,
  },
  {
    name: `from 0 to ${CROWD} pods of one closure on one node and back`,
    run: runCrowd,
  },
];

async function runBlockedUpstream(context: CaseContext): Promise<void> {
  const { namespace, closures, cache, progress } = context;
  const { name } = nodeOf(context, 2);
  await namespace.apply(workerPod("first", closures.worker.root, name));
  await namespace.ready("first");
  const { root } = await closures.add({ name: "absent", script: WORKER });
  cache.setFaults({ path: /./, hang: true });
  const requestsBefore = cache.requests.length;
  await namespace.apply(workerPod("present", closures.worker.root, name));
  await namespace.apply(workerPod("absent", root, name));
  await progress.step("a pod whose closure is on the node starts", () => namespace.ready("present"));
  const event = new RegExp(
    `Unavailable desc = (fetching absent: asking the substituters|${root} could not be fetched from)`,
  );
  progress.note(await namespace.event("absent", event));
  assert.ok(cache.requests.length > requestsBefore, "the hanging cache was never asked");
  await cache.restore();
  await progress.step("the other one starts when the cache answers again", () => namespace.ready("absent"));
}

async function runDrain(context: CaseContext): Promise<void> {
  const { namespace, cluster, kubectl, progress } = context;
  const node = nodeOf(context, 2);
  await applyExample(context, "deployment");
  await namespace.ready("deployment/web");
  assert.notDeepEqual(volumeMountsOf(node), [], "nothing to drain");
  try {
    const drain = ["drain", node.name, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=90s"];
    await progress.step("kubectl drain", () => kubectl.run(drain, { timeoutMs: 100_000 }));
    await progress.step("the pods are ready elsewhere", () => namespace.ready("deployment/web"));
    const pods = await namespace.pods();
    assert.deepEqual(
      pods.filter((pod) => pod.nodeName === node.name && !pod.isTerminating),
      [],
    );
    assert.deepEqual(volumeMountsOf(node), []);
    for (const pod of pods.filter((each) => each.isReady)) await assertServes(context, pod);
  } finally {
    // Not ended by the case's signal: the next case needs the node.
    await cluster.kubectl(["uncordon", node.name], { check: true });
  }
  await namespace.apply(workerPod("back", context.closures.worker.root, node.name));
  await progress.step("a pod starts there again", () => namespace.ready("back"));
}

function volumeMountsOf(node: ClusterNode): readonly string[] {
  return readNodeState(node).podMounts.filter(isVolume);
}

async function runCrowd(context: CaseContext): Promise<void> {
  const { namespace, closures, cache, progress } = context;
  const node = nodeOf(context, 1);
  const { root } = await closures.add({ name: "crowd", script: WORKER });
  const [requestsBefore, viewsBefore] = [cache.requests.length, readNodeState(node).views];
  const worker = workerOf(root);
  await namespace.apply(deploymentManifest({ name: "crowd", replicas: CROWD, nodeName: node.name, ...worker }));
  await progress.step(`${CROWD} pods are ready`, () => namespace.ready("deployment/crowd", { timeoutMs: 240_000 }));
  const pods = await namespace.pods();
  const state = readNodeState(node);
  assert.equal(pods.length, CROWD);
  assert.deepEqual(state.podMounts.filter(isVolume).toSorted(), targetsOf(pods).toSorted());
  const requested = cache.requests.slice(requestsBefore).map(({ path }) => path);
  const fetched = requested.filter((path) => path.startsWith("/nar/"));
  assert.ok(fetched.length > 0, "the closure was never fetched");
  assert.deepEqual(fetched, [...new Set(fetched)], "a path was fetched twice");
  assert.equal(state.views.filter((view) => !viewsBefore.includes(view)).length, 1, "not one view for all");
  const viewMounts = state.stateMounts.filter((path) => path.includes("/views/"));
  progress.note(`${pods.length} pods, ${state.podMounts.length} mounts below pods, ${viewMounts.length} of views`);
  await namespace.run(["scale", "deployment/crowd", "--replicas=0"]);
  await progress.step("and gone", () => namespace.without("pods", { timeoutMs: 180_000 }));
  assert.deepEqual(volumeMountsOf(node), []);
}
