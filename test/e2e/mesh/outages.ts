import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "@niphas/testing";
import type { ClusterNode } from "../../cluster/index.ts";
import { WORKER } from "../closures/closure-source.ts";
import { workerPod } from "../core/support.ts";
import type { Case } from "../framework/story.ts";
import { STATE_DIR } from "../oracles/node-state.ts";
import { type CaseContext, nodeOf } from "../world/context.ts";
import { nodePod, SYSTEM, signalDaemon, untilConnected } from "./daemons.ts";

const LIMITS = { timeoutMs: 120_000, intervalMs: 500 };
const KEY_FILE = join(STATE_DIR, "mesh/peer.key");

/** A node whose daemon is away starts pods as if there were no mesh. */
export const outageCases: readonly Case<CaseContext>[] = [
  {
    name: "kill -9 of a mesh daemon: pods with new closures start there, and it is the same member when it is back",
    run: async (context) => {
      const node = nodeOf(context, 2);
      const before = await untilConnected(context);
      await signalDaemon(node, "KILL");
      await assertNewClosureStarts(context, node, "after-kill");
      await context.progress.step("all are connected again", async () =>
        assert.deepEqual(await untilConnected(context), before),
      );
    },
  },
  {
    name: "SIGSTOP of a mesh daemon: pods with new closures start there, and on nodes that count on it",
    run: async (context) => {
      const node = nodeOf(context, 2);
      await signalDaemon(node, "STOP");
      try {
        await assertNewClosureStarts(context, node, "frozen");
        await assertNewClosureStarts(context, nodeOf(context, 3), "frozen-elsewhere");
      } finally {
        await signalDaemon(node, "CONT");
      }
      await context.progress.step("all are connected again", () => untilConnected(context));
    },
  },
  {
    name: "a mesh daemon that cannot start: the plugin beside it runs on, and pods with new closures start there",
    timeoutMs: 420_000,
    run: runCrashLoop,
  },
  {
    name: "a new pod of the plugin and the mesh is the same member as the old one",
    run: async (context) => {
      const node = nodeOf(context, 1);
      const before = await untilConnected(context);
      await context.progress.step("another pod is ready", () => renewPod(context, node));
      await context.progress.step("all are connected again", async () =>
        assert.deepEqual(await untilConnected(context), before),
      );
    },
  },
];

async function assertNewClosureStarts(context: CaseContext, node: ClusterNode, name: string): Promise<void> {
  const { namespace, closures, progress } = context;
  const { root } = await closures.add({ name, script: WORKER, dataBytes: 2 ** 20 });
  await namespace.apply(workerPod(name, root, node.name));
  await progress.step(`a pod with a new closure starts on ${node.name}`, () => namespace.ready(name));
}

async function runCrashLoop(context: CaseContext): Promise<void> {
  const { progress } = context;
  const node = nodeOf(context, 3);
  writeFileSync(node.hostPath(KEY_FILE), "no key");
  try {
    await signalDaemon(node, "KILL");
    const isWaiting = async (): Promise<boolean> => (await reasonOf(context, node, "mesh")) === "CrashLoopBackOff";
    await progress.step("the kubelet waits to start it again", () =>
      waitUntil("the mesh to be in CrashLoopBackOff", isWaiting, LIMITS),
    );
    await assertNewClosureStarts(context, node, "alone");
    assert.equal(await reasonOf(context, node, "plugin"), "", "the plugin does not run");
  } finally {
    // Without its key it makes another one.
    rmSync(node.hostPath(KEY_FILE));
  }
  await progress.step("another pod is ready", () => renewPod(context, node));
  await progress.step("all are connected again", () => untilConnected(context));
}

/** Why a container does not run; empty when it does. */
async function reasonOf(context: CaseContext, node: ClusterNode, container: string): Promise<string> {
  const { name } = await nodePod(context, node);
  const path = `{.status.containerStatuses[?(@.name=="${container}")].state.waiting.reason}`;
  return context.kubectl.run([...SYSTEM, "get", "pod", name, "--output", `jsonpath=${path}`]);
}

async function renewPod(context: CaseContext, node: ClusterNode): Promise<void> {
  const before = await nodePod(context, node);
  await context.kubectl.run([...SYSTEM, "delete", "pod", before.name]);
  const isAnother = async (): Promise<boolean> => {
    const pod = await nodePod(context, node).catch(() => undefined);
    return pod?.isReady === true && pod.uid !== before.uid;
  };
  await waitUntil(`another pod on ${node.name}`, isAnother, LIMITS);
}
