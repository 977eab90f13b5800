import { waitUntil } from "@niphas/testing";
import type { ClusterNode } from "../../cluster/index.ts";
import { type Pod, parsePodList } from "../kubernetes/objects.ts";
import type { CaseContext } from "../world/context.ts";
import { SYSTEM_NAMESPACE } from "../world/helm-release.ts";
import { runningContainer, signalContainer } from "./runtime.ts";

const CONTAINER = "plugin";
const SELECTOR = ["--namespace", SYSTEM_NAMESPACE, "--selector", "app.kubernetes.io/component=node"];
const LIMITS = { timeoutMs: 180_000, intervalMs: 300 };

/** The running container of the plugin, as the runtime knows it. */
export async function pluginContainer(node: ClusterNode): Promise<{ readonly id: string; readonly pid: number }> {
  return runningContainer(node, CONTAINER);
}

/** Signals the plugin itself, not its children. */
export async function signalPlugin(node: ClusterNode, signal: "KILL" | "STOP" | "CONT"): Promise<void> {
  await signalContainer(node, CONTAINER, signal);
}

/** Waits until the kubelet calls the node's plugin ready. */
export async function untilPluginIsReady(context: CaseContext, node: ClusterNode): Promise<void> {
  const isReady = async (): Promise<boolean> => (await pluginPod(context, node))?.isReady === true;
  await waitUntil(`the plugin on ${node.name} to be ready`, isReady, LIMITS);
}

/** Ends the plugin by `action` and waits until another process is ready in its place. */
export async function replacingPlugin(
  context: CaseContext,
  node: ClusterNode,
  action: () => Promise<unknown>,
): Promise<void> {
  const before = incarnation(await pluginPod(context, node));
  await action();
  const isAnother = async (): Promise<boolean> => {
    const pod = await pluginPod(context, node);
    return pod?.isReady === true && incarnation(pod) !== before;
  };
  await waitUntil(`another plugin on ${node.name}`, isAnother, LIMITS);
}

/** A new pod for the plugin, so that the kubelet's waiting time for containers that end often begins anew. */
export async function renewPlugin(context: CaseContext, node: ClusterNode): Promise<void> {
  await replacingPlugin(context, node, async () => {
    const pod = await pluginPod(context, node);
    if (pod === undefined) throw new Error(`${node.name} has no pod of the plugin`);
    await context.kubectl.run(["--namespace", SYSTEM_NAMESPACE, "delete", "pod", pod.name]);
  });
}

/** One text for each process that the plugin's pods have had. */
function incarnation(pod: Pod | undefined): string {
  return pod === undefined ? "" : `${pod.uid}/${pod.containerIds.join()}`;
}

async function pluginPod({ kubectl }: CaseContext, node: ClusterNode): Promise<Pod | undefined> {
  const pods = await kubectl.json(["get", "pods", ...SELECTOR], parsePodList);
  return pods.find((pod) => pod.nodeName === node.name && !pod.isTerminating);
}
