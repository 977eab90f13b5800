import { existsSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Cgroup } from "./cgroups/cgroup.ts";
import { releaseDisks } from "./machine/disk.ts";
import type { ClusterLayout } from "./state/layout.ts";

/**
 * Removes whatever there is of a cluster, also what a killed `up` or a crash of the machine has left: every process
 * (found by cgroup; their namespaces, mounts and networks end with them), loop devices, cgroups, files.
 */
export async function removeCluster(layout: ClusterLayout, signal?: AbortSignal): Promise<void> {
  const cgroup = new Cgroup(layout.cgroup);
  await cgroup.kill();
  await releaseDisks(globSync(join(layout.directory, "*", "*.img")), signal);
  await cgroup.remove();
  rmSync(layout.directory, { recursive: true, force: true, maxRetries: 3 });
}

/** True when anything of a cluster is left on this machine. */
export function hasRemains(layout: ClusterLayout): boolean {
  return existsSync(layout.directory) || new Cgroup(layout.cgroup).processes().length > 0;
}
