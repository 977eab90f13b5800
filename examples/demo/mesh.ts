import { type ChildProcess, spawn } from "node:child_process";
import { type StorePath, storePathHash } from "@niphas/core";
import type { StatusReport, WhyReport } from "@niphas/mesh";
import { freePort, killGroup, LogCapture, runCommand, waitUntil } from "@niphas/testing";

export interface MeshDaemonInit {
  /** The file of the command `niphas`. */
  readonly niphas: string;
  readonly stateDir: string;
  /** Its node's, which the node plugin fills. */
  readonly storeDir: string;
  readonly upstream: string;
  readonly publicKey: string;
  /** Ends what is asked, and refuses to start anything. */
  readonly signal: AbortSignal;
}

/** `niphas mesh` as a process of its own, on the loopback interface. */
export class MeshDaemon implements AsyncDisposable {
  readonly peerId: string;
  /** Where other members reach it. */
  readonly address: string;
  readonly #init: MeshDaemonInit;
  readonly #substituter: string;
  readonly #logs = new LogCapture();
  #child: ChildProcess | undefined;

  private constructor(init: MeshDaemonInit, place: { peerId: string; address: string; substituter: string }) {
    this.#init = init;
    this.peerId = place.peerId;
    this.address = place.address;
    this.#substituter = place.substituter;
  }

  /** Makes its key and chooses its ports. */
  static async create(init: MeshDaemonInit): Promise<MeshDaemon> {
    const peerId = (await run(init, ["mesh", "id", "--state-dir", init.stateDir])).trim();
    const [address, substituter] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    return new MeshDaemon(init, { peerId, address, substituter });
  }

  /** For the node plugin's `--mesh`. */
  get url(): string {
    return `http://${this.#substituter}`;
  }

  /** Returns when it serves, which it does once there is a store. */
  async start(members: readonly MeshDaemon[]): Promise<void> {
    const { niphas, stateDir, storeDir, upstream, publicKey, signal } = this.#init;
    signal.throwIfAborted();
    const list = members.map(({ peerId, address }) => `${peerId}@${address}`).join(",");
    const places = [`--listen=${this.address}`, `--substituter=${this.#substituter}`, "--metrics-listen=off"];
    const dirs = [`--store=${storeDir}`, `--state-dir=${stateDir}`];
    const caches = [`--upstream=${upstream}`, `--trusted-public-key=${publicKey}`, "--no-default-key"];
    const args = [niphas, "mesh", ...places, ...dirs, ...caches, `--members=static:${list}`];
    const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    this.#logs.read(child.stderr);
    await waitUntil("niphas mesh to serve", () => {
      if (!this.#isRunning) throw new Error(`niphas mesh ended: ${this.#logs.tail(3)}`);
      return this.#logs.records.some(({ msg }) => msg === "serving");
    });
  }

  async status(): Promise<StatusReport> {
    return this.#ask("/status");
  }

  async why(path: StorePath): Promise<WhyReport> {
    return this.#ask(`/why/${storePathHash(path)}`);
  }

  /** What `niphas mesh why` prints. */
  async explain(path: StorePath): Promise<string> {
    return run(this.#init, ["mesh", "why", path, "--substituter", this.#substituter]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    killGroup(child, "SIGTERM");
    await waitUntil("niphas mesh to end", () => !this.#isRunning).finally(() => killGroup(child, "SIGKILL"));
  }

  get #isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async #ask<T>(path: string): Promise<T> {
    return JSON.parse(await (await fetch(`${this.url}${path}`)).text());
  }
}

type Runnable = Pick<MeshDaemonInit, "niphas" | "signal">;

async function run({ niphas, signal }: Runnable, args: readonly string[]): Promise<string> {
  return (await runCommand([process.execPath, niphas, ...args], { env: process.env, signal })).stdout;
}
