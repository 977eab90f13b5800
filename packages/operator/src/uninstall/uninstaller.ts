import { isNiphasError, NiphasError } from "@niphas/core";
import { DAEMON_SETS, type DaemonSet, type KubeClient, PODS } from "@niphas/kube";
import { cleanNodeArguments } from "./cleaning-pod.ts";
import { removeMeshLeases } from "./mesh-leases.ts";
import { NodeCleaner } from "./node-cleaner.ts";
import { type NodeStates, nodeStates } from "./node-states.ts";
import type { UninstallOptions } from "./options.ts";
import { poll } from "./poll.ts";
import { refuseWhileUsed } from "./refuse-while-used.ts";
import { isNotFound, makePlan, PlanStore, type UninstallPlan } from "./uninstall-plan.ts";

export interface UninstallerComponents {
  readonly client: KubeClient;
  /** Lines for the person who uninstalls. */
  readonly report: (line: string) => void;
}

export interface UninstallerInit extends UninstallOptions {
  /** How often it looks whether pods have come or gone. @default 1000 */
  readonly pollIntervalMs?: number;
}

const DEFAULT_POLL_INTERVAL_MS = 1000;

/**
 * Takes the node plugin and its traces off the cluster: refuses while pods use its volumes, deletes the DaemonSet, then
 * cleans each node on which it has run. May be cut off at any point and run again.
 */
export class Uninstaller {
  readonly #components: UninstallerComponents;
  readonly #options: UninstallOptions;
  readonly #plans: PlanStore;
  readonly #intervalMs: number;

  constructor(components: UninstallerComponents, init: UninstallerInit) {
    this.#components = components;
    this.#options = init;
    this.#plans = new PlanStore(components, init);
    this.#intervalMs = init.pollIntervalMs ?? DEFAULT_POLL_INTERVAL_MS;
  }

  /**
   * @throws NiphasError VolumesInUse when pods are in the way, and nothing has been changed; NodesNotCleaned when nodes
   * that work could not be cleaned, so that another run is worth it; Cancelled; what the API server says
   */
  async run(signal: AbortSignal): Promise<void> {
    const late = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      await this.#run(AbortSignal.any([signal, late]));
    } catch (error) {
      const isNamed = isNiphasError(error) && error.code !== "Cancelled";
      if (signal.aborted || !late.aborted || isNamed) throw error;
      throw new NiphasError("NodesNotCleaned", "the time is up; what is done stays done: run it again", {
        cause: error,
      });
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { client, report } = this.#components;
    const plan = await this.#removeDaemonSet(signal);
    if (plan === undefined) {
      report(`there is no DaemonSet ${this.#options.daemonSetName}, and nothing is left to clean`);
      return;
    }
    const nodes = await nodeStates(client, plan.nodeNames, signal);
    await this.#waitForPods(plan, nodes, signal);
    const leases = await removeMeshLeases(client, this.#options.namespace, signal);
    if (leases > 0) report(`Leases of the mesh deleted: ${leases}`);
    await this.#clean(plan, nodes, signal);
    await this.#plans.remove(signal);
    this.#reportUnready(nodes);
  }

  /** @returns what there is to clean; undefined when there is nothing, not even from an earlier run */
  async #removeDaemonSet(signal: AbortSignal): Promise<UninstallPlan | undefined> {
    const { client, report } = this.#components;
    const earlier = await this.#plans.load(signal);
    const daemonSet = await this.#daemonSet(signal);
    if (daemonSet === undefined) return earlier;
    const init = { options: this.#options, daemonSet, intervalMs: this.#intervalMs };
    await refuseWhileUsed(this.#components, init, signal);
    const plan = await makePlan(client, daemonSet, earlier, signal);
    await this.#plans.save(plan, signal);
    const { namespace, daemonSetName: name } = this.#options;
    const { uid } = daemonSet.metadata;
    // Not in the foreground: that waits for the pods of nodes that are down, for ever.
    const options = { propagationPolicy: "Background", ...(uid === undefined ? {} : { uid }) } as const;
    await client.delete(DAEMON_SETS, { name, namespace }, options, signal);
    report(`DaemonSet ${name} deleted; nodes to clean: ${plan.nodeNames.length}`);
    return plan;
  }

  async #daemonSet(signal: AbortSignal): Promise<DaemonSet | undefined> {
    const { namespace, daemonSetName: name } = this.#options;
    try {
      return await this.#components.client.get(DAEMON_SETS, { namespace, name }, signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** A plugin that still runs would hold the state directory. */
  async #waitForPods({ podSelector }: UninstallPlan, { ready }: NodeStates, signal: AbortSignal): Promise<void> {
    const selection = { namespace: this.#options.namespace, labelSelector: podSelector };
    const look = async (): Promise<true | undefined> => {
      const { items } = await this.#components.client.list(PODS, selection, signal);
      return items.some(({ spec }) => ready.includes(spec?.nodeName ?? "")) ? undefined : true;
    };
    await poll(look, { intervalMs: this.#intervalMs, signal });
  }

  async #clean(plan: UninstallPlan, { ready }: NodeStates, signal: AbortSignal): Promise<void> {
    const init = { options: this.#options, plan, nodeNames: ready, intervalMs: this.#intervalMs };
    const { cleaned, failed } = await new NodeCleaner(this.#components, init).run(signal);
    this.#components.report(`nodes cleaned: ${cleaned.length}`);
    if (failed.size === 0) return;
    for (const [nodeName, reason] of failed) this.#components.report(`${nodeName}: not cleaned: ${reason}`);
    throw new NiphasError(
      "NodesNotCleaned",
      `nodes that are not cleaned: ${[...failed.keys()].join(", ")}; run it again`,
    );
  }

  /** No reason to fail: such a node may never come back. */
  #reportUnready({ unready }: NodeStates): void {
    if (unready.length === 0) return;
    const command = ["niphas", ...cleanNodeArguments(this.#options)].join(" ");
    this.#components.report(`not cleaned, since their kubelets do not answer: ${unready.join(", ")}`);
    this.#components.report(`on each, once it is back, run as root with the program of the node image: ${command}`);
  }
}
