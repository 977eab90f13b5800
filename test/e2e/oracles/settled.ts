import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../cluster/index.ts";
import { formatDuration } from "../framework/console-progress.ts";
import type { CaseProgress } from "../framework/story.ts";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { parsePodList } from "../kubernetes/objects.ts";
import { readNodeState } from "./node-state.ts";
import { faultsOfNode } from "./staleness.ts";

export interface SettledInit {
  readonly cluster: Pick<Cluster, "nodes">;
  readonly kubectl: Kubectl;
  readonly progress: CaseProgress;
  readonly signal: AbortSignal;
}

/** Longer than one interval of the janitor. */
export const SETTLE_TIMEOUT_MS = 90_000;
/** Settling that takes longer is worth a line. */
const SLOW_MS = 5_000;
const POLL_MS = 500;

/**
 * Compares every node with the pods that the cluster has, until all is in line. The kubelet and the janitor clean up in
 * their own time; what stays is a fault.
 * @returns what is stale or missing after {@link SETTLE_TIMEOUT_MS}, one line each
 */
export async function faultsAfterSettling(init: SettledInit): Promise<readonly string[]> {
  const { progress, signal } = init;
  const startedAtMs = Date.now();
  let atFirst: readonly string[] | undefined;
  for (;;) {
    const faults = await faultsOfNodes(init);
    const waitedMs = Date.now() - startedAtMs;
    if (faults.length > 0 && waitedMs < SETTLE_TIMEOUT_MS) {
      atFirst ??= faults;
      await sleep(POLL_MS, undefined, { signal });
      continue;
    }
    if (waitedMs > SLOW_MS) progress.note(`after ${formatDuration(waitedMs)} gone: ${atFirst?.join("; ")}`);
    return faults;
  }
}

async function faultsOfNodes({ cluster, kubectl }: SettledInit): Promise<readonly string[]> {
  const pods = await kubectl.json(["get", "pods", "--all-namespaces"], parsePodList);
  return cluster.nodes.flatMap((node) => faultsOfNode(readNodeState(node), pods));
}
