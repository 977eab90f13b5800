import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { StatusReport, WhyReport } from "@niphas/mesh";
import { killGroup, LogCapture, testBundle, waitUntil } from "@niphas/testing";

export interface MeshDaemonInit {
  readonly stateDir: string;
  readonly storeRootDir: string;
  /** Names everybody, this daemon too. */
  readonly members: string;
  readonly listenPort: number;
  readonly upstreams: readonly string[];
  readonly trustedPublicKey: string;
  /** Put before `node …`: `["setpriv", …]`. */
  readonly wrapper?: readonly string[];
  /** More flags without their dashes; they win over the defaults. */
  readonly flags?: Readonly<Record<string, string>>;
}

export interface DaemonExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const SOURCE_ENTRY = fileURLToPath(new URL("../../../packages/cli/src/bin/niphas.js", import.meta.url));

/** The program and its arguments, from the test run's bundle if there is one. */
export function niphasCommand(...args: readonly string[]): readonly string[] {
  return [process.execPath, testBundle() ?? SOURCE_ENTRY, ...args];
}

/** `niphas mesh` as a process of its own, on the loopback interface. */
export class MeshDaemon implements AsyncDisposable {
  /** Logs of all starts, oldest first. */
  readonly logs = new LogCapture();
  readonly init: MeshDaemonInit;
  #child: ChildProcess | undefined;
  #exit: Promise<DaemonExit> | undefined;
  #recordsBeforeStart = 0;

  constructor(init: MeshDaemonInit) {
    this.init = init;
  }

  /** Starts the process and waits until it serves. */
  async start(): Promise<void> {
    this.spawn();
    await waitUntil("the daemon to serve", () => {
      if (!this.isRunning) throw new Error(`the daemon ended before it served\n${this.logs.tail()}`);
      return this.#serving !== undefined;
    });
  }

  /** Starts the process without waiting for anything. */
  spawn(): void {
    const [program = "", ...args] = [...(this.init.wrapper ?? []), ...niphasCommand("mesh", ...this.#flags())];
    this.#recordsBeforeStart = this.logs.records.length;
    const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.logs.read(child.stdout);
    this.logs.read(child.stderr);
    this.#child = child;
    this.#exit = exitOf(child);
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("the daemon does not run");
    return pid;
  }

  /** For Nix. */
  get substituterUrl(): string {
    return `http://${this.#address("substituter")}`;
  }

  /** Base URL of /livez, /readyz and /metrics. */
  get healthUrl(): string {
    return `http://${this.#address("health")}`;
  }

  async status(): Promise<StatusReport> {
    return JSON.parse(await textOf(`${this.substituterUrl}/status`));
  }

  async why(hash: string): Promise<WhyReport> {
    return JSON.parse(await textOf(`${this.substituterUrl}/why/${hash}`));
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  async exited(): Promise<DaemonExit> {
    if (this.#exit === undefined) throw new Error("the daemon was never started");
    return this.#exit;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<DaemonExit> {
    if (this.isRunning) this.signal(signal);
    return this.exited();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child === undefined) return;
    killGroup(this.#child, "SIGKILL");
    await this.exited();
  }

  get #serving() {
    return this.logs.records.slice(this.#recordsBeforeStart).find((record) => record.msg === "serving");
  }

  #address(name: "substituter" | "health"): string {
    const serving = this.#serving;
    if (serving === undefined) throw new Error(`the daemon has not said where it serves\n${this.logs.tail()}`);
    return String(serving[name]);
  }

  #flags(): readonly string[] {
    const { stateDir, storeRootDir, members, listenPort, upstreams, trustedPublicKey } = this.init;
    const flags: Record<string, string | readonly string[]> = {
      listen: `127.0.0.1:${listenPort}`,
      substituter: "127.0.0.1:0",
      "metrics-listen": "127.0.0.1:0",
      store: storeRootDir,
      "state-dir": stateDir,
      members,
      upstream: upstreams,
      "trusted-public-key": trustedPublicKey,
      "log-level": "debug",
      ...this.init.flags,
    };
    return Object.entries(flags).flatMap(([name, value]) => [value].flat().map((each) => `--${name}=${each}`));
  }
}

async function exitOf(child: ChildProcess): Promise<DaemonExit> {
  const { promise, resolve } = Promise.withResolvers<DaemonExit>();
  child.once("error", () => resolve({ code: null, signal: null }));
  child.once("close", (code, signal) => resolve({ code, signal }));
  return promise;
}

async function textOf(url: string): Promise<string> {
  return await (await fetch(url)).text();
}
