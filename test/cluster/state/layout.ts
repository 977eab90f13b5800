import { join } from "node:path";
import { NiphasError } from "@niphas/core";

export const STATE_ROOT = "/var/lib/niphas-cluster";
/** In every hierarchy; holds one for each cluster. */
export const CGROUP_ROOT = "/niphas-cluster";
export const DEFAULT_NAME = "niphas";
export const CONTROL_NAME = "control";

const NAME = /^[a-z][a-z0-9-]{0,19}$/;

/** Where one cluster lies on the host. */
export class ClusterLayout {
  readonly name: string;

  /** @throws NiphasError InvalidRequest */
  constructor(name: string = DEFAULT_NAME) {
    if (!NAME.test(name)) {
      throw new NiphasError(
        "InvalidRequest",
        "a cluster's name is 1 to 20 small letters, digits and dashes, a letter first",
      );
    }
    this.name = name;
  }

  get directory(): string {
    return join(STATE_ROOT, this.name);
  }

  get cgroup(): string {
    return join(CGROUP_ROOT, this.name);
  }

  /** Outlives the cluster: whoever waits for it must find the same file. */
  get lockFile(): string {
    return `/run/lock/niphas-cluster-${this.name}.sqlite`;
  }

  get stateFile(): string {
    return join(this.directory, "cluster.json");
  }

  get pkiDirectory(): string {
    return join(this.directory, "pki");
  }

  get imageDirectory(): string {
    return join(this.directory, "images");
  }

  /** For the host: the API server on the loopback interface. */
  get kubeconfigFile(): string {
    return join(this.directory, "kubeconfig");
  }

  /** For processes in the cluster's networks. */
  get internalKubeconfigFile(): string {
    return join(this.directory, "internal.kubeconfig");
  }

  get kubectlCacheDirectory(): string {
    return join(this.directory, "kubectl-cache");
  }

  machineDirectory(machine: string): string {
    return join(this.directory, machine);
  }

  machineCgroup(machine: string): string {
    return join(this.cgroup, machine);
  }
}
