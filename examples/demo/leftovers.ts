import { existsSync, readdirSync, readFileSync } from "node:fs";

/** All processes of a demo have this in their environment, with the demo's directory as the value. */
export const MARK = "NIPHAS_DEMO";

/** The mount points of this namespace. */
export function mountPoints(): readonly string[] {
  const table = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n");
  return table.map((line) => line.split(" ")[4] ?? "").sort();
}

/** What is left of a demo that worked in `directory`: mounts, processes, the directory itself. One line each. */
export function leftovers(directory: string, mountsBefore: readonly string[]): readonly string[] {
  const mounts = mountPoints().filter((point) => !mountsBefore.includes(point));
  return [
    ...mounts.map((point) => `mount ${point}`),
    ...markedProcesses(directory),
    ...(existsSync(directory) ? [`directory ${directory}`] : []),
  ];
}

function markedProcesses(directory: string): readonly string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const marked = pids.filter((pid) => readProc(pid, "environ").includes(markOf(directory)));
  return marked.map((pid) => `process ${pid}: ${readProc(pid, "cmdline").join(" ")}`);
}

function markOf(directory: string): string {
  return `${MARK}=${directory}`;
}

function readProc(pid: string, file: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
