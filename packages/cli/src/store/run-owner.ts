import { randomBytes } from "node:crypto";
import { systemErrorCode } from "@niphas/core";

const OWNER = /^run-(\d{1,10})-[0-9a-f]{12}$/;

/** A name for what one `niphas run` holds, from which later ones can tell whether it still runs. */
export function createRunOwner(pid: number = process.pid): string {
  return `run-${pid}-${randomBytes(6).toString("hex")}`;
}

/** Whether `name` belongs to a niphas that has died without cleaning up. False for names of others. */
export function isStaleRunOwner(name: string, isAlive: (pid: number) => boolean = isProcessAlive): boolean {
  const pid = OWNER.exec(name)?.[1];
  return pid !== undefined && !isAlive(Number(pid));
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}
