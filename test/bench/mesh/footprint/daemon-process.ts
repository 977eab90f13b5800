import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { loadPrivateKey, type Member, parsePeerId, type StatusReport } from "@niphas/mesh";
import type { StoreLocation } from "@niphas/nix";
import { freePort, waitUntil } from "@niphas/testing";

const HOST = "127.0.0.1";
/** What images start, whose first line has Node.js' flags. */
const LAUNCHER = join(import.meta.dirname, "../../../../deploy/niphas");

export interface DaemonInit {
  /** For its state and its log; made here. */
  readonly directory: string;
  readonly bundleFile: string;
  readonly store: StoreLocation;
  readonly signal: AbortSignal;
}

/** `niphas mesh` as images run it, without an upstream that has anything. */
export class DaemonProcess implements AsyncDisposable {
  readonly member: Member;
  readonly #init: DaemonInit;
  readonly #substituterPort: number;
  #child: ChildProcess | undefined;

  private constructor(init: DaemonInit, member: Member, substituterPort: number) {
    this.#init = init;
    this.member = member;
    this.#substituterPort = substituterPort;
  }

  /** Not started: first others must know who it will be. */
  static async prepare(init: DaemonInit): Promise<DaemonProcess> {
    mkdirSync(join(init.directory, "upstream"), { recursive: true });
    const key = await loadPrivateKey(join(init.directory, "state"), init.signal);
    const peerId = parsePeerId(peerIdFromPrivateKey(key).toString());
    const member = { peerId, host: HOST, port: await freePort(), zone: undefined };
    return new DaemonProcess(init, member, await freePort());
  }

  get pid(): number {
    const pid = this.#child?.exitCode === null ? this.#child.pid : undefined;
    if (pid === undefined) throw new Error(`niphas mesh does not run; see ${this.#logFile}`);
    return pid;
  }

  start(peers: readonly Member[]): void {
    const { directory, bundleFile, store } = this.#init;
    const flags = {
      listen: `${HOST}:${this.member.port}`,
      substituter: `${HOST}:${this.#substituterPort}`,
      store: store.rootDir,
      upstream: `file://${join(directory, "upstream")}`,
      members: `static:${peers.map(({ peerId, host, port }) => `${peerId}@${host}:${port}`).join(",")}`,
      "state-dir": join(directory, "state"),
      "metrics-listen": "off",
    };
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    const log = openSync(this.#logFile, "w");
    const argv = [...imageFlags(), bundleFile, "mesh", ...args];
    this.#child = spawn(process.execPath, argv, {
      env: {},
      stdio: ["ignore", log, log],
    });
  }

  /** @throws when it does not come to that */
  async connectedTo(peerCount: number): Promise<StatusReport> {
    return await waitUntil(
      `${peerCount} connected peers`,
      async () => {
        this.#init.signal.throwIfAborted();
        const status = this.pid > 0 ? await this.#status() : undefined;
        const connected = status?.members.filter(({ state }) => state === "connected") ?? [];
        return connected.length === peerCount && status;
      },
      { timeoutMs: 300_000, intervalMs: 1000 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  get #logFile(): string {
    return join(this.#init.directory, "log");
  }

  /** Undefined until it answers. */
  async #status(): Promise<StatusReport | undefined> {
    try {
      const { signal } = this.#init;
      const response = await fetch(`http://${HOST}:${this.#substituterPort}/status`, { signal });
      return response.ok ? JSON.parse(await response.text()) : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Of Node.js, in images. */
function imageFlags(): readonly string[] {
  const [firstLine = ""] = readFileSync(LAUNCHER, "utf8").split("\n");
  return firstLine.split(" ").slice(1);
}
