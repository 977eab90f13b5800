import assert from "node:assert/strict";
import { waitUntil } from "@niphas/testing";
import type { ClusterNode } from "../../cluster/index.ts";
import { type Closure, WORKER } from "../closures/closure-source.ts";
import { assertInside, assertServes, workerPod } from "../core/support.ts";
import { podManifest } from "../kubernetes/manifests.ts";
import type { Pod } from "../kubernetes/objects.ts";
import { ContentsOracle } from "../oracles/contents.ts";
import { faultsOfResident, type Resident, residentOf } from "../oracles/resident.ts";
import { faultsAfterSettling } from "../oracles/settled.ts";
import { targetsOf } from "../oracles/staleness.ts";
import { type CaseContext, nodeOf } from "../world/context.ts";
import { untilPluginIsReady } from "./plugin.ts";

/** Two pods that live on a node before something happens to it: a web server, and a worker on a tree view. */
export const RESIDENTS = ["web", "tree"] as const;
export type ResidentName = (typeof RESIDENTS)[number];

/** Where something is going to happen. */
export interface Scene {
  readonly context: CaseContext;
  readonly node: ClusterNode;
  readonly residents: ReadonlyMap<ResidentName, Resident>;
}

/** What a disturbance may do to a resident: nothing; end its containers; or end them and all mounts of the node. */
export type Harm = "none" | "restarted" | "rebooted";

const POLL_MS = 500;
const RESTART_TIMEOUT_MS = 120_000;
const GONE_TIMEOUT_MS = 90_000;
let newcomers = 0;

/** Starts the residents on the n-th node. */
export async function setScene(context: CaseContext, nodeNumber: number): Promise<Scene> {
  const { namespace, cluster, progress } = context;
  const node = nodeOf(context, nodeNumber);
  await untilPluginIsReady(context, node);
  for (const name of RESIDENTS) await namespace.apply(residentPod(name, closureOf(context, name), node));
  await progress.step(`two pods run on ${node.name}`, async () => {
    for (const name of RESIDENTS) await namespace.ready(name);
  });
  const residents = new Map<ResidentName, Resident>();
  for (const name of RESIDENTS) residents.set(name, residentOf(cluster, await namespace.pod(name)));
  const scene = { context, node, residents };
  await assertProgramsWork(scene);
  return scene;
}

/** Fails unless each resident is the same pod, runs, and sees exactly its closure. */
export async function assertUnharmed(scene: Scene, harm: Harm = "none"): Promise<void> {
  const { context, residents } = scene;
  for (const [name, before] of residents) {
    if (harm === "none") {
      assert.deepEqual(await faultsOfResident(context.cluster, context.namespace, name, before), []);
    } else {
      await assertRecovered(scene, name, harm);
    }
  }
  await assertProgramsWork(scene);
}

/** Asks a resident over the network and reads every byte of both: works while the node's own daemons are down. */
export async function assertFilesAreServed({ context, node }: Scene): Promise<void> {
  const { namespace, closures } = context;
  const contents = new ContentsOracle((path) => closures.physicalPath(path));
  for (const name of RESIDENTS) {
    const pod = await namespace.pod(name);
    if (name === "web") await assertServes(context, pod);
    const [target = ""] = targetsOf([pod]);
    assert.deepEqual(contents.faultsOf(node.hostPath(target), closureOf(context, name)), [], name);
  }
}

/** Fails unless every node holds what its present pods need, and no more. */
export async function assertNothingStale({ context }: Scene): Promise<void> {
  assert.deepEqual(await faultsAfterSettling(context), []);
}

/**
 * Fails unless new pods start on the node: one of a closure that is there, and one of a closure that nobody has had yet.
 */
export async function assertNewPodsStart({ context, node }: Scene): Promise<void> {
  const { namespace, closures, progress } = context;
  const cold = await newClosure(context);
  const [warmName, coldName] = [`warm-${newcomers}`, `cold-${newcomers}`];
  await namespace.apply(workerPod(warmName, closures.worker.root, node.name));
  await namespace.apply(workerPod(coldName, cold.root, node.name));
  await progress.step("new pods start there, of a known and of a new closure", async () => {
    await namespace.ready(warmName);
    await namespace.ready(coldName);
  });
  await assertInside(
    context,
    { pod: warmName, container: "main", closures: [closures.worker] },
    { pod: coldName, container: "main", closures: [cold] },
  );
}

/** A closure that no node has; its program runs until it is told to end. */
export async function newClosure({ closures }: CaseContext, dataBytes = 0): Promise<Closure> {
  newcomers++;
  return closures.add({ name: `newcomer-${newcomers}`, script: WORKER, dataBytes });
}

/** Waits until the cluster has none of these pods any more. */
export async function untilGone({ namespace }: CaseContext, ...names: readonly string[]): Promise<void> {
  const areGone = async (): Promise<boolean> => (await namespace.pods()).every(({ name }) => !names.includes(name));
  await waitUntil(`the end of ${names.join(", ")}`, areGone, { timeoutMs: GONE_TIMEOUT_MS, intervalMs: POLL_MS });
}

function closureOf({ closures }: CaseContext, name: ResidentName): Closure {
  return { web: closures.web, tree: closures.worker }[name];
}

function residentPod(name: ResidentName, { root }: Closure, { name: nodeName }: ClusterNode): string {
  const view = name === "tree" ? { view: "tree" } : {};
  return podManifest({
    name,
    nodeName,
    restartPolicy: "Always",
    command: [`${root}/bin/${name === "tree" ? "worker" : "web"}`],
    attributes: { storePath: root, ...view },
  });
}

async function assertProgramsWork(scene: Scene): Promise<void> {
  const { context } = scene;
  await assertFilesAreServed(scene);
  for (const name of RESIDENTS) {
    await assertInside(context, { pod: name, container: "main", closures: [closureOf(context, name)] });
  }
}

async function assertRecovered({ context, residents }: Scene, name: ResidentName, harm: Harm): Promise<void> {
  const { namespace, cluster } = context;
  const before = residents.get(name);
  assert.ok(before);
  const startedAgain = async (): Promise<Pod | false> => {
    const pod = await namespace.pod(name);
    const isNew = pod.containerIds.length > 0 && pod.containerIds.every((id) => !before.containerIds.includes(id));
    return pod.isReady && isNew && pod;
  };
  const limits = { timeoutMs: RESTART_TIMEOUT_MS, intervalMs: POLL_MS };
  const pod = await waitUntil(`${name} to be started again`, startedAgain, limits);
  const now = residentOf(cluster, pod);
  assert.equal(now.uid, before.uid, `${name} is another pod now`);
  if (harm === "restarted") assert.deepEqual(now.mountIds, before.mountIds, `${name} has another mount now`);
}
