import type { StatusReport, WhyReport } from "@niphas/mesh";
import { waitUntil } from "@niphas/testing";
import type { ClusterNode } from "../../cluster/index.ts";
import { signalContainer } from "../chaos/runtime.ts";
import { type Pod, parsePodList } from "../kubernetes/objects.ts";
import type { CaseContext } from "../world/context.ts";
import { SYSTEM_NAMESPACE } from "../world/helm-release.ts";

export const SYSTEM = ["--namespace", SYSTEM_NAMESPACE];

const CONTAINER = "mesh";
const SELECTOR = ["--selector", "app.kubernetes.io/component=node"];
/** Of the pods: the daemon's metrics, and the plugin's. */
const METRICS_PORTS = { mesh: 9813, plugin: 9809 } as const;
const LIMITS = { timeoutMs: 180_000, intervalMs: 500 };

/** The pod with the node's plugin and mesh daemon. */
export async function nodePod({ kubectl }: CaseContext, node: ClusterNode): Promise<Pod> {
  const pods = await kubectl.json([...SYSTEM, "get", "pods", ...SELECTOR], parsePodList);
  const pod = pods.find((each) => each.nodeName === node.name && !each.isTerminating);
  if (pod === undefined) throw new Error(`${node.name} has no pod of the plugin`);
  return pod;
}

/** What a command prints in the daemon's container. @throws with what it says when it fails */
export async function inDaemon(context: CaseContext, node: ClusterNode, argv: readonly string[]): Promise<string> {
  const { name } = await nodePod(context, node);
  return context.kubectl.run([...SYSTEM, "exec", name, "--container", CONTAINER, "--", ...argv]);
}

export async function statusOf(context: CaseContext, node: ClusterNode): Promise<StatusReport> {
  return JSON.parse(await inDaemon(context, node, ["niphas", "mesh", "status", "--json"]));
}

export async function whyOf(context: CaseContext, node: ClusterNode, path: string): Promise<WhyReport> {
  return JSON.parse(await inDaemon(context, node, ["niphas", "mesh", "why", path, "--json"]));
}

/** Waits until the daemon of each node is connected to those of all others. @returns their peer ids, by node */
export async function untilConnected(context: CaseContext): Promise<ReadonlyMap<string, string>> {
  const { nodes } = context.cluster;
  const peerIds = new Map<string, string>();
  for (const node of nodes) {
    const connected = async (): Promise<StatusReport | undefined> => {
      const status = await statusOf(context, node).catch(() => undefined);
      const count = status?.members.filter(({ state }) => state === "connected").length;
      return count === nodes.length - 1 ? status : undefined;
    };
    peerIds.set(node.name, (await waitUntil(`the mesh of ${node.name}`, connected, LIMITS)).peerId);
  }
  return peerIds;
}

/** Signals the daemon itself. */
export async function signalDaemon(node: ClusterNode, signal: "KILL" | "STOP" | "CONT"): Promise<void> {
  await signalContainer(node, CONTAINER, signal);
}

export type Metrics = ReadonlyMap<string, number>;

/** Samples of the daemon's or the plugin's metrics, by what stands before the value in Prometheus' text format. */
export async function metricsOf(
  context: CaseContext,
  node: ClusterNode,
  process: keyof typeof METRICS_PORTS = "mesh",
): Promise<Metrics> {
  const { podIp } = await nodePod(context, node);
  const { signal } = context;
  const response = await fetch(`http://${podIp}:${METRICS_PORTS[process]}/metrics`, { signal });
  const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
}

/** Of all nodes' metrics: the sum of those samples whose name and labels match. @throws when there are none */
export function sumOf(all: readonly Metrics[], sample: RegExp): number {
  const values = all.flatMap((metrics) => [...metrics].filter(([name]) => sample.test(name)).map(([, value]) => value));
  if (values.length === 0) throw new Error(`no metric is called ${sample}`);
  return values.reduce((sum, value) => sum + value, 0);
}
