import assert from "node:assert/strict";
import type { ClusterNode } from "../../cluster/index.ts";
import { KUBELET_DIR } from "../oracles/node-state.ts";
import type { CaseContext } from "../world/context.ts";
import { SYSTEM_NAMESPACE } from "../world/helm-release.ts";
import { assertNewPodsStart, assertUnharmed, type Scene } from "./scene.ts";
import { survival } from "./survival.ts";

/** Seen by the plugin's container at the same path as on the node. */
const LIBRARY = `${KUBELET_DIR}/libfaketimeMT.so.1`;
const COPY_LIBRARY = `cp /usr/lib/*/faketime/libfaketimeMT.so.1 ${LIBRARY}`;
const MS_PER_DAY = 86_400_000;
const TOLERANCE_MS = MS_PER_DAY / 2;

/**
 * The plugin and its children live in another time; the machine's own clock is never touched. libfaketime answers for
 * the wall clock only: a wrong clock does not stop the monotonic one. https://github.com/wolfcw/libfaketime
 */
export const clockCases = [-400, 400].map((days) =>
  survival({
    name: `the plugins' clocks are ${Math.abs(days)} days ${days < 0 ? "slow" : "fast"}, and then right again`,
    nodeNumber: days < 0 ? 1 : 2,
    timeoutMs: 600_000,
    disturb: async (scene) => withClock(scene, days),
  }),
);

async function withClock(scene: Scene, days: number): Promise<void> {
  const { context } = scene;
  const { cluster, release, progress } = context;
  for (const node of cluster.nodes) await node.exec(["sh", "-c", COPY_LIBRARY], { check: true });
  const extraEnv = [
    { name: "LD_PRELOAD", value: LIBRARY },
    { name: "FAKETIME", value: `${days < 0 ? "" : "+"}${days}d` },
    { name: "DONT_FAKE_MONOTONIC", value: "1" },
  ];
  try {
    await progress.step("helm upgrade", () => release.install({ plugin: { extraEnv } }));
    await untilPluginsAreReplaced(context);
    await assertPluginsThinkItIs(context, Date.now() + days * MS_PER_DAY);
    await assertUnharmed(scene);
    await assertNewPodsStart(scene);
  } finally {
    await progress.step("helm upgrade, back to the right time", () => release.install());
    await untilPluginsAreReplaced(context);
    for (const node of cluster.nodes) await removeLibrary(node);
  }
  await assertPluginsThinkItIs(context, Date.now());
}

/** Helm is content as soon as one node at most is not ready. */
async function untilPluginsAreReplaced({ kubectl }: CaseContext): Promise<void> {
  await kubectl.run(["--namespace", SYSTEM_NAMESPACE, "rollout", "status", "daemonset/niphas-node", "--timeout=55s"]);
}

/** By the times of their log lines. */
async function assertPluginsThinkItIs({ kubectl, cluster }: CaseContext, expectedMs: number): Promise<void> {
  const selector = ["--selector", "app.kubernetes.io/component=node", "--tail=1"];
  const logs = await kubectl.run(["--namespace", SYSTEM_NAMESPACE, "logs", ...selector]);
  const times = [...logs.matchAll(/"time":"([^"]+)"/g)].map((match) => Date.parse(match[1] ?? ""));
  assert.ok(times.length >= cluster.nodes.length, `only ${times.length} plugins have logged anything`);
  for (const time of times) assert.ok(Math.abs(time - expectedMs) < TOLERANCE_MS, new Date(time).toISOString());
}

async function removeLibrary(node: ClusterNode): Promise<void> {
  await node.exec(["rm", "-f", LIBRARY]);
}
