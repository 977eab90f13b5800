import assert from "node:assert/strict";
import { waitUntil } from "@niphas/testing";
import type { Case } from "../framework/story.ts";
import { leftoversOf } from "../oracles/node-state.ts";
import type { CaseContext } from "../world/context.ts";
import { SYSTEM_NAMESPACE } from "../world/helm-release.ts";
import { registeredNodes } from "./foundation.ts";
import { assertInside, workerPod } from "./support.ts";

const SYSTEM = ["--namespace", SYSTEM_NAMESPACE];
const NAMESPACED = "all,serviceaccounts,roles,rolebindings,configmaps,secrets,networkpolicies,leases";
const CLUSTER_WIDE = "csidrivers,clusterroles,clusterrolebindings";
/** Kubernetes makes these in every namespace. */
const OF_EVERY_NAMESPACE = ["serviceaccount/default", "configmap/kube-root-ca.crt"];
const LIMITS = { timeoutMs: 60_000, intervalMs: 500 };

/** The end of a story that has installed the chart. */
export const cleanUninstallCase: Case<CaseContext> = {
  name: "helm uninstall with no pod left: every node is clean, and so is the cluster",
  run: async (context) => {
    const { exitCode, text } = await uninstall(context);
    assert.equal(exitCode, 0, text);
    await assertGone(context);
  },
};

export const uninstallCases: readonly Case<CaseContext>[] = [
  {
    name: "helm uninstall is refused while pods hold volumes: they are listed, an event says so, and they run on",
    run: async (context) => {
      const { namespace, closures, kubectl } = context;
      await namespace.apply(workerPod("holder", closures.worker.root));
      await namespace.ready("holder");
      const { exitCode, text } = await uninstall(context);
      assert.notEqual(exitCode, 0);
      assert.match(text, new RegExp(`${namespace.name}/holder on node-\\d`));
      const description = await kubectl.run([...SYSTEM, "describe", "daemonset", "niphas-node"]);
      assert.match(description, /UninstallRefused .* 1 pod still uses volumes of csi\.niphas\.io: .*\/holder on node-/);
      await assertInside(context, { pod: "holder", container: "main", closures: [closures.worker] });
    },
  },
  {
    name: "helm uninstall by force: every node is clean; a pod goes by force, another one when a plugin is back",
    timeoutMs: 420_000,
    run: uninstallByForce,
  },
  cleanUninstallCase,
];

async function uninstallByForce(context: CaseContext): Promise<void> {
  const { namespace, closures, kubectl, release, progress } = context;
  const names = ["abandoned", "patient"];
  for (const name of names) await namespace.apply(workerPod(name, closures.worker.root));
  for (const name of names) await namespace.ready(name);
  await kubectl.run([...SYSTEM, "annotate", "daemonset", "niphas-node", "niphas.io/force-uninstall=true"]);
  const { exitCode, text } = await uninstall(context);
  assert.equal(exitCode, 0, text);
  for (const name of names) assert.match(text, new RegExp(`${namespace.name}/${name} on node-`));
  await assertGone(context);
  await namespace.run(["delete", "pod", "abandoned", "--force", "--grace-period=0"]);
  await namespace.run(["delete", "pod", "patient", "--wait=false"]);
  await progress.step("helm install", () => release.install());
  await progress.step("the kubelet finishes with the other pod", () => namespace.without("pods"));
  await namespace.apply(workerPod("newcomer", closures.worker.root));
  await progress.step("a new pod starts", () => namespace.ready("newcomer"));
}

async function uninstall({ release, progress }: CaseContext): Promise<{ exitCode: number; text: string }> {
  const { exitCode, stdout, stderr } = await progress.step("helm uninstall", () => release.uninstall());
  const text = `${stdout}${stderr}`.trim();
  progress.note(text);
  return { exitCode, text };
}

/** Fails unless nothing of the platform is left, neither on a node nor in the cluster. */
async function assertGone(context: CaseContext): Promise<void> {
  const { kubectl, cluster } = context;
  assert.deepEqual(cluster.nodes.flatMap(leftoversOf), []);
  const ours = ["--selector", "app.kubernetes.io/name=niphas"];
  assert.equal(await kubectl.run(["get", CLUSTER_WIDE, ...ours, "--output", "name"]), "");
  const objects = (await kubectl.run([...SYSTEM, "get", NAMESPACED, "--output", "name"])).trim().split("\n");
  assert.deepEqual(
    objects.filter((name) => !OF_EVERY_NAMESPACE.includes(name)),
    [],
  );
  const isUnknown = async (): Promise<boolean> => (await registeredNodes(context)).length === 0;
  await waitUntil("the kubelets to forget the driver", isUnknown, LIMITS);
}
