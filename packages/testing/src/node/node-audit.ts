import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mountsBelow } from "../mounts/mount-table.ts";

/** What is really there on a node, read without the plugin's help. */
export interface NodeAudit {
  /** Volume ids that hold garbage-collector roots. */
  readonly rootOwners: readonly string[];
  /** Mount points below the pods directory, one entry for each mount stacked there. */
  readonly podMounts: readonly string[];
  /** `mount` directories of volumes, mounted or not. */
  readonly targetDirs: readonly string[];
  /** Entries of the views directory that are finished views. */
  readonly views: readonly string[];
  /** Entries of the views directory that are anything else. */
  readonly otherViewEntries: readonly string[];
  /** Mount points below the state directory. */
  readonly stateMounts: readonly string[];
  /** Command lines of processes that name the state directory, the plugin itself and its syncs left out. */
  readonly helperProcesses: readonly string[];
}

export interface AuditedNode {
  readonly stateDir: string;
  readonly kubeletDir: string;
  /** A process in the node's namespaces, as numbered here; the directories are paths in there. @default this machine */
  readonly initPid?: number;
}

const VIEW_KEY = /^[0-9a-f]{64}$/;
const VOLUME_DIRS = "volumes/kubernetes.io~csi";

export function auditNode(node: AuditedNode): NodeAudit {
  const pid = node.initPid ?? "self";
  const fileSystem = node.initPid === undefined ? "/" : `/proc/${node.initPid}/root`;
  const podsDir = join(node.kubeletDir, "pods");
  const viewEntries = names(join(fileSystem, node.stateDir, "views"));
  return {
    rootOwners: names(join(fileSystem, node.stateDir, "store/nix/var/nix/gcroots/niphas")),
    podMounts: mountsBelow(podsDir, pid).map((entry) => entry.mountPoint),
    targetDirs: targetDirs(fileSystem, podsDir),
    views: viewEntries.filter((name) => VIEW_KEY.test(name)),
    otherViewEntries: viewEntries.filter((name) => !VIEW_KEY.test(name)),
    stateMounts: mountsBelow(node.stateDir, pid).map((entry) => entry.mountPoint),
    helperProcesses: helperProcesses(join(fileSystem, "proc"), node.stateDir),
  };
}

/** Nix processes and other children that work on the state directory; syncs in the background belong to no volume. */
function helperProcesses(procDir: string, stateDir: string): readonly string[] {
  return names(procDir)
    .filter((name) => /^\d+$/.test(name) && !(procDir === "/proc" && Number(name) === process.pid))
    .map((pid) =>
      readText(join(procDir, pid, "cmdline"))
        .replaceAll("\0", " ")
        .trim(),
    )
    .filter((commandLine) => commandLine.includes(stateDir))
    .filter((commandLine) => !commandLine.includes("--state-dir") && !commandLine.includes("sync -f"));
}

function targetDirs(fileSystem: string, podsDir: string): readonly string[] {
  return names(join(fileSystem, podsDir)).flatMap((uid) =>
    names(join(fileSystem, podsDir, uid, VOLUME_DIRS))
      .map((name) => join(podsDir, uid, VOLUME_DIRS, name, "mount"))
      .filter((path) => lstatSync(join(fileSystem, path), { throwIfNoEntry: false }) !== undefined),
  );
}

function names(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    // A directory that nobody has made yet is empty.
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended meanwhile.
    return "";
  }
}
