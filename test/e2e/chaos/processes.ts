import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeComponent } from "../../cluster/index.ts";
import { workerPod } from "../core/support.ts";
import { renewPlugin, replacingPlugin, signalPlugin } from "./plugin.ts";
import { assertFilesAreServed, assertUnharmed, newClosure, type Scene, untilGone } from "./scene.ts";
import { survival } from "./survival.ts";

const STANDSTILL_MS = 20_000;
const OUTAGE_MS = 5000;
const CROWD = 8;
const CROWD_BYTES = 4 * 2 ** 20;
const SECONDS_PER_FETCH = 10;
const CROWD_TIMEOUT_MS = 180_000;

export const processCases = [
  survival({
    name: "kill -9 of the plugin",
    nodeNumber: 1,
    disturb: async ({ context, node }) => {
      await context.progress.step("the kubelet starts it again", () =>
        replacingPlugin(context, node, () => signalPlugin(node, "KILL")),
      );
      await renewPlugin(context, node);
    },
  }),
  survival({
    name: `kill -9 of the plugin, twice, while ${CROWD} pods of new closures start: all of them start`,
    nodeNumber: 1,
    timeoutMs: 420_000,
    disturb: killWhilePodsStart,
  }),
  survival({
    name: "the plugin stands still for 20 s while a pod starts",
    nodeNumber: 2,
    disturb: async (scene) => {
      const { context, node } = scene;
      const { namespace, progress, signal } = context;
      const { root } = await newClosure(context);
      await signalPlugin(node, "STOP");
      try {
        await namespace.apply(workerPod("waiting", root, node.name));
        await progress.step("nothing answers", () => sleep(STANDSTILL_MS, undefined, { signal }));
        assert.notEqual((await namespace.pod("waiting")).phase, "Running", "it started without the plugin");
        await assertUnharmed(scene);
      } finally {
        await signalPlugin(node, "CONT");
      }
      await progress.step("the pod starts when it goes on", () => namespace.ready("waiting"));
    },
  }),
  survival({
    name: "kill -9 of the kubelet: what was deleted and created meanwhile goes and comes when it is back",
    nodeNumber: 3,
    disturb: async (scene) => withoutDaemon(scene, "kubelet"),
  }),
  survival({
    name: "kill -9 of containerd: what was deleted and created meanwhile goes and comes when it is back",
    nodeNumber: 3,
    disturb: async (scene) => withoutDaemon(scene, "containerd"),
  }),
];

async function killWhilePodsStart({ context, node }: Scene): Promise<void> {
  const { namespace, progress, cache, signal } = context;
  const names = Array.from({ length: CROWD }, (_, index) => `crowd-${index}`);
  // Slow enough that the first kill comes in the middle of the fetches.
  cache.setFaults({ path: /\.nar/, bytesPerSecond: CROWD_BYTES / SECONDS_PER_FETCH });
  const requestsBefore = cache.requests.length;
  for (const name of names) {
    const { root } = await newClosure(context, CROWD_BYTES);
    await namespace.apply(workerPod(name, root, node.name));
  }
  await sleep(1000, undefined, { signal });
  assert.ok(
    cache.requests.slice(requestsBefore).some(({ path }) => path.startsWith("/nar/")),
    "nothing is fetched",
  );
  assert.ok(
    (await namespace.pods()).some(({ phase }) => phase === "Pending"),
    "everything is fetched",
  );
  await progress.step("kill -9 while they are fetched", () =>
    replacingPlugin(context, node, () => signalPlugin(node, "KILL")),
  );
  cache.setFaults();
  await sleep(1000, undefined, { signal });
  await progress.step("kill -9 while they are mounted", () =>
    replacingPlugin(context, node, () => signalPlugin(node, "KILL")),
  );
  await progress.step(`${CROWD} pods are ready`, async () => {
    for (const name of names) await namespace.ready(name, { timeoutMs: CROWD_TIMEOUT_MS });
  });
  await renewPlugin(context, node);
}

/** A pod goes and a pod comes while a daemon of the node is down. */
async function withoutDaemon(scene: Scene, daemon: NodeComponent): Promise<void> {
  const { context, node } = scene;
  const { namespace, closures, progress, signal } = context;
  await namespace.apply(workerPod("leaving", closures.hello.root, node.name));
  await namespace.apply(workerPod("parting", closures.worker.root, node.name));
  await namespace.ready("parting");
  assert.ok(await node.kill(daemon), `${daemon} did not run`);
  try {
    await namespace.run(["delete", "pod", "leaving", "parting", "--wait=false"]);
    await namespace.apply(workerPod("arriving", closures.worker.root, node.name));
    await progress.step("it is down", () => sleep(OUTAGE_MS, undefined, { signal }));
    assert.equal(node.isRunning(daemon), false);
    await assertFilesAreServed(scene);
  } finally {
    await node.start(daemon);
  }
  await progress.step("what came meanwhile starts", () => namespace.ready("arriving"));
  await progress.step("what went is gone", () => untilGone(context, "leaving", "parting"));
}
