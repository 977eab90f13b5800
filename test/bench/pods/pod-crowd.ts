import { setTimeout as sleep } from "node:timers/promises";
import { type KubeClient, type KubeObject, resource } from "@niphas/kube";
import { waitUntil } from "@niphas/testing";
import type { PodsContext } from "./context.ts";
import { podOf, type Side } from "./sides.ts";

interface PodObject extends KubeObject {
  readonly status?: {
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly ready?: boolean }[];
  };
}

const PODS = resource<PodObject>("v1/pods", { kind: "Pod", isNamespaced: true });
const NAMESPACE = "default";
const LIMITS = { timeoutMs: 300_000, intervalMs: 200 };
/** A sandbox and a container. */
const TASKS_PER_POD = 2;
/** The kubelet still cleans up after a pod that the API server has forgotten. */
const QUIET_MS = 1500;
let count = 0;

/** Pods of one side that were created together and run. */
export class PodCrowd implements AsyncDisposable {
  /** From before the first was created until the last one's program ran. */
  readonly startMs: number;
  /** Without `containerd://`. */
  readonly containerIds: readonly string[];
  readonly #context: PodsContext;
  readonly #names: readonly string[];

  private constructor(
    context: PodsContext,
    init: { readonly names: readonly string[]; readonly containerIds: readonly string[]; readonly startMs: number },
  ) {
    this.#context = context;
    this.#names = init.names;
    this.containerIds = init.containerIds;
    this.startMs = init.startMs;
  }

  static async start(context: PodsContext, side: Side, size: number): Promise<PodCrowd> {
    const { client, taskStarts, control, closure } = context;
    const names = Array.from({ length: size }, () => `${side}-${count++}`);
    const countBefore = taskStarts.count;
    const createdAtMs = Date.now();
    await Promise.all(names.map(async (name) => client.create(PODS, podOf(side, name, closure.root), control.signal)));
    await taskStarts.untilCount(countBefore + TASKS_PER_POD * size, control.signal);
    const containerIds = await untilContainersAreKnown(client, names, control.signal);
    const startMs = Math.max(...containerIds.map((id) => taskStarts.startOf(id))) - createdAtMs;
    return new PodCrowd(context, { names, containerIds, startMs });
  }

  /** Deletes the pods and waits until nothing is left of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { client, control } = this.#context;
    await Promise.all(
      this.#names.map(async (name) => client.delete(PODS, { name, namespace: NAMESPACE }, {}, control.signal)),
    );
    const areGone = async (): Promise<boolean> => (await podsNamed(client, this.#names, control.signal)).length === 0;
    await waitUntil("pods to be gone", areGone, LIMITS);
    await sleep(QUIET_MS, undefined, { signal: control.signal });
  }
}

async function untilContainersAreKnown(
  client: KubeClient,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const containers = async (): Promise<readonly string[] | false> => {
    const pods = await podsNamed(client, names, signal);
    const ready = pods.flatMap(({ status }) => status?.containerStatuses ?? []).filter((each) => each.ready === true);
    const ids = ready.map(({ containerID = "" }) => containerID.replace("containerd://", ""));
    return ids.length === names.length && ids;
  };
  return waitUntil("pods to be ready", containers, LIMITS);
}

async function podsNamed(
  client: KubeClient,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly PodObject[]> {
  const { items } = await client.list(PODS, { namespace: NAMESPACE }, signal);
  return items.filter(({ metadata }) => names.includes(metadata.name));
}
