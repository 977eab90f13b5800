import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@niphas/testing";
import { readHierarchies } from "../cgroups/hierarchies.ts";
import { ClusterLayout } from "../state/layout.ts";

/**
 * What is left of a cluster on this machine, found without the harness's own means: its directory, cgroups, loop devices,
 * mounts in any mount namespace, processes that name its directory. One line for each.
 */
export async function findRemains(name: string): Promise<readonly string[]> {
  const layout = new ClusterLayout(name);
  const { stdout } = await runCommand(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"]);
  const cgroups = readHierarchies().mountPoints.map((mountPoint) => join(mountPoint, layout.cgroup));
  return [
    ...[layout.directory, ...cgroups].filter((path) => existsSync(path)),
    ...stdout.split("\n").filter((line) => line.includes(`${layout.directory}/`)),
    ...processIds().flatMap((pid) => traces(pid, `${layout.directory}/`)),
  ];
}

function processIds(): readonly string[] {
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid);
}

function traces(pid: string, directory: string): readonly string[] {
  return ["cmdline", "mountinfo"].flatMap((file) =>
    readOrEmpty(`/proc/${pid}/${file}`).includes(directory) ? [`process ${pid}: ${file} names ${directory}`] : [],
  );
}

/** Processes come and go while we look. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
