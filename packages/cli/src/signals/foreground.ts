import { readFileSync } from "node:fs";

/**
 * Whether this process group has the terminal: the terminal's signals then
 * reach every process of the group by themselves. False without a terminal.
 */
export function isForeground(): boolean {
  return isForegroundStat(readFileSync("/proc/self/stat", "utf8"));
}

/** Compares `pgrp` with `tpgid`. See proc_pid_stat(5); the program's name may hold spaces and brackets. */
export function isForegroundStat(stat: string): boolean {
  const [, , processGroup, , , foregroundGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return processGroup !== undefined && processGroup === foregroundGroup;
}
