import { spawn } from "node:child_process";

const PREFIX: readonly string[] = ["setpriv", "--pdeathsig", "KILL", "--"];

let probe: Promise<boolean> | undefined;

/**
 * The command that makes the kernel kill the child when we are killed
 * ourselves: nobody would be left to do it. By util-linux's setpriv, see
 * prctl(2) PR_SET_PDEATHSIG; without it the command as it is.
 */
export async function dieWithParent(command: string, args: readonly string[]): Promise<readonly [string, ...string[]]> {
  probe ??= canSetDeathSignal();
  const [wrapper = command, ...wrapperArgs] = (await probe) ? [...PREFIX, command] : [command];
  return [wrapper, ...wrapperArgs, ...args];
}

/** True when the wrapper itself says that there is no such program: nothing of it ran then. */
export function isMissingProgram(exitCode: number | undefined, stderrLines: readonly string[]): boolean {
  return (
    exitCode === 127 && stderrLines.length === 1 && (stderrLines[0] ?? "").startsWith("setpriv: failed to execute")
  );
}

function canSetDeathSignal(): Promise<boolean> {
  const [wrapper = "", ...args] = PREFIX;
  return new Promise((resolve) => {
    const child = spawn(wrapper, [...args, "true"], { stdio: "ignore" });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
}
