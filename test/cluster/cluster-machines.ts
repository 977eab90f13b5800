import type { MachineHardware } from "./machine/hardware.ts";
import { Machine } from "./machine/machine.ts";
import { nodeIndexes, nodeName } from "./network/addresses.ts";
import { ClusterNode } from "./node/cluster-node.ts";
import type { ClusterState } from "./state/cluster-state.ts";
import { type ClusterLayout, CONTROL_NAME } from "./state/layout.ts";
import type { ClusterTools } from "./tools/tools.ts";

/** Sparse: takes what is written. */
const DISK_BYTES = 8 * 2 ** 30;
/** containerd's overlays cannot lie on another, and mounts below the kubelet's directory are shared with pods. */
const NODE_DATA = ["/var/lib/kubelet", "/var/lib/containerd"];
const NIPHAS_STATE = "/var/lib/niphas";

export interface ClusterMachines {
  readonly control: Machine;
  readonly controlHardware: MachineHardware;
  readonly nodes: readonly ClusterNode[];
  readonly nodeMachines: readonly Machine[];
  readonly nodeHardware: MachineHardware;
}

/** The machines of a cluster, whether on or off. */
export function clusterMachines(layout: ClusterLayout, state: ClusterState): ClusterMachines {
  const machine = (name: string, hostName: string): Machine =>
    new Machine({ name: hostName, directory: layout.machineDirectory(name), cgroup: layout.machineCgroup(name) });
  const control = machine(CONTROL_NAME, CONTROL_NAME);
  const nodeHardware = hardware(state.tools, NODE_DATA, NIPHAS_STATE);
  const nodeMachines = nodeIndexes(state.nodes).map((index) => machine(nodeName(index), nodeName(index)));
  const nodes = nodeMachines.map(
    (each, index) =>
      new ClusterNode({ index: index + 1, nodes: state.nodes, machine: each, control, hardware: nodeHardware }),
  );
  return {
    control,
    controlHardware: hardware(state.tools, ["/var/lib/etcd"], undefined),
    nodes,
    nodeMachines,
    nodeHardware,
  };
}

function hardware(
  tools: ClusterTools,
  dataDirectories: readonly string[],
  diskDirectory: string | undefined,
): MachineHardware {
  const { nodeRoot: rootDirectory, kubernetesBinary } = tools;
  return { rootDirectory, kubernetesBinary, dataDirectories, diskDirectory, diskBytes: DISK_BYTES };
}
