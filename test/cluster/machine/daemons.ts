import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NiphasError } from "@niphas/core";
import type { ExecOptions, Machine } from "./machine.ts";

/**
 * $0 is the daemon's name. The shell goes away once the daemon has its number, so that the machine's first process
 * becomes the daemon's parent.
 */
const START = `mkdir -p /run/daemons
rm -f "/run/daemons/$0.pid"
exec </dev/null >>"/var/log/niphas-cluster/$0.log" 2>&1
setsid sh -c 'echo $$ >"/run/daemons/$0.pid"; exec "$@"' "$0" "$@" &
until [ -s "/run/daemons/$0.pid" ]; do sleep 0.01; done`;
const SIGNAL = 'kill "-$1" "$(cat "/run/daemons/$0.pid")"';
const LOG_TAIL_LINES = 20;

/** Starts a program that goes on running; its output goes to the machine's log directory. */
export async function startDaemon(
  machine: Machine,
  name: string,
  argv: readonly string[],
  options: Pick<ExecOptions, "signal" | "inHostNetwork"> = {},
): Promise<void> {
  await machine.exec(["sh", "-c", START, name, ...argv], { ...options, check: true });
}

/** Sends a signal; false when it does not run. */
export async function signalDaemon(machine: Machine, name: string, signal: NodeJS.Signals): Promise<boolean> {
  const { exitCode } = await machine.exec(["sh", "-c", SIGNAL, name, signal.replace(/^SIG/, "")]);
  return exitCode === 0;
}

export function isDaemonRunning(machine: Machine, name: string): boolean {
  if (machine.pid === undefined) return false;
  const file = machine.hostPath(join("/run/daemons", `${name}.pid`));
  const pid = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  const status = machine.hostPath(join("/proc", pid, "status"));
  return pid !== "" && existsSync(status) && !/^State:\tZ/m.test(readFileSync(status, "utf8"));
}

/** @throws NiphasError CommandFailed with the end of its log when one of them, once started, does not run any more */
export function requireRunning(machine: Machine, names: readonly string[]): void {
  const dead = names.find((name) => !isDaemonRunning(machine, name) && daemonLog(machine, name) !== "");
  if (dead === undefined) return;
  throw new NiphasError("CommandFailed", `${dead} of ${machine.name} has ended: ${daemonLog(machine, dead)}`);
}

/** The end of its log, for messages. */
export function daemonLog(machine: Machine, name: string): string {
  const file = join(machine.logDirectory, `${name}.log`);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(-LOG_TAIL_LINES).join("\n") : "";
}
