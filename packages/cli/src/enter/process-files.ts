import { existsSync, mkdirSync } from "node:fs";
import { isNiphasError } from "@niphas/core";
import { bindMount, mountProc } from "@niphas/views";

/** Kernel settings that belong to the whole machine. Root without capabilities could still write some of them. */
const READ_ONLY = ["sys", "sysrq-trigger", "irq", "bus", "fs"];
/** Secrets of the kernel and the machine, hidden as container runtimes do. */
const HIDDEN = ["kcore", "keys", "latency_stats", "timer_list", "sched_debug", "kmsg"];

/**
 * Makes /proc at `procDir`. There is no PID namespace, so it shows all
 * processes of the machine; an ordinary user cannot mount a new one without
 * one and gets the host's.
 */
export function makeProcessFiles(procDir: string, isRoot: boolean): void {
  mkdirSync(procDir);
  if (!isRoot) {
    bindMount("/proc", procDir, { isRecursive: true, isReadOnly: false });
    return;
  }
  if (!tryMountProc(procDir)) {
    bindMount("/proc", procDir, { isRecursive: true, isReadOnly: false });
    return;
  }
  for (const path of present(procDir, READ_ONLY)) bindMount(path, path, { isReadOnly: true });
  for (const path of present(procDir, HIDDEN)) bindMount("/dev/null", path, { isReadOnly: true });
}

/** False inside containers that have hidden parts of their own /proc: the kernel then allows no fresh one. */
function tryMountProc(procDir: string): boolean {
  try {
    mountProc(procDir);
    return true;
  } catch (error) {
    if (isNiphasError(error) && error.code === "MountFailed") return false;
    throw error;
  }
}

function present(procDir: string, names: readonly string[]): readonly string[] {
  return names.map((name) => `${procDir}/${name}`).filter((path) => existsSync(path));
}
