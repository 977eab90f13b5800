import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { NiphasError } from "@niphas/core";
import { type CommandResult, runCommand } from "@niphas/testing";
import { Cgroup } from "../cgroups/cgroup.ts";
import { createDisk, releaseDisks } from "./disk.ts";
import { ALL_DISKS, diskNames, initEnvironment, MACHINE_ENVIRONMENT, type MachineHardware } from "./hardware.ts";
import { identifyProcess, isRunning, type ProcessIdentity, programName } from "./process-identity.ts";

export interface MachineInit {
  /** Its host name. */
  readonly name: string;
  /** On the host; holds its disks, configuration and logs. */
  readonly directory: string;
  /** In every hierarchy of the host. */
  readonly cgroup: string;
}

export interface ExecOptions {
  /** Written to standard input, which is empty otherwise. */
  readonly input?: string;
  /** A file of the host that becomes standard input. */
  readonly inputFile?: string;
  /** @default 120_000 */
  readonly timeoutMs?: number;
  /** Throw when the command ends with another code than 0. @default false */
  readonly check?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** In the host's network instead of the machine's. @default false */
  readonly inHostNetwork?: boolean;
}

const PID_FILE = "init.pid";
const POLL_MS = 10;
const START_TIMEOUT_MS = 30_000;
/** init.sh becomes this when the machine is complete. */
const INIT_PROGRAM = "catatonit";
const LOG_TAIL_CHARACTERS = 2_000;
const INIT_SCRIPT = join(import.meta.dirname, "init.sh");

/**
 * A machine made of namespaces (mount, PID, network, UTS, IPC, cgroup) and a root file system of its own. Its first
 * process is its life: when that ends, the kernel ends all processes and unmounts everything.
 */
export class Machine {
  readonly name: string;
  readonly directory: string;
  readonly #cgroup: Cgroup;
  #init: ProcessIdentity | undefined;

  constructor(init: MachineInit) {
    this.name = init.name;
    this.directory = init.directory;
    this.#cgroup = new Cgroup(init.cgroup);
  }

  /** The first process, by the host's numbers; undefined when the machine is off. */
  get pid(): number | undefined {
    // Another program may have switched it off and on again.
    if (this.#init === undefined || !isRunning(this.#init)) this.#init = this.#readInit();
    return this.#init?.pid;
  }

  /** Read-only inside, at /etc/niphas-cluster. */
  get configurationDirectory(): string {
    return join(this.directory, "etc");
  }

  /** At /var/log/niphas-cluster inside. */
  get logDirectory(): string {
    return join(this.directory, "log");
  }

  /** Makes its disks, unless they are there. */
  async createDisks(hardware: MachineHardware, signal?: AbortSignal): Promise<void> {
    for (const directory of [this.directory, this.configurationDirectory, this.logDirectory]) {
      mkdirSync(directory, { recursive: true, mode: 0o755 });
    }
    const files = diskNames(hardware).map((name) => join(this.directory, name));
    await Promise.all(files.map((file) => createDisk(file, hardware.diskBytes, signal)));
  }

  /** Switches it on. @throws NiphasError CommandFailed with the end of its log */
  async start(hardware: MachineHardware, signal?: AbortSignal): Promise<void> {
    await this.#cgroup.create();
    rmSync(join(this.directory, PID_FILE), { force: true });
    const log = openSync(join(this.logDirectory, "init.log"), "a");
    const namespaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork"];
    const command = ["unshare", ...namespaces, "--", "bash", INIT_SCRIPT];
    const [program = "", ...args] = this.#cgroup.joiningAsRoot(command);
    const child = spawn(program, args, {
      env: initEnvironment(this, hardware),
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    child.on("error", () => undefined).unref();
    await this.#untilComplete(() => child.pid === undefined || child.exitCode !== null, signal);
    this.#cgroup.delegate();
  }

  /** Ends everything in it and waits until its disks are free; they keep what was written. */
  async stop(signal?: AbortSignal): Promise<void> {
    await this.#cgroup.kill();
    // Those of pods too, which would not outlive a real machine either.
    await this.#cgroup.remove();
    await releaseDisks(
      ALL_DISKS.map((name) => join(this.directory, name)),
      signal,
    );
  }

  /** The command that runs `argv` in the machine. @throws NiphasError StoreUnavailable when it is off */
  command(argv: readonly string[], inHostNetwork = false): readonly string[] {
    const namespaces = ["--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd"];
    const network = inHostNetwork ? [] : ["--net"];
    const enter = ["nsenter", "--target", String(this.requirePid()), ...namespaces, ...network, "--"];
    return this.#cgroup.joining([...enter, ...argv]);
  }

  /** The command that runs `argv` on the host's files, but in the machine's network. */
  networkCommand(argv: readonly string[]): readonly string[] {
    return ["nsenter", "--target", String(this.requirePid()), "--net", "--", ...argv];
  }

  /** Runs a command in the machine. @throws Error when it ends with another code than 0 and `check` is set */
  exec(argv: readonly string[], options: ExecOptions = {}): Promise<CommandResult> {
    const { check = false, inHostNetwork = false, inputFile, ...rest } = options;
    const command = this.command(argv, inHostNetwork);
    // The file is opened on the host, where the machine cannot see it.
    const reading = inputFile === undefined ? command : ["/bin/sh", "-c", 'exec "$@" <"$0"', inputFile, ...command];
    return runCommand(reading, { ...rest, env: MACHINE_ENVIRONMENT, allowFailure: !check });
  }

  /** Where a file of the machine is for the host. */
  hostPath(path: string): string {
    return join("/proc", String(this.requirePid()), "root", path);
  }

  /** As {@link pid}. @throws NiphasError StoreUnavailable when it is off */
  requirePid(): number {
    const { pid } = this;
    if (pid === undefined)
      throw new NiphasError(
        "StoreUnavailable",
        `machine ${this.name} is off; npm run cluster -- up makes the cluster anew`,
      );
    return pid;
  }

  #readInit(): ProcessIdentity | undefined {
    const file = join(this.directory, PID_FILE);
    const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
    // After a crash the number may belong to someone else by now; only what is in our cgroup is ours.
    return pid > 0 && this.#cgroup.processes().includes(pid) ? identifyProcess(pid) : undefined;
  }

  async #untilComplete(hasEnded: () => boolean, signal?: AbortSignal): Promise<void> {
    const deadlineMs = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      this.#init = this.#readInit();
      if (this.#init !== undefined && programName(this.#init.pid) === INIT_PROGRAM) return;
      signal?.throwIfAborted();
      if (hasEnded() || Date.now() > deadlineMs) throw this.#startFailure();
      await sleep(POLL_MS);
    }
  }

  #startFailure(): NiphasError {
    const log = readFileSync(join(this.logDirectory, "init.log"), "utf8").slice(-LOG_TAIL_CHARACTERS);
    return new NiphasError("CommandFailed", `machine ${this.name} did not start: ${log}`);
  }
}
