import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { auditNode, mountsBelow, type NodeAudit } from "@niphas/testing";
import type { ClusterNode } from "../../cluster/index.ts";

export const STATE_DIR = "/var/lib/niphas";
export const KUBELET_DIR = "/var/lib/kubelet";

/** What is on a node, read from outside: through its init process's mount table and root directory. */
export interface NodeState extends NodeAudit {
  readonly node: string;
  /** `targetPath` of each volume record. */
  readonly recordedTargets: readonly string[];
  /** Mounts of volumes that lack one of `ro`, `nosuid` and `nodev`. */
  readonly unsealedMounts: readonly string[];
}

const SEALED = ["ro", "nosuid", "nodev"];

export function readNodeState(node: ClusterNode): NodeState {
  const audit = auditNode({ stateDir: STATE_DIR, kubeletDir: KUBELET_DIR, initPid: node.pid });
  const rootsDir = node.hostPath(join(STATE_DIR, "store/nix/var/nix/gcroots/niphas"));
  const recordedTargets = audit.rootOwners.flatMap((owner) => targetOf(join(rootsDir, owner, "volume.json")));
  return { ...audit, node: node.name, recordedTargets, unsealedMounts: unsealedMounts(node) };
}

function unsealedMounts(node: ClusterNode): readonly string[] {
  const volumes = mountsBelow(join(KUBELET_DIR, "pods"), node.pid).filter((mount) => isVolume(mount.mountPoint));
  const unsealed = volumes.filter((mount) => !SEALED.every((flag) => mount.options.includes(flag)));
  return unsealed.map((mount) => `${mount.mountPoint} ${mount.options.join()}`);
}

/** Whether the kubelet mounts an inline volume of a CSI driver there. */
export function isVolume(path: string): boolean {
  return path.includes("/volumes/kubernetes.io~csi/");
}

/** Everything of ours on a node whose plugin was uninstalled, one line each. */
export function leftoversOf(node: ClusterNode): readonly string[] {
  const state = readNodeState(node);
  const sockets = ["plugins/csi.niphas.io", "plugins_registry/csi.niphas.io-reg.sock"];
  const stateDir = node.hostPath(STATE_DIR);
  return [
    ...state.podMounts.filter(isVolume).map((mount) => `mount ${mount}`),
    ...state.stateMounts.filter((mount) => mount !== STATE_DIR).map((mount) => `mount ${mount}`),
    ...processesNaming(node, STATE_DIR).map((process) => `process ${process}`),
    ...sockets.map((path) => join(KUBELET_DIR, path)).filter((path) => existsSync(node.hostPath(path))),
    ...(existsSync(stateDir) ? readdirSync(stateDir).filter((name) => name !== "lost+found") : []).map(
      (name) => `file ${join(STATE_DIR, name)}`,
    ),
  ].map((text) => `${node.name}: ${text}`);
}

/** Command lines, the plugin's own too. */
function processesNaming(node: ClusterNode, text: string): readonly string[] {
  const directory = node.hostPath("/proc");
  return readdirSync(directory)
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLineOf(join(directory, pid)))
    .filter((commandLine) => commandLine.includes(text));
}

function commandLineOf(directory: string): string {
  try {
    return readFileSync(join(directory, "cmdline"), "utf8").replaceAll("\0", " ").trim();
  } catch {
    // The process has ended meanwhile.
    return "";
  }
}

function targetOf(recordFile: string): readonly string[] {
  try {
    const record: unknown = JSON.parse(readFileSync(recordFile, "utf8"));
    const isRecord = typeof record === "object" && record !== null && "targetPath" in record;
    return isRecord ? [String(record.targetPath)] : [];
  } catch {
    // No record or an unreadable one: its volume counts as having none.
    return [];
  }
}
