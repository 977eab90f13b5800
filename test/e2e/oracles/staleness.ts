import type { Pod } from "../kubernetes/objects.ts";
import { isVolume, KUBELET_DIR, type NodeState, STATE_DIR } from "./node-state.ts";

/**
 * Compares what is on a node with the pods that the cluster has there: nothing may be left of a pod that has gone, and
 * nothing may be missing of one that runs. One line for each fault.
 */
export function faultsOfNode(state: NodeState, pods: readonly Pod[]): readonly string[] {
  const here = pods.filter((pod) => pod.nodeName === state.node);
  const required = targetsOf(here.filter((pod) => pod.phase === "Running" && !pod.isTerminating));
  const allowed = targetsOf(here);
  const faults = [
    ...beyond(state.podMounts, allowed).map((path) => `a mount without a pod: ${path}`),
    ...beyond(state.recordedTargets, allowed).map((path) => `a record and roots without a pod: ${path}`),
    ...beyond(state.targetDirs, allowed).map((path) => `a directory without a pod: ${path}`),
    ...required.filter((path) => count(state.podMounts, path) !== 1).map((path) => mountCount(state, path)),
    ...beyond(required, state.recordedTargets).map((path) => `a running pod without a record: ${path}`),
    ...(state.rootOwners.length === state.recordedTargets.length
      ? []
      : [`${state.rootOwners.length} volumes hold roots, but ${state.recordedTargets.length} have a record`]),
    ...state.otherViewEntries.map((name) => `an unfinished view: ${name}`),
    ...state.unsealedMounts.map((mount) => `a mount that is not ro,nosuid,nodev: ${mount}`),
    ...viewMountFaults(state),
    ...state.helperProcesses.map((commandLine) => `a process: ${commandLine.slice(0, 200)}`),
  ];
  return faults.map((fault) => `${state.node}: ${fault}`);
}

/** Where the kubelet mounts the pods' volumes of our driver. */
export function targetsOf(pods: readonly Pod[]): readonly string[] {
  return pods.flatMap((pod) =>
    pod.niphasVolumes.map((name) => `${KUBELET_DIR}/pods/${pod.uid}/volumes/kubernetes.io~csi/${name}/mount`),
  );
}

/** Mounts of views in the state directory whose view is not there any more. */
function viewMountFaults(state: NodeState): readonly string[] {
  const prefix = `${STATE_DIR}/views/`;
  return state.stateMounts
    .filter((path) => path.startsWith(prefix))
    .filter((path) => !state.views.includes(path.slice(prefix.length).split("/")[0] ?? ""))
    .map((path) => `a mount of a view that is gone: ${path}`);
}

/** The pods' other CSI volumes are none of ours: only paths of the CSI plugin's volumes count. */
function beyond(paths: readonly string[], allowed: readonly string[]): readonly string[] {
  return [...new Set(paths)].filter((path) => isVolume(path) && !allowed.includes(path));
}

function count(paths: readonly string[], path: string): number {
  return paths.filter((each) => each === path).length;
}

function mountCount(state: NodeState, path: string): string {
  return `a running pod with ${count(state.podMounts, path)} mounts instead of 1: ${path}`;
}
