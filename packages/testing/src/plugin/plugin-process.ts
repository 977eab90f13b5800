import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CsiClient, isReady } from "../csi/csi-client.ts";
import { LogCapture } from "../processes/log-capture.ts";
import { killGroup } from "../processes/run-command.ts";
import { waitUntil } from "../processes/wait-until.ts";
import { testBundle } from "../program/bundle.ts";

export interface PluginInit {
  /** Holds `state/` and `kubelet/`; belongs to the caller and outlives the process. */
  readonly baseDir: string;
  /** @default `<baseDir>/state` */
  readonly stateDir?: string;
  /** @default `<baseDir>/kubelet` */
  readonly kubeletDir?: string;
  /** @default an address that refuses connections: a test never reaches the internet */
  readonly substituters?: readonly string[];
  readonly trustedPublicKeys?: readonly string[];
  /** More flags without their dashes; a list repeats the flag. They win over the defaults. */
  readonly flags?: Readonly<Record<string, string | readonly string[]>>;
  readonly env?: Readonly<Record<string, string>>;
  /** The program for Node.js and its first arguments. @default the test run's bundle; without one packages/csi from source */
  readonly entry?: readonly string[];
  /** Put before `node …`: `["strace", …]`, `["unshare", …]`. */
  readonly wrapper?: readonly string[];
}

export interface PluginExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const SOURCE_ENTRY = fileURLToPath(new URL("../../../csi/src/bin.ts", import.meta.url));
const NOBODY_LISTENS = "http://127.0.0.1:9";
const READY_TIMEOUT_MS = 60_000;

/** The real plugin as a process of its own, in directories of the test. */
export class PluginProcess implements AsyncDisposable {
  readonly stateDir: string;
  readonly kubeletDir: string;
  readonly registrationDir: string;
  /** Path of the CSI socket. */
  readonly socketPath: string;
  /** Logs of all starts, oldest first. */
  readonly logs = new LogCapture();
  readonly #init: PluginInit;
  #child: ChildProcess | undefined;
  #exit: Promise<PluginExit> | undefined;
  #client: CsiClient;
  #recordsBeforeStart = 0;

  private constructor(init: PluginInit) {
    this.#init = init;
    this.stateDir = init.stateDir ?? join(init.baseDir, "state");
    this.kubeletDir = init.kubeletDir ?? join(init.baseDir, "kubelet");
    this.registrationDir = join(this.kubeletDir, "plugins_registry");
    this.socketPath = join(this.kubeletDir, "plugins/csi.niphas.io/csi.sock");
    this.#client = new CsiClient(this.socketPath);
  }

  /** Makes the directories and, unless the caller says otherwise, starts the plugin and waits until it is ready. */
  static async create(init: PluginInit, options: { readonly start?: boolean } = {}): Promise<PluginProcess> {
    const plugin = new PluginProcess(init);
    mkdirSync(plugin.registrationDir, { recursive: true });
    mkdirSync(join(plugin.kubeletDir, "plugins/csi.niphas.io"), { recursive: true });
    mkdirSync(join(plugin.kubeletDir, "pods"), { recursive: true });
    if (options.start !== false) await plugin.start();
    return plugin;
  }

  get client(): CsiClient {
    return this.#client;
  }

  /** Base URL of /livez, /readyz and /metrics of the newest start: each takes a free port, which its log names. */
  get healthUrl(): string {
    const address = this.#servingAddress();
    if (address === undefined) throw new Error(`the plugin has not said where it serves\n${this.logs.tail()}`);
    return `http://${address}`;
  }

  /** Of the plugin or its wrapper. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("the plugin does not run");
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the process; returns when Probe says ready. */
  async start(options: { readonly wrapper?: readonly string[] } = {}): Promise<void> {
    this.spawn(options);
    await this.waitUntilReady();
  }

  /** Starts the process without waiting for anything. */
  spawn(options: { readonly wrapper?: readonly string[] } = {}): void {
    if (this.isRunning) throw new Error("the plugin runs already");
    const wrapper = options.wrapper ?? this.#init.wrapper ?? [];
    const entry = this.#init.entry ?? defaultEntry();
    const [program = "", ...args] = [...wrapper, process.execPath, ...entry, ...this.#flags()];
    const env = { ...process.env, ...this.#init.env };
    this.#recordsBeforeStart = this.logs.records.length;
    const child = spawn(program, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.logs.read(child.stdout);
    this.logs.read(child.stderr);
    this.#child = child;
    this.#exit = exitOf(child);
  }

  async waitUntilReady(timeoutMs = READY_TIMEOUT_MS): Promise<void> {
    await this.#replaceClient();
    await waitUntil(
      `the plugin to be ready\n${this.logs.tail()}`,
      async () => {
        if (!this.isRunning) throw new Error(`the plugin ended before it was ready\n${this.logs.tail()}`);
        return this.#servingAddress() !== undefined && isReady(await this.#client.probe({ deadlineMs: 1000 }));
      },
      { timeoutMs },
    );
  }

  /** Waits for the process to end by itself; all that it has logged is there then. */
  async exited(): Promise<PluginExit> {
    if (this.#exit === undefined) throw new Error("the plugin was never started");
    return this.#exit;
  }

  /** Signals the plugin and waits until it is gone. SIGKILL leaves its children alone, as a crash does. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<PluginExit> {
    if (this.isRunning) process.kill(this.pid, signal);
    return this.exited();
  }

  /** Ends the process with `signal` and starts it again on the same directories. */
  async restart(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.kill(signal);
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    if (this.#child === undefined) return;
    killGroup(this.#child, "SIGKILL");
    await this.exited();
  }

  async #replaceClient(): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    this.#client = new CsiClient(this.socketPath);
  }

  #servingAddress(): unknown {
    return this.logs.records.slice(this.#recordsBeforeStart).find((record) => record.msg === "serving")?.["health"];
  }

  #flags(): readonly string[] {
    const flags: Record<string, string | readonly string[]> = {
      endpoint: `unix://${this.socketPath}`,
      "registration-dir": this.registrationDir,
      "node-id": "test-node",
      "state-dir": this.stateDir,
      "kubelet-dir": this.kubeletDir,
      "metrics-listen": "127.0.0.1:0",
      // How full the machine's disk is must not decide what is collected.
      "gc-free-bytes": "0%",
      "gc-free-inodes": "0%",
      substituter: this.#init.substituters ?? [NOBODY_LISTENS],
      "trusted-public-key": this.#init.trustedPublicKeys ?? [],
      "log-level": "debug",
      ...this.#init.flags,
    };
    return Object.entries(flags).flatMap(([name, value]) => [value].flat().map((each) => `--${name}=${each}`));
  }
}

function defaultEntry(): readonly string[] {
  const bundle = testBundle();
  return bundle === undefined ? [SOURCE_ENTRY] : [bundle, "csi"];
}

async function exitOf(child: ChildProcess): Promise<PluginExit> {
  const { promise, resolve } = Promise.withResolvers<PluginExit>();
  child.once("error", () => resolve({ code: null, signal: null }));
  child.once("close", (code, signal) => resolve({ code, signal }));
  return promise;
}
