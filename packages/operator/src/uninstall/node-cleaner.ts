import { isNiphasError } from "@niphas/core";
import { type KubeClient, PODS, type Pod } from "@niphas/kube";
import { CLEANING_SELECTOR, cleaningMessage, cleaningPod, cleaningPodName } from "./cleaning-pod.ts";
import type { UninstallOptions } from "./options.ts";
import { poll } from "./poll.ts";
import { isNotFound, type UninstallPlan } from "./uninstall-plan.ts";

export interface NodeCleanerComponents {
  readonly client: KubeClient;
  readonly report: (line: string) => void;
}

export interface CleaningResult {
  readonly cleaned: readonly string[];
  /** By node: what is in the way. */
  readonly failed: ReadonlyMap<string, string>;
}

const REMOVAL_TIMEOUT_MS = 10_000;

/** Runs one cleaning pod on each of some nodes, all at once, and takes the pods away afterwards. */
export class NodeCleaner {
  readonly #components: NodeCleanerComponents;
  readonly #options: UninstallOptions;
  readonly #plan: UninstallPlan;
  readonly #intervalMs: number;
  readonly #pending: Set<string>;
  readonly #cleaned: string[] = [];
  readonly #failed = new Map<string, string>();
  /** The latest word of each pod that has not ended. */
  readonly #waiting = new Map<string, string>();
  /** Pods of this attempt. Others are replaced: they were told something else, or have cleaned before a plugin came back. */
  readonly #ownUids = new Set<string>();

  constructor(
    components: NodeCleanerComponents,
    init: {
      readonly options: UninstallOptions;
      readonly plan: UninstallPlan;
      readonly nodeNames: readonly string[];
      readonly intervalMs: number;
    },
  ) {
    this.#components = components;
    this.#options = init.options;
    this.#plan = init.plan;
    this.#intervalMs = init.intervalMs;
    this.#pending = new Set(init.nodeNames);
  }

  /** Ends when each node is cleaned or has failed, or the deadline comes: then the others have failed too. */
  async run(deadline: AbortSignal): Promise<CleaningResult> {
    try {
      await poll(async () => this.#step(deadline), { intervalMs: this.#intervalMs, signal: deadline });
    } catch (error) {
      if (!deadline.aborted) throw error;
      for (const name of this.#pending) this.#failed.set(name, this.#waiting.get(name) ?? "its pod has not started");
    } finally {
      await this.#removePods();
    }
    return { cleaned: this.#cleaned, failed: this.#failed };
  }

  /** @returns true when nothing is pending */
  async #step(signal: AbortSignal): Promise<true | undefined> {
    if (this.#pending.size === 0) return true;
    const pods = await this.#listPods(signal);
    for (const nodeName of this.#pending) await this.#advance(nodeName, pods.get(cleaningPodName(nodeName)), signal);
    return this.#pending.size === 0 ? true : undefined;
  }

  async #advance(nodeName: string, pod: Pod | undefined, signal: AbortSignal): Promise<void> {
    if (pod === undefined) return this.#create(nodeName, signal);
    const { deletionTimestamp, uid = "" } = pod.metadata;
    if (deletionTimestamp !== undefined) return;
    if (!this.#ownUids.has(uid)) return this.#delete(pod, signal);
    this.#take(nodeName, pod);
  }

  #take(nodeName: string, pod: Pod): void {
    const phase = pod.status?.phase;
    const message = cleaningMessage(pod);
    if (phase !== "Succeeded" && phase !== "Failed") {
      this.#waiting.set(nodeName, message);
      return;
    }
    this.#pending.delete(nodeName);
    if (phase === "Failed") {
      this.#failed.set(nodeName, message);
    } else {
      this.#cleaned.push(nodeName);
      this.#components.report(`${nodeName}: ${message}`);
    }
  }

  async #create(nodeName: string, signal: AbortSignal): Promise<void> {
    try {
      const created = await this.#components.client.create(
        PODS,
        cleaningPod(nodeName, this.#options, this.#plan),
        signal,
      );
      this.#ownUids.add(created.metadata.uid ?? "");
    } catch (error) {
      // It has appeared since it was looked for, or is still on its way out.
      if (!isNiphasError(error) || error.code !== "ApiConflict") throw error;
    }
  }

  async #listPods(signal: AbortSignal): Promise<ReadonlyMap<string, Pod>> {
    const selection = { namespace: this.#options.namespace, labelSelector: CLEANING_SELECTOR };
    const { items } = await this.#components.client.list(PODS, selection, signal);
    return new Map(items.map((pod) => [pod.metadata.name, pod]));
  }

  /** Also after the deadline: privileged pods must not stay behind. Each ends by itself if this fails. */
  async #removePods(): Promise<void> {
    const signal = AbortSignal.timeout(REMOVAL_TIMEOUT_MS);
    try {
      for (const pod of (await this.#listPods(signal)).values()) await this.#delete(pod, signal);
    } catch (error) {
      const reason = error instanceof Error ? error.message : "";
      this.#components.report(`the pods that clean nodes could not be removed: ${reason}`);
    }
  }

  async #delete({ metadata: { name, uid } }: Pod, signal: AbortSignal): Promise<void> {
    const { namespace } = this.#options;
    try {
      const options = uid === undefined ? {} : { uid };
      await this.#components.client.delete(PODS, { name, namespace }, options, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
