import { readFileSync } from "node:fs";

/** Of clock ticks: USER_HZ is 100 on every platform that Node.js runs on. */
const MS_PER_TICK = 10;
const MIB_PER_KIB = 1 / 1024;
/** Fields of proc_pid_stat(5) from the state on, which comes after the name in brackets. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** The processor time that a process has used so far, in user space and in the kernel. */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) * MS_PER_TICK;
}

/** What a process holds in memory now. */
export function residentMib(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? Number.NaN) * MIB_PER_KIB;
}
