import { readFileSync } from "node:fs";

/** Where cgroups are mounted: one place for each controller (version 1), or one for all (version 2). */
export interface CgroupHierarchies {
  readonly version: 1 | 2;
  /** Empty where none are mounted. */
  readonly mountPoints: readonly string[];
}

export const CGROUP_MOUNT = "/sys/fs/cgroup";

/**
 * Of this machine. What lies at {@link CGROUP_MOUNT} itself decides, as for the kubelet, runc and init.sh: beside version 1
 * there may be an unused version 2, and beside version 2 a single hierarchy of version 1 that some program wants.
 */
export function readHierarchies(mountTable: string = readFileSync("/proc/mounts", "utf8")): CgroupHierarchies {
  const mounts = mountTable.split("\n").map((line) => line.split(" "));
  // What was mounted last covers the others.
  const [, , typeOfRoot] = mounts.findLast(([, path]) => path === CGROUP_MOUNT) ?? [];
  if (typeOfRoot === "cgroup2") return { version: 2, mountPoints: [CGROUP_MOUNT] };
  const paths = mounts.flatMap(([, path = "", type]) => (type === "cgroup" ? [path] : []));
  return { version: 1, mountPoints: [...new Set(paths)] };
}
