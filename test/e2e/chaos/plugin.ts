import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterNode } from "../../cluster/index.ts";
import { parsePodList } from "../kubernetes/objects.ts";
import type { CaseContext } from "../world/context.ts";
import { SYSTEM_NAMESPACE } from "../world/helm-release.ts";
import { containersOf, processOf } from "./runtime.ts";

const CONTAINER = "plugin";
const SELECTOR = ["--namespace", SYSTEM_NAMESPACE, "--selector", "app.kubernetes.io/component=node"];
const POLL_MS = 300;
const READY_TIMEOUT_MS = 120_000;

/** The running container of the plugin, as the runtime knows it. */
export async function pluginContainer(node: ClusterNode): Promise<{ readonly id: string; readonly pid: number }> {
  const container = (await containersOf(node)).find((each) => each.isRunning && each.container === CONTAINER);
  if (container === undefined) throw new Error(`no plugin runs on ${node.name}`);
  return { id: container.id, pid: await processOf(node, container.id) };
}

/** Signals the plugin itself, not its children. */
export async function signalPlugin(node: ClusterNode, signal: "KILL" | "STOP" | "CONT"): Promise<void> {
  const { pid } = await pluginContainer(node);
  await node.exec(["kill", `-${signal}`, String(pid)], { check: true });
}

/** Waits until the kubelet calls the node's plugin ready and its socket is there. */
export async function untilPluginIsReady(context: CaseContext, node: ClusterNode): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await isReady(context, node))) {
    if (Date.now() > deadline) throw new Error(`the plugin on ${node.name} is not ready`);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

/** `<pod>/<restarts>` of the node's plugin; another text means another process. */
export async function pluginIncarnation({ kubectl }: CaseContext, node: ClusterNode): Promise<string> {
  const pods = await kubectl.json(["get", "pods", ...SELECTOR], parsePodList);
  const pod = pods.find((each) => each.nodeName === node.name && !each.isTerminating);
  return pod === undefined ? "" : `${pod.uid}/${pod.restarts}`;
}

/** Waits until another process than `before` is ready. */
export async function untilPluginIsBack(context: CaseContext, node: ClusterNode, before: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while ((await pluginIncarnation(context, node)) === before) {
    if (Date.now() > deadline) throw new Error(`the plugin on ${node.name} was not started again`);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
  await untilPluginIsReady(context, node);
}

/** Ends the plugin by `action` and waits until the next one is ready. */
export async function replacingPlugin(
  context: CaseContext,
  node: ClusterNode,
  action: () => Promise<unknown>,
): Promise<void> {
  const before = await pluginIncarnation(context, node);
  await action();
  await untilPluginIsBack(context, node, before);
}

/** A new pod for the plugin, so that the kubelet's waiting time for containers that end often begins anew. */
export async function renewPlugin(context: CaseContext, node: ClusterNode): Promise<void> {
  await replacingPlugin(context, node, async () => {
    const pods = await context.kubectl.json(["get", "pods", ...SELECTOR], parsePodList);
    const pod = pods.find((each) => each.nodeName === node.name);
    if (pod !== undefined) await context.kubectl.run(["--namespace", SYSTEM_NAMESPACE, "delete", "pod", pod.name]);
  });
}

async function isReady({ kubectl }: CaseContext, node: ClusterNode): Promise<boolean> {
  const pods = await kubectl.json(["get", "pods", ...SELECTOR], parsePodList);
  return pods.some((pod) => pod.nodeName === node.name && pod.isReady && !pod.isTerminating);
}
