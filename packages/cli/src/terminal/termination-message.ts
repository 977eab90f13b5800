import { existsSync, writeFileSync } from "node:fs";

/** Where Kubernetes takes the last words of a container from; there is no such file elsewhere. */
const TERMINATION_LOG = "/dev/termination-log";
/** https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/ */
const MAX_BYTES = 4096;

/** Leaves lines where `kubectl describe pod` shows them, cut at the end. Does nothing outside of a container. */
export function writeTerminationMessage(lines: readonly string[], file: string = TERMINATION_LOG): void {
  if (!existsSync(file)) return;
  try {
    writeFileSync(file, Buffer.from(lines.join("\n")).subarray(0, MAX_BYTES));
  } catch {
    // The same is on standard error; what really happened must not be hidden by this.
  }
}
