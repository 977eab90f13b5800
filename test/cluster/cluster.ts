import { existsSync, mkdirSync } from "node:fs";
import { NiphasError } from "@niphas/core";
import { type CommandResult, freePort, runCommand } from "@niphas/testing";
import { bringUp } from "./bring-up.ts";
import { type ClusterMachines, clusterMachines } from "./cluster-machines.ts";
import type { ClusterNode } from "./node/cluster-node.ts";
import { ClusterLock } from "./state/cluster-lock.ts";
import { type ClusterState, requireState, writeState } from "./state/cluster-state.ts";
import { type ClusterStatus, controlStatus, nodeStatus } from "./state/cluster-status.ts";
import { ClusterLayout } from "./state/layout.ts";
import { removeCluster } from "./take-down.ts";
import { together } from "./together.ts";
import { clusterTools } from "./tools/tools.ts";

export interface ClusterOptions {
  /** Several clusters can be up at once under different names. @default "niphas" */
  readonly name?: string;
}

export interface UpOptions extends ClusterOptions {
  /** 0 gives the control plane alone. @default 3 */
  readonly nodes?: number;
  /** The binary with all Kubernetes programs; default: that of the set-up. */
  readonly kubernetesBinary?: string;
  readonly signal?: AbortSignal;
  /** Called with a line for a person at each step. */
  readonly onProgress?: (line: string) => void;
}

export type RemoveOptions = ClusterOptions & Pick<UpOptions, "onProgress">;

export interface KubectlOptions {
  readonly input?: string;
  /** @default 120_000 */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Throw when it ends with another code than 0. @default false */
  readonly check?: boolean;
}

const DEFAULT_NODES = 3;
const WAITING = "another up or down of this cluster is at work; waiting for it";

/** A Kubernetes cluster of real components on this machine, in namespaces of its own. Needs root. */
export class Cluster {
  readonly name: string;
  readonly nodes: readonly ClusterNode[];
  readonly #layout: ClusterLayout;
  readonly #state: ClusterState;
  readonly #machines: ClusterMachines;

  private constructor(layout: ClusterLayout, state: ClusterState) {
    this.name = layout.name;
    this.#layout = layout;
    this.#state = state;
    this.#machines = clusterMachines(layout, state);
    this.nodes = this.#machines.nodes;
  }

  /**
   * Makes a new cluster; an older one of the same name, or what is left of it, is removed first. A failure leaves nothing.
   * @throws NiphasError InvalidConfiguration when this machine lacks something, CommandFailed when a component does not start
   */
  static async up(options: UpOptions = {}): Promise<Cluster> {
    const { signal, nodes = DEFAULT_NODES, onProgress: report = () => undefined } = options;
    const layout = new ClusterLayout(options.name);
    const tools = clusterTools(process.env, options.kubernetesBinary);
    using _lock = await ClusterLock.acquire(layout, () => report(WAITING), signal);
    await removeCluster(layout, signal);
    mkdirSync(layout.directory, { recursive: true, mode: 0o755 });
    const state: ClusterState = { phase: "starting", nodes, apiPort: await freePort(), tools };
    try {
      writeState(layout, state);
      const cluster = new Cluster(layout, state);
      await together(signal, (either, add) =>
        bringUp({ layout, state, machines: cluster.#machines, report, signal: either, add }),
      );
      writeState(layout, { ...state, phase: "ready" });
      return cluster;
    } catch (error) {
      // Why it did not come up matters more than what keeps its remains.
      await removeCluster(layout).catch((left: unknown) => report(`not all of it could be removed: ${String(left)}`));
      throw error;
    }
  }

  /** A cluster that is up already, whoever made it. @throws NiphasError PathNotFound when there is none */
  static async attach(options: ClusterOptions = {}): Promise<Cluster> {
    const layout = new ClusterLayout(options.name);
    return new Cluster(layout, requireState(layout));
  }

  /** Removes all of it. */
  async down(signal?: AbortSignal): Promise<void> {
    await Cluster.remove(this, signal);
  }

  /** Removes a cluster of which nothing more is known than its name; that there is none is no error. */
  static async remove(options: RemoveOptions = {}, signal?: AbortSignal): Promise<void> {
    const layout = new ClusterLayout(options.name);
    using _lock = await ClusterLock.acquire(layout, () => options.onProgress?.(WAITING), signal);
    await removeCluster(layout, signal);
  }

  /** What runs and what does not, as seen from the host. */
  status(): ClusterStatus {
    return {
      name: this.name,
      phase: this.#state.phase,
      server: `https://127.0.0.1:${this.#state.apiPort}`,
      kubeconfigFile: this.kubeconfigFile,
      machines: [controlStatus(this.#machines.control), ...this.#machines.nodeMachines.map(nodeStatus)],
    };
  }

  /** For the host, and for processes in the control network: the API server at 127.0.0.1. */
  get kubeconfigFile(): string {
    return this.#layout.kubeconfigFile;
  }

  /** For processes in the cluster's networks: the API server at 172.30.0.1. */
  get internalKubeconfigFile(): string {
    return this.#layout.internalKubeconfigFile;
  }

  /** Runs kubectl on the host as the cluster's administrator. */
  kubectl(argv: readonly string[], options: KubectlOptions = {}): Promise<CommandResult> {
    const { check = false, ...rest } = options;
    return runCommand(this.kubectlCommand(argv), { ...rest, env: this.kubectlEnvironment, allowFailure: !check });
  }

  /** The command that {@link kubectl} runs; its environment is {@link kubectlEnvironment}. */
  kubectlCommand(argv: readonly string[]): readonly string[] {
    return [this.#state.tools.kubernetesBinary, "kubectl", ...argv];
  }

  get kubectlEnvironment(): NodeJS.ProcessEnv {
    return { ...process.env, KUBECONFIG: this.kubeconfigFile, KUBECACHEDIR: this.#layout.kubectlCacheDirectory };
  }

  /** Imports an OCI archive into the nodes' containerd. @throws NiphasError PathNotFound when there is no such file */
  async loadImage(
    file: string,
    options: { readonly nodes?: readonly ClusterNode[]; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    if (!existsSync(file)) throw new NiphasError("PathNotFound", `there is no file ${file}`);
    await Promise.all((options.nodes ?? this.nodes).map((node) => node.loadImage(file, options.signal)));
  }

  /**
   * The command that runs `argv` on the host's files, but in the network where nodes and pods reach it at 172.30.0.1.
   */
  controlNetworkCommand(argv: readonly string[]): readonly string[] {
    return this.#machines.control.networkCommand(argv);
  }
}
