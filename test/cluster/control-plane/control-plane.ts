import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { requireRunning, startDaemon } from "../machine/daemons.ts";
import type { MachineHardware } from "../machine/hardware.ts";
import type { Machine } from "../machine/machine.ts";
import { API_SERVER, nodeName } from "../network/addresses.ts";
import { createBridge } from "../network/links.ts";
import { LOOPBACK_DAEMONS, startLoopback } from "../network/loopback.ts";
import { kubeProxyCommand } from "../node/components.ts";
import { writeProxyFiles } from "../node/node-files.ts";
import type { Pki } from "../pki/authority.ts";
import { writeKubeconfig } from "../pki/kubeconfig.ts";
import type { ApiClient } from "./api-client.ts";
import {
  apiServerCommand,
  CONTROL_CERTIFICATES,
  CONTROL_KUBECONFIGS,
  CONTROL_PLANE_DAEMONS,
  controllerManagerCommand,
  etcdCommand,
  schedulerCommand,
} from "./daemons.ts";
import { hasDefaultServiceAccount, isApiServerReady, waitFor } from "./readiness.ts";

export interface ControlPlaneInit {
  readonly cluster: string;
  readonly machine: Machine;
  readonly hardware: MachineHardware;
  readonly pki: Pki;
  readonly apiPort: number;
  readonly nodes: number;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 120_000;
/** Whose end makes waiting pointless. */
const DAEMONS = [...CONTROL_PLANE_DAEMONS, ...LOOPBACK_DAEMONS];

/** The machine that holds the cluster's network, and its Kubernetes control plane. */
export class ControlPlane {
  readonly #init: ControlPlaneInit;

  constructor(init: ControlPlaneInit) {
    this.#init = init;
  }

  /** Writes configuration, switches the machine on, makes the bridge. */
  async switchOn(): Promise<void> {
    const { machine, hardware, signal } = this.#init;
    this.#writeFiles(machine.configurationDirectory);
    await machine.start(hardware, signal);
    await createBridge(machine, signal);
  }

  /** Starts etcd, the API server and what makes it reachable. */
  async startApiServer(): Promise<void> {
    const { machine, apiPort, signal } = this.#init;
    await this.#start("etcd", etcdCommand());
    await this.#start("kube-apiserver", apiServerCommand());
    await startLoopback(machine, apiPort, signal);
  }

  async untilApiServerReady(api: ApiClient): Promise<void> {
    await this.#wait("the API server", () => isApiServerReady(api, this.#init.signal));
  }

  async startControllers(): Promise<void> {
    await this.#start("kube-controller-manager", controllerManagerCommand());
    await this.#start("kube-scheduler", schedulerCommand());
  }

  async untilControllersReady(api: ApiClient): Promise<void> {
    await this.#wait("the controller manager", () => hasDefaultServiceAccount(api, this.#init.signal));
  }

  /** So that processes in the control machine's network reach Services. */
  async startProxy(): Promise<void> {
    await this.#start("kube-proxy", kubeProxyCommand());
  }

  /** @throws NiphasError CommandFailed when a daemon of the control plane has ended */
  checkDaemons(): void {
    requireRunning(this.#init.machine, DAEMONS);
  }

  async #start(name: string, command: readonly string[]): Promise<void> {
    const { machine, signal } = this.#init;
    await startDaemon(machine, name, command, { signal });
  }

  async #wait(what: string, ask: () => Promise<boolean>): Promise<void> {
    const { signal } = this.#init;
    const check = (): void => this.checkDaemons();
    await waitFor(what, ask, { timeoutMs: TIMEOUT_MS, check, signal });
  }

  #writeFiles(directory: string): void {
    const { cluster, pki, nodes } = this.#init;
    for (const name of CONTROL_CERTIFICATES) {
      copyFileSync(pki.certificate(name), join(directory, `${name}.crt`));
      copyFileSync(pki.key(name), join(directory, `${name}.key`));
    }
    copyFileSync(pki.tokenKey, join(directory, "service-account.key"));
    copyFileSync(pki.tokenPublicKey, join(directory, "service-account.pub"));
    for (const identity of CONTROL_KUBECONFIGS) {
      writeKubeconfig(pki, { cluster, server: API_SERVER, file: join(directory, `${identity}.kubeconfig`), identity });
    }
    // kube-proxy wants to be a node; a name that none has would make it wait.
    writeProxyFiles(directory, { cluster, hostName: nodes > 0 ? nodeName(1) : "control", pki });
  }
}
