import { CONTROL_PLANE_DAEMONS } from "../control-plane/daemons.ts";
import { isDaemonRunning } from "../machine/daemons.ts";
import type { Machine } from "../machine/machine.ts";
import { LOOPBACK_DAEMONS } from "../network/loopback.ts";
import { NODE_COMPONENTS } from "../node/components.ts";
import type { ClusterState } from "./cluster-state.ts";

export interface MachineStatus {
  readonly name: string;
  /** Of the first process, by the host's numbers; missing when the machine is off. */
  readonly pid?: number;
  readonly daemons: Readonly<Record<string, "running" | "stopped">>;
}

export interface ClusterStatus {
  readonly name: string;
  readonly phase: ClusterState["phase"];
  /** For the host. */
  readonly server: string;
  readonly kubeconfigFile: string;
  readonly machines: readonly MachineStatus[];
}

export function controlStatus(control: Machine): MachineStatus {
  return machineStatus(control, [...CONTROL_PLANE_DAEMONS, ...LOOPBACK_DAEMONS]);
}

export function nodeStatus(node: Machine): MachineStatus {
  return machineStatus(node, NODE_COMPONENTS);
}

/** True when every machine is on and all its daemons run. */
export function isHealthy(status: ClusterStatus): boolean {
  return status.machines.every(({ daemons }) => Object.values(daemons).every((each) => each === "running"));
}

/** For a person: a line for each machine. */
export function formatStatus(status: ClusterStatus): string {
  const head = `cluster ${status.name} (${status.phase}) at ${status.server}, kubeconfig ${status.kubeconfigFile}`;
  const lines = status.machines.map(({ name, pid, daemons }) => {
    const stopped = Object.entries(daemons).flatMap(([daemon, state]) => (state === "stopped" ? [daemon] : []));
    if (pid === undefined) return `${name}: off`;
    return `${name}: process ${pid}, ${stopped.length === 0 ? "all daemons run" : `stopped: ${stopped.join(", ")}`}`;
  });
  return [head, ...lines].join("\n");
}

function machineStatus(machine: Machine, names: readonly string[]): MachineStatus {
  const { name, pid } = machine;
  const daemons = Object.fromEntries(
    names.map((daemon) => [daemon, isDaemonRunning(machine, daemon) ? "running" : "stopped"] as const),
  );
  return { name, ...(pid === undefined ? {} : { pid }), daemons };
}
