import { setTimeout as sleep } from "node:timers/promises";
import { workerPod } from "../core/support.ts";
import { renewPlugin, replacingPlugin, signalPlugin } from "./plugin.ts";
import { assertWebAnswers, newClosure, type Scene, untilGone } from "./scene.ts";
import { survival } from "./survival.ts";

const STANDSTILL_MS = 20_000;
const OUTAGE_MS = 5000;
const CROWD = 8;
const CROWD_BYTES = 4 * 2 ** 20;
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
    disturb: async ({ context, node }) => {
      const { namespace, progress, signal } = context;
      const { root } = await newClosure(context);
      await signalPlugin(node, "STOP");
      try {
        await namespace.apply(workerPod("waiting", root, node.name));
        await progress.step("nothing answers", () => sleep(STANDSTILL_MS, undefined, { signal }));
      } finally {
        await signalPlugin(node, "CONT");
      }
      await progress.step("the pod starts when it goes on", () => namespace.ready("waiting"));
    },
  }),
  survival({
    name: "kill -9 of the kubelet: what was deleted and created meanwhile goes and comes when it is back",
    nodeNumber: 3,
    disturb: async (scene) => {
      const { node } = scene;
      await missingDaemon(scene, async () => {
        await node.kill("kubelet");
        return async () => node.start("kubelet");
      });
    },
  }),
  survival({
    name: "kill -9 of containerd: what was deleted and created meanwhile goes and comes when it is back",
    nodeNumber: 3,
    disturb: async (scene) => {
      const { node } = scene;
      await missingDaemon(scene, async () => {
        await node.kill("containerd");
        return async () => node.start("containerd");
      });
    },
  }),
];

async function killWhilePodsStart({ context, node }: Scene): Promise<void> {
  const { namespace, progress, cache, signal } = context;
  const names = Array.from({ length: CROWD }, (_, index) => `crowd-${index}`);
  // Slow enough that the first kill comes in the middle of the fetches.
  cache.setFaults({ path: /\.nar/, bytesPerSecond: CROWD_BYTES });
  for (const name of names) {
    const { root } = await newClosure(context, CROWD_BYTES);
    await namespace.apply(workerPod(name, root, node.name));
  }
  await sleep(1000, undefined, { signal });
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

/** A pod goes and a pod comes while a daemon of the node is down. @param stop returns what starts it again */
async function missingDaemon(scene: Scene, stop: () => Promise<() => Promise<void>>): Promise<void> {
  const { context, node } = scene;
  const { namespace, closures, progress, signal } = context;
  await namespace.apply(workerPod("leaving", closures.hello.root, node.name));
  await namespace.apply(workerPod("parting", closures.worker.root, node.name));
  await namespace.ready("parting");
  const start = await stop();
  try {
    await namespace.run(["delete", "pod", "leaving", "parting", "--wait=false"]);
    await namespace.apply(workerPod("arriving", closures.worker.root, node.name));
    await progress.step("it is down", () => sleep(OUTAGE_MS, undefined, { signal }));
    await assertWebAnswers(scene);
  } finally {
    await start();
  }
  await progress.step("what came meanwhile starts", () => namespace.ready("arriving"));
  await progress.step("what went is gone", () => untilGone(context, "leaving", "parting"));
}
