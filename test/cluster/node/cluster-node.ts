import { existsSync } from "node:fs";
import type { CommandResult } from "@niphas/testing";
import { waitFor } from "../control-plane/readiness.ts";
import { daemonLog, isDaemonRunning, requireRunning, signalDaemon, startDaemon } from "../machine/daemons.ts";
import { MACHINE_ENVIRONMENT, type MachineHardware } from "../machine/hardware.ts";
import type { ExecOptions, Machine } from "../machine/machine.ts";
import { nodeAddress } from "../network/addresses.ts";
import { connectNode } from "../network/links.ts";
import { CONTAINERD_SOCKET, componentCommand, NODE_COMPONENTS, type NodeComponent } from "./components.ts";

export interface ClusterNodeInit {
  /** Counted from 1. */
  readonly index: number;
  /** How many nodes the cluster has. */
  readonly nodes: number;
  readonly machine: Machine;
  /** Where its cable ends. */
  readonly control: Machine;
  readonly hardware: MachineHardware;
}

const CONTAINERD_TIMEOUT_MS = 60_000;
const NAMESPACE = "k8s.io";
const LOAD_TIMEOUT_MS = 300_000;
const IMPORT = ["ctr", "--namespace", NAMESPACE, "images", "import", "-"];

/** One node: a machine with containerd, a kubelet and kube-proxy. */
export class ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly #init: ClusterNodeInit;

  constructor(init: ClusterNodeInit) {
    this.#init = init;
    this.name = init.machine.name;
    this.address = nodeAddress(init.index);
  }

  /** Its first process, by the host's numbers. @throws NiphasError StoreUnavailable when the node is off */
  get pid(): number {
    return this.#init.machine.requirePid();
  }

  /** Runs a command on the node: in all its namespaces, on its root file system. */
  exec(argv: readonly string[], options: ExecOptions = {}): Promise<CommandResult> {
    return this.#init.machine.exec(argv, options);
  }

  /**
   * The command that {@link exec} runs, for programs that go on, or with other input and output. Its environment is
   * {@link environment}.
   */
  command(argv: readonly string[]): readonly string[] {
    return this.#init.machine.command(argv);
  }

  get environment(): NodeJS.ProcessEnv {
    return MACHINE_ENVIRONMENT;
  }

  /** Where a file of the node is for the host. */
  hostPath(pathInNode: string): string {
    return this.#init.machine.hostPath(pathInNode);
  }

  /** On the host: the logs of containerd, kubelet and kube-proxy. */
  get logDirectory(): string {
    return this.#init.machine.logDirectory;
  }

  /** Signals a daemon, which nobody starts again; false when it does not run. */
  kill(component: NodeComponent, signal: NodeJS.Signals = "SIGKILL"): Promise<boolean> {
    return signalDaemon(this.#init.machine, component, signal);
  }

  /** Starts a daemon that does not run. */
  async start(component: NodeComponent, signal?: AbortSignal): Promise<void> {
    if (this.isRunning(component)) return;
    const command = componentCommand(component, this.#init.index);
    await startDaemon(this.#init.machine, component, command, { signal });
    if (component === "containerd") await this.#untilContainerdAnswers(signal);
  }

  isRunning(component: NodeComponent): boolean {
    return isDaemonRunning(this.#init.machine, component);
  }

  /** The end of a daemon's log. */
  log(component: NodeComponent): string {
    return daemonLog(this.#init.machine, component);
  }

  /** @throws NiphasError CommandFailed with the end of its log when a daemon has ended */
  checkDaemons(): void {
    requireRunning(this.#init.machine, NODE_COMPONENTS);
  }

  /** Switches the machine on and connects it; no daemon is started. */
  async switchOn(signal?: AbortSignal): Promise<void> {
    const { machine, control, hardware, index, nodes } = this.#init;
    await machine.start(hardware, signal);
    await connectNode(control, machine, index, nodes, signal);
  }

  /** Ends every process and mount at once; what is on disk stays. */
  async switchOff(signal?: AbortSignal): Promise<void> {
    await this.#init.machine.stop(signal);
  }

  /** What a power failure does, and then all daemons again. */
  async reboot(signal?: AbortSignal): Promise<void> {
    await this.switchOff(signal);
    await this.switchOn(signal);
    await this.start("containerd", signal);
    await Promise.all([this.start("kubelet", signal), this.start("kube-proxy", signal)]);
  }

  /** Imports an OCI archive into containerd. */
  async loadImage(file: string, signal?: AbortSignal): Promise<void> {
    const { machine } = this.#init;
    await machine.exec(IMPORT, { inputFile: file, check: true, timeoutMs: LOAD_TIMEOUT_MS, signal });
  }

  async #untilContainerdAnswers(signal?: AbortSignal): Promise<void> {
    const { machine } = this.#init;
    const isUp = async (): Promise<boolean> =>
      existsSync(machine.hostPath(CONTAINERD_SOCKET)) && (await machine.exec(["ctr", "version"])).exitCode === 0;
    const what = (): string => `containerd on ${this.name}: ${this.log("containerd")}`;
    const check = (): void => requireRunning(machine, ["containerd"]);
    await waitFor(what, isUp, { timeoutMs: CONTAINERD_TIMEOUT_MS, check, signal });
  }
}
