import { readFileSync } from "node:fs";

/** A process that is never taken for a later one of the same number. */
export interface ProcessIdentity {
  /** By the host's numbers. */
  readonly pid: number;
  /** In clock ticks since boot: field 22 of proc_pid_stat(5). */
  readonly startTimeTicks: number;
}

const FIELDS_BEFORE_STATE = 2;
const START_TIME_FIELD = 22;
const STATE_FIELD = 3;

/** Undefined when there is no such process, or only its remains (a zombie). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  // The second field is a name in brackets, which may hold spaces and brackets.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): string | undefined => fields?.[number - FIELDS_BEFORE_STATE - 1];
  const startTime = field(START_TIME_FIELD);
  return startTime === undefined || field(STATE_FIELD) === "Z" ? undefined : { pid, startTimeTicks: Number(startTime) };
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTimeTicks === identity.startTimeTicks;
}

/** The name of the program that it runs now; see proc_pid_comm(5). */
export function programName(pid: number): string | undefined {
  return readOrUndefined(`/proc/${pid}/comm`)?.trim();
}

/** Its number, program and state, as in `4711 kubelet (D)`, for messages. */
export function describeProcess(pid: number): string {
  const state = /^State:\t(\w)/m.exec(readOrUndefined(`/proc/${pid}/status`) ?? "")?.[1];
  return `${pid} ${programName(pid) ?? "?"} (${state ?? "?"})`;
}

function readOrUndefined(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
