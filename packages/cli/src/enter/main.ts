import { isNiphasError, NiphasError, systemErrorCode } from "@niphas/core";
import { replaceProcess, setParentDeathSignal } from "@niphas/views";
import { type EnterFailure, type EnterSpec, readSpec, reportFailure, reportStarting, STDERR_FD } from "./enter-spec.ts";
import { dropToContainerPrivileges } from "./privileges.ts";
import { enterRootFileSystem } from "./root-file-system.ts";
import { explainStartFailure } from "./start-failure.ts";

const SIGKILL = 9;
const FAILED = 125;

/**
 * What `niphas run` starts inside a fresh mount namespace: builds the root,
 * gives up privileges and becomes the program. Everything is synchronous and
 * the standard streams are not touched, so that the program gets them as they were;
 * an import of `node:process` would touch them.
 * @returns only when the program did not start; the reason has been reported by then
 */
export function enterAndExecute(): void {
  const failure = tryToBecomeProgram();
  reportFailure(failure);
  process.exitCode = FAILED;
}

function tryToBecomeProgram(): EnterFailure {
  try {
    process.umask(0o022);
    const spec = readSpec();
    enterRootFileSystem(spec);
    goToWorkDir(spec);
    dropToContainerPrivileges(spec.isRoot);
    dieWithParent(spec.parentPid);
    reportStarting();
    return explainStartFailure(spec.program, replaceProcess(spec, STDERR_FD));
  } catch (error) {
    return { reason: "niphas", message: isNiphasError(error) ? error.message : `cannot prepare the root (${error})` };
  }
}

function goToWorkDir(spec: EnterSpec): void {
  try {
    process.chdir(spec.workDir);
  } catch (error) {
    const code = systemErrorCode(error) ?? "unknown error";
    const message = `--workdir ${spec.workDir} cannot be entered (${code}): give a directory that a --bind shows, or /tmp`;
    throw new NiphasError("InvalidRequest", message, { cause: error });
  }
}

/** The parent may have died before the kernel was told to watch it. */
function dieWithParent(parentPid: number): void {
  setParentDeathSignal(SIGKILL);
  if (process.ppid !== parentPid) throw new NiphasError("Cancelled", "niphas is gone");
}

enterAndExecute();
