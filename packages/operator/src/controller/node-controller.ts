import { isNiphasError, type NiphasError } from "@niphas/core";
import { CSI_NODES, type CsiNode, type KubeClient, NODES, type Node, Reflector, WorkQueue } from "@niphas/kube";
import { errorFields, type FailedCheck } from "@niphas/service";
import type { Logger } from "pino";
import { taintRemoval } from "./taint-patch.ts";

/** Hears what the controller does, for metrics. */
export interface ControllerObserver {
  taintRemoved(): void;
  failed(error: unknown): void;
}

export interface NodeControllerComponents {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly observer: ControllerObserver;
}

export interface NodeControllerInit {
  /** The CSI driver that must be registered on a node. */
  readonly driverName: string;
  /** Key of the taint that keeps pods off a node until then. */
  readonly taintKey: string;
}

/**
 * Takes the startup taint off each node whose kubelet has registered the driver. Works from the present state only: what
 * was missed does not matter, and a restart looks at every node. Never adds a taint: a plugin that goes away later does
 * not harm the pods that run, and others wait for it by themselves.
 */
export class NodeController {
  readonly #components: NodeControllerComponents;
  readonly #init: NodeControllerInit;
  readonly #nodes: Reflector<Node>;
  readonly #csiNodes: Reflector<CsiNode>;
  readonly #queue: WorkQueue;

  constructor(components: NodeControllerComponents, init: NodeControllerInit) {
    const { client } = components;
    this.#components = components;
    this.#init = init;
    const onChange = ({ key }: { readonly key: string }): void => this.#queue.add(key);
    this.#nodes = new Reflector<Node>(
      { client },
      { resource: NODES, trim: trimNode, onChange, onFailure: (error) => this.#watchFailed("nodes", error) },
    );
    this.#csiNodes = new Reflector<CsiNode>(
      { client },
      { resource: CSI_NODES, onChange, onFailure: (error) => this.#watchFailed("csinodes", error) },
    );
    this.#queue = new WorkQueue({
      work: async (name, signal) => this.#reconcile(name, signal),
      onFailure: (name, error) => this.#reconcileFailed(name, error),
    });
  }

  /** Works until the signal aborts, then waits for what is under way. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#nodes.run(signal), this.#csiNodes.run(signal)]);
    await this.#queue.stop();
  }

  /** What keeps it from knowing the present state, by resource; empty when nothing does. */
  get blindness(): readonly FailedCheck[] {
    const reflectors = [
      { name: "nodes", reflector: this.#nodes },
      { name: "csinodes", reflector: this.#csiNodes },
    ];
    return reflectors.flatMap(({ name, reflector: { failure, isSynced } }) => {
      if (failure !== undefined) return [{ name, reason: failure.message }];
      return isSynced ? [] : [{ name, reason: "not listed yet" }];
    });
  }

  /** Nodes that have the taint now. */
  get taintedCount(): number {
    return [...this.#nodes.objects.values()].filter((node) => taintRemoval(node, this.#init.taintKey).length > 0)
      .length;
  }

  /** Nodes to be looked at. */
  get queueSize(): number {
    return this.#queue.size;
  }

  /** How long the longest work on a node takes. Every call has a deadline, so much more than that is a fault here. */
  get longestRunMs(): number {
    return this.#queue.longestRunMs;
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<void> {
    const node = this.#nodes.objects.get(name);
    const csiNode = this.#csiNodes.objects.get(name);
    if (node === undefined || csiNode === undefined || !this.#isRegistered(node, csiNode)) return;
    const operations = taintRemoval(node, this.#init.taintKey);
    if (operations.length === 0) return;
    const { client, logger, observer } = this.#components;
    try {
      await client.patch(NODES, { name }, { type: "json", operations }, signal);
    } catch (error) {
      if (isNiphasError(error) && error.code === "ApiNotFound") return;
      throw error;
    }
    observer.taintRemoved();
    logger.info({ node: name, taint: this.#init.taintKey }, "startup taint removed: the driver is registered");
  }

  /** A CSINode that outlived its node says nothing about the next node of that name. */
  #isRegistered(node: Node, csiNode: CsiNode): boolean {
    const owner = csiNode.metadata.ownerReferences?.find(({ kind }) => kind === "Node");
    if (owner !== undefined && owner.uid !== node.metadata.uid) return false;
    return (csiNode.spec?.drivers ?? []).some(({ name }) => name === this.#init.driverName);
  }

  #reconcileFailed(name: string, error: unknown): void {
    this.#components.observer.failed(error);
    this.#components.logger.warn({ node: name, ...errorFields(error) }, "startup taint not removed yet; trying again");
  }

  #watchFailed(resource: string, error: NiphasError): void {
    this.#components.observer.failed(error);
    this.#components.logger.warn({ resource, ...errorFields(error) }, "cannot follow the API server; trying again");
  }
}

/** Nodes carry lists of images and conditions that would fill the memory of a small pod. */
function trimNode({ metadata: { name, uid, resourceVersion }, spec }: Node): Node {
  const { taints } = spec ?? {};
  return {
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    ...(taints === undefined ? {} : { spec: { taints } }),
  };
}
