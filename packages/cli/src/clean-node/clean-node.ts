import { existsSync, realpathSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { NiphasError } from "@niphas/core";
import { StateLock } from "@niphas/service";
import { LinuxMounter, type Mounter } from "@niphas/views";
import { removeSockets } from "./kubelet-sockets.ts";
import { findNodeMounts, type NodeMounts } from "./node-mounts.ts";
import { contentsToDelete, deleteAll, findStateDir, removeStateDir } from "./state-contents.ts";

export interface CleanNodeOptions {
  readonly stateDir: string;
  readonly kubeletDir: string;
  readonly keepStore: boolean;
}

const MAX_NAMED = 5;

/**
 * Removes from this node what a plugin has left. Idempotent; when it is cut off, the rest is done next time.
 * @returns what was done, in a line
 * @throws NiphasError StateInUse when a plugin works there or a foreign mount is in the way, and nothing is deleted;
 * InvalidConfiguration when a directory is not what it should be; MountFailed
 */
export async function cleanNode(options: CleanNodeOptions, signal: AbortSignal): Promise<string> {
  const kubeletDir = realKubeletDir(options.kubeletDir);
  const stateDir = findStateDir(options.stateDir);
  if (stateDir === undefined) {
    removeSockets(kubeletDir);
    return `${options.stateDir} does not exist: nothing to clean`;
  }
  // Before the lock, which would make its file.
  contentsToDelete(stateDir, options);
  const lock = StateLock.acquire(stateDir, "niphas csi");
  try {
    const doomed = contentsToDelete(stateDir, options);
    const mounter = new LinuxMounter();
    const mounts = unmountOurs(mounter, { kubeletDir, viewsDir: realViewsDir(stateDir), doomed });
    removeSockets(kubeletDir);
    await deleteAll(doomed, signal);
    const rest = options.keepStore ? `the store in ${stateDir} stays` : await removeStateDir(stateDir, mounter, signal);
    return `volumes unmounted: ${mounts.volumes.length}; views unmounted: ${mounts.views.length}; ${rest}`;
  } finally {
    lock.release();
  }
}

/** @returns what was unmounted */
function unmountOurs(mounter: Mounter, places: Parameters<typeof findNodeMounts>[1]): NodeMounts {
  const found = findNodeMounts(mounter.list(), places);
  if (found.foreign.length > 0) throw inUse(found.foreign);
  for (const mountPoint of found.volumes) {
    mounter.unmountAll(mountPoint);
    removeTarget(mountPoint);
  }
  for (const mountPoint of found.views) mounter.unmountAll(mountPoint);
  const left = findNodeMounts(mounter.list(), places);
  const stuck = [...left.volumes, ...left.views, ...left.foreign];
  if (stuck.length > 0) throw new NiphasError("MountFailed", `still mounted, so nothing was deleted: ${some(stuck)}`);
  return found;
}

/** As unpublish does; what is beside it is the kubelet's. */
function removeTarget(mountPoint: string): void {
  try {
    rmdirSync(mountPoint);
  } catch {
    // Somebody has put something there since: it is not ours, and the kubelet looks after it.
  }
}

function realKubeletDir(kubeletDir: string): string {
  if (existsSync(kubeletDir)) return realpathSync(kubeletDir);
  throw new NiphasError("InvalidConfiguration", `--kubelet-dir: ${kubeletDir} does not exist`);
}

/** An administrator may have moved the views. */
function realViewsDir(stateDir: string): string {
  const viewsDir = join(stateDir, "views");
  return existsSync(viewsDir) ? realpathSync(viewsDir) : viewsDir;
}

function inUse(mountPoints: readonly string[]): NiphasError {
  const message = `something that is not the plugin's is mounted in what would be deleted: ${some(mountPoints)}: unmount it`;
  return new NiphasError("StateInUse", message);
}

function some(paths: readonly string[]): string {
  const rest = paths.length - MAX_NAMED;
  return `${paths.slice(0, MAX_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
