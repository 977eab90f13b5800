import { runCommand } from "@niphas/testing";
import type { Machine } from "../machine/machine.ts";
import {
  CONTROL_ADDRESS,
  NODE_PREFIX_LENGTH,
  nodeAddress,
  nodeIndexes,
  nodeName,
  podNetwork,
  SERVICE_NETWORK,
} from "./addresses.ts";

const BRIDGE = "nodes";

/** Lines for `ip -batch` in the control machine: the bridge, and the way to every node's pods. */
export function bridgeCommands(): readonly string[] {
  return [
    "link set lo up",
    `link add ${BRIDGE} type bridge`,
    `address add ${CONTROL_ADDRESS}/${NODE_PREFIX_LENGTH} dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
    // Any way will do: kube-proxy changes the destination, but only of what has a way at all.
    `route add ${SERVICE_NETWORK} dev ${BRIDGE}`,
  ];
}

/** Lines for `ip -batch` in the control machine: a cable from the bridge to the machine whose first process is `pid`. */
export function cableCommands(index: number, pid: number): readonly string[] {
  const name = nodeName(index);
  return [
    `link add ${name} type veth peer name eth0 netns ${pid}`,
    `link set ${name} master ${BRIDGE} up`,
    `route replace ${podNetwork(index)} via ${nodeAddress(index)}`,
  ];
}

/** Lines for `ip -batch` in a node. */
export function nodeCommands(index: number, nodes: number): readonly string[] {
  const others = nodeIndexes(nodes).filter((each) => each !== index);
  return [
    "link set lo up",
    `address add ${nodeAddress(index)}/${NODE_PREFIX_LENGTH} dev eth0`,
    "link set eth0 up",
    `route add default via ${CONTROL_ADDRESS}`,
    ...others.map((each) => `route add ${podNetwork(each)} via ${nodeAddress(each)}`),
  ];
}

/** Makes the network that all machines share. */
export async function createBridge(control: Machine, signal?: AbortSignal): Promise<void> {
  await ip(control, bridgeCommands(), signal);
}

/** Connects a node, also one that was connected before it was switched off. */
export async function connectNode(
  control: Machine,
  node: Machine,
  index: number,
  nodes: number,
  signal?: AbortSignal,
): Promise<void> {
  const pid = node.requirePid();
  // The kernel removes the old cable with the machine's network, but at leisure.
  await runCommand(control.networkCommand(["ip", "link", "delete", nodeName(index)]), { allowFailure: true });
  await ip(control, cableCommands(index, pid), signal);
  await ip(node, nodeCommands(index, nodes), signal);
}

async function ip(machine: Machine, lines: readonly string[], signal?: AbortSignal): Promise<void> {
  const argv = machine.networkCommand(["ip", "-batch", "-"]);
  await runCommand(argv, { input: `${lines.join("\n")}\n`, signal });
}
