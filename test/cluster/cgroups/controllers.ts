import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NiphasError, systemErrorCode } from "@niphas/core";
import { isGone } from "./cgroup-files.ts";

/** What the kubelet and runc use; how the host has the others is its own business. */
const NEEDED_CONTROLLERS: ReadonlySet<string> = new Set(["cpuset", "cpu", "io", "memory", "hugetlb", "pids"]);
/** Version 1: a new cpuset may hold no process until it has these. */
const CPUSET_FILES = ["cpuset.cpus", "cpuset.mems"];

/** Version 1: gives a new cgroup its parent's processors and memory nodes. */
export function copyCpuset(parent: string, directory: string): void {
  for (const file of CPUSET_FILES) {
    const [from, to] = [join(parent, file), join(directory, file)];
    if (existsSync(from) && existsSync(to)) writeFileSync(to, readFileSync(from));
  }
}

/**
 * Version 2: lets the cgroups below have controllers, https://docs.kernel.org/admin-guide/cgroup-v2.html#enabling-and-disabling
 * @throws NiphasError InvalidConfiguration where the kernel refuses
 */
export function passControllersOn(directory: string): void {
  const words = (file: string): string[] => readFileSync(join(directory, file), "utf8").split(/\s+/).filter(Boolean);
  const enabled = new Set(words("cgroup.subtree_control"));
  const wanted = words("cgroup.controllers").filter((name) => NEEDED_CONTROLLERS.has(name) && !enabled.has(name));
  for (const name of wanted) passOn(directory, name);
}

function passOn(directory: string, controller: string): void {
  try {
    writeFileSync(join(directory, "cgroup.subtree_control"), `+${controller}`);
  } catch (cause) {
    if (isGone(cause)) throw cause;
    throw new NiphasError("InvalidConfiguration", refusal(directory, controller, systemErrorCode(cause)), { cause });
  }
}

function refusal(directory: string, controller: string, code = "no reason"): string {
  const fact = `the kernel does not let cgroups below ${directory} have the controller ${controller} (${code})`;
  // The root of the host may hold processes; what a container sees as the root may not.
  const remedy = `run it on the host itself, or move the container's processes into a cgroup below ${directory} first`;
  return code === "EBUSY" ? `${fact}, since processes are in ${directory} itself: ${remedy}` : fact;
}
