import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "@niphas/core";

/** A directory of cgroups and all below, a parent before its children. */
export function withDescendants(directory: string): string[] {
  return [directory, ...subdirectories(directory).flatMap((name) => withDescendants(join(directory, name)))];
}

/** By the caller's numbers. */
export function pidsIn(directory: string): number[] {
  try {
    return readFileSync(join(directory, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch (error) {
    return ignoreGone(error, []);
  }
}

/** False when something is still in it or below it. */
export function removeTree(directory: string): boolean {
  const areChildrenGone = subdirectories(directory).every((name) => removeTree(join(directory, name)));
  return areChildrenGone && rmdirUnlessBusy(directory);
}

/** False when something is in it or below it. */
export function rmdirUnlessBusy(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EBUSY" ? false : ignoreGone(error, true);
  }
}

/**
 * Version 1: what is frozen does not even die. runc freezes a container for a moment to change it, and may be killed then.
 * https://docs.kernel.org/admin-guide/cgroup-v1/freezer-subsystem.html
 */
export function thaw(directory: string): void {
  if (!existsSync(join(directory, "freezer.state"))) return;
  for (const each of withDescendants(directory)) {
    try {
      writeFileSync(join(each, "freezer.state"), "THAWED");
    } catch (error) {
      ignoreGone(error, undefined);
    }
  }
}

/** False when something that it works on is gone. */
export function tolerateGone(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    return ignoreGone(error, false);
  }
}

/** Answers `value` when the error says that a file or process is gone; throws it otherwise. */
export function ignoreGone<T>(error: unknown, value: T): T {
  if (isGone(error)) return value;
  throw error;
}

export function isGone(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "ESRCH" || code === "ENODEV";
}

function subdirectories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? [each.name] : []));
  } catch (error) {
    return ignoreGone(error, []);
  }
}
