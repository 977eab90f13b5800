import { isNodeReady, type KubeClient, NODES, type Node } from "@niphas/kube";

/** What can be done about each of some nodes; those that no longer exist are left out. */
export interface NodeStates {
  readonly ready: readonly string[];
  /** Their kubelets do not answer, so that no pod ends or starts there. */
  readonly unready: readonly string[];
}

export async function nodeStates(
  client: KubeClient,
  nodeNames: readonly string[],
  signal: AbortSignal,
): Promise<NodeStates> {
  const wanted = new Set(nodeNames);
  const trim = ({ metadata: { name }, status }: Node): Node | undefined =>
    wanted.has(name) ? { metadata: { name }, status: { conditions: status?.conditions ?? [] } } : undefined;
  const { items } = await client.list(NODES, { trim }, signal);
  const names = (isReady: boolean): readonly string[] =>
    items.filter((node) => isNodeReady(node) === isReady).map(({ metadata }) => metadata.name);
  return { ready: names(true), unready: names(false) };
}
