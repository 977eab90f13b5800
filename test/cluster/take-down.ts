import { globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Cgroup } from "./cgroups/cgroup.ts";
import { releaseDisks } from "./machine/disk.ts";
import { CGROUP_ROOT, type ClusterLayout } from "./state/layout.ts";

/**
 * Removes whatever there is of a cluster, also what a killed `up` or a crash of the machine has left: every process
 * (found by cgroup; their namespaces, mounts and networks end with them), loop devices, cgroups, files.
 */
export async function removeCluster(layout: ClusterLayout, signal?: AbortSignal): Promise<void> {
  const cgroup = new Cgroup(layout.cgroup);
  await cgroup.kill();
  await releaseDisks(globSync(join(layout.directory, "*", "*.img")), signal);
  await cgroup.remove();
  new Cgroup(CGROUP_ROOT).removeIfUnused();
  rmSync(layout.directory, { recursive: true, force: true, maxRetries: 3 });
}
