import { readFileSync } from "node:fs";

/** Where cgroups are mounted: one place for each controller (version 1), or one for all (version 2). */
export interface CgroupHierarchies {
  readonly version: 1 | 2;
  readonly mountPoints: readonly string[];
}

/** Of this machine. Version 1 wins where both are mounted, since the controllers are bound there. */
export function readHierarchies(mountTable: string = readFileSync("/proc/mounts", "utf8")): CgroupHierarchies {
  const mounts = mountTable.split("\n").map((line) => line.split(" "));
  const ofType = (type: string): string[] => mounts.flatMap(([, path = "", each]) => (each === type ? [path] : []));
  const first = [...new Set(ofType("cgroup"))];
  return first.length > 0
    ? { version: 1, mountPoints: first }
    : { version: 2, mountPoints: ofType("cgroup2").slice(0, 1) };
}
