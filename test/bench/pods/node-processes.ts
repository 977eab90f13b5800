import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterNode } from "../../cluster/index.ts";

/** Processes of containers, by the node's own numbers. */
export function processesOf(node: ClusterNode, containerIds: readonly string[]): readonly number[] {
  return readdirSync(node.hostPath("/proc"))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const cgroups = readProcessFile(node, pid, "cgroup");
      return containerIds.some((id) => cgroups.includes(id));
    });
}

/** A file of proc(5); empty when the process has ended. */
export function readProcessFile(node: ClusterNode, pid: number, name: string): string {
  try {
    return readFileSync(node.hostPath(join("/proc", String(pid), name)), "utf8");
  } catch {
    return "";
  }
}

/** A field of a file such as status or smaps_rollup, in bytes. @throws when it is not there */
export function sizeField(text: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text);
  if (match?.[1] === undefined) throw new Error(`there is no field ${field}`);
  return Number(match[1]) * 1024;
}
